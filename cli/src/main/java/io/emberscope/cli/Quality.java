package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// The server's account of how many stacks reach their root, and where and why others end; and of
/// the code that has no name.
///
/// @param unit what the values are in
/// @param total sum over everything that was asked about
/// @param complete sum of the stacks that reach their root
/// @param reasons sums of the others
/// @param binaryCount how many binaries stacks end in, of which `binaries` are the first
/// @param unnamed the code that has no name
record Quality(
        String unit,
        long total,
        long complete,
        List<Reason> reasons,
        int binaryCount,
        List<Row> binaries,
        Unnamed unnamed) {
    /// A reason for which stacks end early.
    ///
    /// @param meaning what happened, or empty
    /// @param help what would help, or empty
    record Reason(String reason, long value, String meaning, String help) {}

    /// A binary in which stacks end early; sums as in the server's answer.
    record Row(String binary, long total, long cut, List<Reason> reasons) {}

    private static final int AMOUNT_WIDTH = 8;
    private static final int PERCENT_WIDTH = 7;
    private static final int TEXT_WIDTH_MAX = 100;
    private static final int NAME_WIDTH_MIN = 20;

    static Quality parse(byte[] json) throws QueryFailure {
        return Answers.parse(json, Quality::read);
    }

    private static Quality read(JsonParser json) throws IOException {
        String unit = "";
        long total = 0;
        long complete = 0;
        int count = 0;
        List<Reason> reasons = List.of();
        List<Row> binaries = new ArrayList<>();
        Unnamed unnamed = Unnamed.NONE;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "unit" -> unit = json.getText();
                case "total" -> total = json.getLongValue();
                case "complete" -> complete = json.getLongValue();
                case "reasons" -> reasons = reasons(json);
                case "binaryCount" -> count = json.getIntValue();
                case "binaries" -> {
                    while (json.nextToken() == JsonToken.START_OBJECT) {
                        binaries.add(row(json));
                    }
                }
                case "unnamed" -> unnamed = Unnamed.read(json);
                default -> json.skipChildren();
            }
        }
        return new Quality(unit, total, complete, reasons, count, binaries, unnamed);
    }

    private static List<Reason> reasons(JsonParser json) throws IOException {
        List<Reason> reasons = new ArrayList<>();
        while (json.nextToken() == JsonToken.START_OBJECT) {
            String reason = "";
            long value = 0;
            String meaning = "";
            String help = "";
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = json.currentName();
                json.nextToken();
                switch (field) {
                    case "reason" -> reason = json.getText();
                    case "value" -> value = json.getLongValue();
                    case "meaning" -> meaning = json.getText();
                    case "help" -> help = json.getText();
                    default -> json.skipChildren();
                }
            }
            reasons.add(new Reason(reason, value, meaning, help));
        }
        return reasons;
    }

    private static Row row(JsonParser json) throws IOException {
        String binary = "";
        long total = 0;
        long cut = 0;
        List<Reason> reasons = List.of();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "binary" -> binary = json.getText();
                case "total" -> total = json.getLongValue();
                case "cut" -> cut = json.getLongValue();
                case "reasons" -> reasons = reasons(json);
                default -> json.skipChildren();
            }
        }
        return new Row(binary, total, cut, reasons);
    }

    /// The account as text: the share of whole stacks, the reasons in plain words, the binaries.
    /// Empty if there are no samples, of which no share can be told.
    ///
    /// @param width columns to fit into; names are cut and sentences broken for it
    String table(Colors colors, int width) {
        if (total == 0) {
            return "";
        }
        StringBuilder out = new StringBuilder();
        out.append(colors.bold(Texts.honestPercent(complete, total)));
        out.append(" of ").append(Texts.amount(total, unit));
        out.append(" is in stacks that reach their root\n");
        if (!reasons.isEmpty()) {
            out.append('\n').append(colors.dim(head("", "why"))).append('\n');
            reasons.forEach(reason -> append(out, reason, colors, width));
        }
        if (!binaries.isEmpty()) {
            out.append('\n').append(colors.dim(head("of its", "where"))).append('\n');
            binaries.forEach(row -> append(out, row, colors, width));
        }
        if (binaries.size() < binaryCount) {
            out.append(
                    colors.dim(
                            binaryCount
                                    - binaries.size()
                                    + " more binaries are not shown; see more with --limit"));
            out.append('\n');
        }
        unnamed.append(out, total, unit, colors, width);
        return out.toString();
    }

    private static String head(String share, String what) {
        return Texts.right("cut", AMOUNT_WIDTH)
                + Texts.right("cut%", PERCENT_WIDTH)
                + (share.isEmpty() ? "" : Texts.right(share, PERCENT_WIDTH + 1))
                + "  "
                + what;
    }

    private void append(StringBuilder out, Reason reason, Colors colors, int width) {
        String indent = " ".repeat(AMOUNT_WIDTH + PERCENT_WIDTH + 2);
        int textWidth = Math.max(indent.length() + NAME_WIDTH_MIN, Math.min(width, TEXT_WIDTH_MAX));
        out.append(Texts.right(Texts.amount(reason.value, unit), AMOUNT_WIDTH));
        out.append(Texts.right(Texts.honestPercent(reason.value, total), PERCENT_WIDTH));
        out.append("  ").append(colors.bold(Texts.printable(reason.reason))).append('\n');
        for (String sentence : List.of(reason.meaning, reason.help)) {
            if (!sentence.isEmpty()) {
                String text = Texts.wrapped(Texts.printable(sentence), indent, textWidth);
                out.append(colors.dim(text.stripTrailing())).append('\n');
            }
        }
    }

    private void append(StringBuilder out, Row row, Colors colors, int width) {
        out.append(Texts.right(Texts.amount(row.cut, unit), AMOUNT_WIDTH));
        out.append(Texts.right(Texts.honestPercent(row.cut, total), PERCENT_WIDTH));
        double share = row.total == 0 ? 0 : row.cut / (double) row.total;
        String ofIts = Texts.honestPercent(row.cut, row.total);
        out.append(colors.share(share, Texts.right(ofIts, PERCENT_WIDTH + 1)));
        int left = Math.max(NAME_WIDTH_MIN, width - AMOUNT_WIDTH - 2 * PERCENT_WIDTH - 3);
        String binary = row.binary.isEmpty() ? "(no binary)" : Texts.fileName(row.binary);
        String name = Texts.fit(Texts.printable(binary), left);
        out.append("  ").append(name);
        String why = row.reasons.stream().map(Reason::reason).collect(Collectors.joining(", "));
        int rest = left - name.codePointCount(0, name.length()) - 2;
        if (rest > 1) {
            out.append("  ").append(colors.dim(Texts.fit(Texts.printable(why), rest)));
        }
        out.append('\n');
    }

    /// A line for each binary and reason, as comma-separated values with a header, in the profile's
    /// own unit.
    String csv() {
        StringBuilder out = new StringBuilder("cut_" + unit + ",binary_" + unit);
        out.append(",binary,reason\n");
        for (Row row : binaries) {
            for (Reason reason : row.reasons) {
                out.append(reason.value).append(',').append(row.total).append(',');
                out.append(Texts.quoted(row.binary)).append(',');
                out.append(Texts.quoted(reason.reason)).append('\n');
            }
        }
        return out.toString();
    }
}

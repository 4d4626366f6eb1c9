package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// The server's table of functions.
///
/// @param unit what the values are in
/// @param total sum over everything that was asked about
/// @param functionCount how many functions there are, of which `rows` are the largest
record Top(String unit, long total, int functionCount, List<Row> rows) {
    /// A function; sums as in the server's answer.
    record Row(String name, String binary, String kind, long self, long total) {}

    private static final int AMOUNT_WIDTH = 8;
    private static final int PERCENT_WIDTH = 7;
    private static final int NAME_WIDTH_MIN = 20;

    static Top parse(byte[] json) throws QueryFailure {
        return Answers.parse(json, Top::read);
    }

    private static Top read(JsonParser json) throws IOException {
        String unit = "";
        long total = 0;
        int count = 0;
        List<Row> rows = new ArrayList<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "unit" -> unit = json.getText();
                case "total" -> total = json.getLongValue();
                case "functionCount" -> count = json.getIntValue();
                case "functions" -> {
                    while (json.nextToken() == JsonToken.START_OBJECT) {
                        rows.add(row(json));
                    }
                }
                default -> json.skipChildren();
            }
        }
        return new Top(unit, total, count, rows);
    }

    private static Row row(JsonParser json) throws IOException {
        String name = "";
        String binary = "";
        String kind = "";
        long self = 0;
        long total = 0;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "name" -> name = json.getText();
                case "binary" -> binary = json.getText();
                case "kind" -> kind = json.getText();
                case "self" -> self = json.getLongValue();
                case "total" -> total = json.getLongValue();
                default -> json.skipChildren();
            }
        }
        return new Row(name, binary, kind, self, total);
    }

    /// The table as text.
    ///
    /// @param width columns to fit into; names are cut for it
    String table(Colors colors, int width) {
        StringBuilder out = new StringBuilder();
        int fixed = 2 * (AMOUNT_WIDTH + PERCENT_WIDTH) + 2;
        int names = Math.max(NAME_WIDTH_MIN, width - fixed);
        int binaries = Math.min(longestBinary(), names / 3);
        int functions = names - binaries - 2;
        out.append(colors.bold(Texts.amount(total, unit)));
        out.append(colors.dim(" in all, " + functionCount + " functions"));
        out.append('\n');
        String head =
                Texts.right("self", AMOUNT_WIDTH)
                        + Texts.right("self%", PERCENT_WIDTH)
                        + Texts.right("total", AMOUNT_WIDTH)
                        + Texts.right("total%", PERCENT_WIDTH)
                        + "  function";
        out.append(colors.dim(head)).append('\n');
        for (Row row : rows) {
            out.append(Texts.right(Texts.amount(row.self, unit), AMOUNT_WIDTH));
            out.append(
                    colors.share(
                            share(row.self),
                            Texts.right(Texts.percent(row.self, total), PERCENT_WIDTH)));
            out.append(Texts.right(Texts.amount(row.total, unit), AMOUNT_WIDTH));
            out.append(Texts.right(Texts.percent(row.total, total), PERCENT_WIDTH));
            String name = Texts.fit(Texts.printable(row.name), functions);
            String binary = Texts.fit(Texts.printable(Texts.fileName(row.binary)), binaries);
            out.append("  ").append(colors.function(row.kind, name));
            if (!binary.isEmpty()) {
                out.append("  ").append(colors.dim(binary));
            }
            out.append('\n');
        }
        if (rows.size() < functionCount) {
            out.append(
                    colors.dim(
                            functionCount
                                    - rows.size()
                                    + " more functions are not shown; see more with --limit"));
            out.append('\n');
        }
        return out.toString();
    }

    /// The table as comma-separated values with a header, in the profile's own unit.
    String csv() {
        StringBuilder out = new StringBuilder("self_" + unit + ",total_" + unit);
        out.append(",function,binary,kind\n");
        for (Row row : rows) {
            out.append(row.self).append(',').append(row.total).append(',');
            out.append(Texts.quoted(row.name)).append(',');
            out.append(Texts.quoted(row.binary))
                    .append(',')
                    .append(Texts.quoted(row.kind))
                    .append('\n');
        }
        return out.toString();
    }

    private double share(long value) {
        return total == 0 ? 0 : value / (double) total;
    }

    private int longestBinary() {
        return rows.stream().mapToInt(row -> Texts.fileName(row.binary).length()).max().orElse(0);
    }
}

package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The server's table of the source lines of one function.
///
/// @param unit what the values are in
/// @param total sum over everything that was asked about
/// @param functionSelf sum of what ends in the function
/// @param functionTotal sum of what the function is on
/// @param lineCount how many lines there are, of which `rows` are the costliest
record Lines(
        String unit,
        long total,
        long functionSelf,
        long functionTotal,
        int lineCount,
        List<Row> rows) {
    /// A line; sums as in the server's answer.
    ///
    /// @param file empty if it is not known
    /// @param line 0 if it is not known
    record Row(String file, int line, long self, long total) {}

    private static final int AMOUNT_WIDTH = 8;
    private static final int PERCENT_WIDTH = 7;
    private static final int PLACE_WIDTH_MIN = 20;

    /// As in the source, and what is not known behind it.
    private static final Comparator<Row> SOURCE_ORDER =
            Comparator.comparing((Row row) -> row.file.isEmpty())
                    .thenComparing(Row::file)
                    .thenComparing(row -> row.line == 0)
                    .thenComparingInt(Row::line);

    static Lines parse(byte[] json) throws QueryFailure {
        return Answers.parse(json, Lines::read);
    }

    private static Lines read(JsonParser json) throws IOException {
        String unit = "";
        long total = 0;
        long self = 0;
        long functionTotal = 0;
        int count = 0;
        List<Row> rows = new ArrayList<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "unit" -> unit = json.getText();
                case "total" -> total = json.getLongValue();
                case "functionSelf" -> self = json.getLongValue();
                case "functionTotal" -> functionTotal = json.getLongValue();
                case "lineCount" -> count = json.getIntValue();
                case "lines" -> {
                    while (json.nextToken() == JsonToken.START_OBJECT) {
                        rows.add(row(json));
                    }
                }
                default -> json.skipChildren();
            }
        }
        return new Lines(unit, total, self, functionTotal, count, rows);
    }

    private static Row row(JsonParser json) throws IOException {
        String file = "";
        int line = 0;
        long self = 0;
        long total = 0;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "file" -> file = json.getText();
                case "line" -> line = json.getIntValue();
                case "self" -> self = json.getLongValue();
                case "total" -> total = json.getLongValue();
                default -> json.skipChildren();
            }
        }
        return new Row(file, line, self, total);
    }

    /// Whether any sample has the function.
    boolean isFound() {
        return functionTotal > 0;
    }

    /// The table as text, in the order of the source; empty if no sample has the function.
    ///
    /// @param function its name
    /// @param width columns to fit into; paths lose their beginning for it
    String table(String function, Colors colors, int width) {
        if (!isFound()) {
            return "";
        }
        StringBuilder out = new StringBuilder();
        out.append(colors.bold(Texts.fit(Texts.printable(function), width))).append('\n');
        out.append(Texts.amount(functionSelf, unit)).append(" in itself, ");
        out.append(Texts.amount(functionTotal, unit)).append(" with all it calls, of ");
        out.append(Texts.amount(total, unit)).append('\n');
        String head =
                Texts.right("self", AMOUNT_WIDTH)
                        + Texts.right("self%", PERCENT_WIDTH)
                        + Texts.right("total", AMOUNT_WIDTH)
                        + Texts.right("total%", PERCENT_WIDTH)
                        + "  line";
        out.append(colors.dim(head)).append('\n');
        int places = Math.max(PLACE_WIDTH_MIN, width - head.length() + "line".length());
        for (Row row : rows.stream().sorted(SOURCE_ORDER).toList()) {
            out.append(Texts.right(Texts.amount(row.self, unit), AMOUNT_WIDTH));
            out.append(share(row.self, colors));
            out.append(Texts.right(Texts.amount(row.total, unit), AMOUNT_WIDTH));
            out.append(share(row.total, colors));
            out.append("  ").append(Texts.fitEnd(Texts.printable(place(row)), places));
            out.append('\n');
        }
        if (rows.size() < lineCount) {
            out.append(
                    colors.dim(
                            lineCount
                                    - rows.size()
                                    + " cheaper lines are not shown; see more with --limit"));
            out.append('\n');
        }
        return out.toString();
    }

    private String share(long value, Colors colors) {
        double share = total == 0 ? 0 : value / (double) total;
        return colors.share(share, Texts.right(Texts.percent(value, total), PERCENT_WIDTH));
    }

    private static String place(Row row) {
        if (row.line == 0) {
            return row.file.isEmpty() ? "(not known)" : row.file + ":(not known)";
        }
        return (row.file.isEmpty() ? "(file not known)" : row.file) + ':' + row.line;
    }

    /// The table as comma-separated values with a header, in the profile's own unit, the costliest
    /// line first.
    String csv() {
        StringBuilder out = new StringBuilder("self_" + unit + ",total_" + unit);
        out.append(",file,line\n");
        for (Row row : rows) {
            out.append(row.self).append(',').append(row.total).append(',');
            out.append(Texts.quoted(row.file)).append(',').append(row.line).append('\n');
        }
        return out.toString();
    }
}

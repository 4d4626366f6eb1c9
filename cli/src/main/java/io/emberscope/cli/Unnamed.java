package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// The server's account of the code that has no name.
///
/// @param value sum of the stacks that end in it
/// @param binaryCount how many binaries it is in, of which `binaries` are the first
record Unnamed(long value, int binaryCount, List<Row> binaries) {
    /// Everything has a name.
    static final Unnamed NONE = new Unnamed(0, 0, List.of());

    /// A binary with such code; values as in the server's answer.
    ///
    /// @param addresses how many places that is
    record Row(String binary, String buildId, long value, int addresses) {}

    private static final int AMOUNT_WIDTH = 8;
    private static final int PERCENT_WIDTH = 7;
    private static final int TEXT_WIDTH_MAX = 100;
    private static final int NAME_WIDTH_MIN = 20;
    private static final String ADVICE =
            "Binaries with a build id get names, also in what is stored already: ./emberscope"
                    + " debuginfo upload FILE, where FILE is the binary before it was stripped or"
                    + " its debug file; or start the server with --debuginfod URL.";

    /// Reads one, behind its beginning.
    static Unnamed read(JsonParser json) throws IOException {
        long value = 0;
        int count = 0;
        List<Row> binaries = new ArrayList<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "value" -> value = json.getLongValue();
                case "binaryCount" -> count = json.getIntValue();
                case "binaries" -> {
                    while (json.nextToken() == JsonToken.START_OBJECT) {
                        binaries.add(row(json));
                    }
                }
                default -> json.skipChildren();
            }
        }
        return new Unnamed(value, count, binaries);
    }

    private static Row row(JsonParser json) throws IOException {
        String binary = "";
        String buildId = "";
        long value = 0;
        int addresses = 0;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "binary" -> binary = json.getText();
                case "buildId" -> buildId = json.getText();
                case "value" -> value = json.getLongValue();
                case "addresses" -> addresses = json.getIntValue();
                default -> json.skipChildren();
            }
        }
        return new Row(binary, buildId, value, addresses);
    }

    /// Adds the account as text, with what to do; nothing if everything has a name.
    ///
    /// @param total sum over everything that was asked about
    /// @param width columns to fit into
    void append(StringBuilder out, long total, String unit, Colors colors, int width) {
        if (value == 0) {
            return;
        }
        out.append('\n').append(colors.bold(Texts.honestPercent(value, total)));
        out.append(" is in code without names\n\n");
        String head =
                Texts.right("value", AMOUNT_WIDTH)
                        + Texts.right("value%", PERCENT_WIDTH)
                        + Texts.right("places", PERCENT_WIDTH + 1)
                        + "  where, and its build id";
        out.append(colors.dim(head)).append('\n');
        int left = Math.max(NAME_WIDTH_MIN, width - AMOUNT_WIDTH - 2 * PERCENT_WIDTH - 3);
        for (Row row : binaries) {
            out.append(Texts.right(Texts.amount(row.value, unit), AMOUNT_WIDTH));
            out.append(Texts.right(Texts.honestPercent(row.value, total), PERCENT_WIDTH));
            out.append(Texts.right(Integer.toString(row.addresses), PERCENT_WIDTH + 1));
            String binary = row.binary.isEmpty() ? "(no binary)" : Texts.fileName(row.binary);
            String name = Texts.fit(Texts.printable(binary), left);
            out.append("  ").append(name);
            // A build id is to be copied: it is shown whole, or begins a line of its own.
            String buildId = Texts.printable(row.buildId);
            if (!buildId.isEmpty()) {
                boolean fits = name.codePointCount(0, name.length()) + 2 + buildId.length() <= left;
                out.append(fits ? "  " : '\n' + " ".repeat(AMOUNT_WIDTH + 2 * PERCENT_WIDTH + 3));
                out.append(colors.dim(buildId));
            }
            out.append('\n');
        }
        if (binaries.size() < binaryCount) {
            out.append(
                    colors.dim(
                            binaryCount
                                    - binaries.size()
                                    + " more binaries are not shown; see more with --limit"));
            out.append('\n');
        }
        if (binaries.stream().anyMatch(row -> !row.buildId.isEmpty())) {
            int textWidth = Math.max(2 * NAME_WIDTH_MIN, Math.min(width, TEXT_WIDTH_MAX));
            out.append(colors.dim(Texts.wrapped(ADVICE, "", textWidth).stripTrailing()));
            out.append('\n');
        }
    }
}

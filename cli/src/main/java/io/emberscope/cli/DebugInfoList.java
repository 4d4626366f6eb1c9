package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a server has of debug information, as a table.
final class DebugInfoList {
    private static final int ID_WIDTH = 40;

    private DebugInfoList() {}

    /// One line of the list.
    private static final class Row {
        String buildId = "";
        String state = "";
        String why = "";
        long bytes;
        long functions;
        long rows;
        boolean isShared;
        final List<String> sources = new ArrayList<>();
    }

    static String of(byte[] answer) throws QueryFailure {
        return Answers.parse(answer, DebugInfoList::text);
    }

    private static String text(JsonParser json) throws IOException {
        StringBuilder text = new StringBuilder();
        List<Row> symbols = new ArrayList<>();
        List<Row> missing = new ArrayList<>();
        boolean isAsking = false;
        while (json.nextToken() != JsonToken.END_OBJECT && json.currentToken() != null) {
            String name = String.valueOf(json.currentName());
            if (json.nextToken() == JsonToken.START_ARRAY) {
                List<Row> rows = name.equals("symbols") ? symbols : missing;
                while (json.nextToken() == JsonToken.START_OBJECT) {
                    rows.add(row(json));
                }
            } else if (name.equals("debuginfod")) {
                isAsking = json.getBooleanValue();
            }
        }
        for (Row row : symbols) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%-" + ID_WIDTH + "s %10s %,11d functions %,11d lines  %s, %s%n",
                            Texts.printable(row.buildId),
                            Texts.amount(row.bytes, "bytes"),
                            row.functions,
                            row.rows,
                            String.join("+", row.sources),
                            row.isShared ? "fetched" : "uploaded"));
        }
        for (Row row : missing) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%-" + ID_WIDTH + "s %10s %s%n",
                            Texts.printable(row.buildId),
                            row.state,
                            Texts.printable(row.why)));
        }
        if (symbols.isEmpty() && missing.isEmpty()) {
            text.append("no debug information yet; give some with `debuginfo upload FILE`");
            text.append(
                    isAsking ? "\n" : ",\nor start the server with --debuginfod URL to fetch it\n");
        }
        return text.toString();
    }

    private static Row row(JsonParser json) throws IOException {
        Row row = new Row();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = String.valueOf(json.currentName());
            JsonToken value = json.nextToken();
            switch (name) {
                case "buildId" -> row.buildId = json.getText();
                case "state" -> row.state = json.getText();
                case "why" -> row.why = json.getText();
                case "bytes" -> row.bytes = json.getLongValue();
                case "functions" -> row.functions = json.getLongValue();
                case "rows" -> row.rows = json.getLongValue();
                case "shared" -> row.isShared = json.getBooleanValue();
                case "sources" -> {
                    while (json.nextToken() != JsonToken.END_ARRAY) {
                        row.sources.add(Texts.printable(json.getText()));
                    }
                }
                default -> {
                    if (value == JsonToken.START_ARRAY || value == JsonToken.START_OBJECT) {
                        json.skipChildren();
                    }
                }
            }
        }
        return row;
    }
}

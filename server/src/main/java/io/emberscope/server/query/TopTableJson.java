package io.emberscope.server.query;

import io.emberscope.profile.tree.TopTable;
import java.util.List;
import java.util.Locale;

/// The largest functions of a table in JSON. The sums are exact over everything that was asked
/// about, whatever is searched for or left out.
final class TopTableJson {
    private TopTableJson() {}

    /// @param search part of a name in lower case, or empty for all
    /// @param limit functions at most
    static Answer of(TopTable table, String search, int limit) {
        List<TopTable.Row> found =
                search.isEmpty()
                        ? table.rows()
                        : table.rows().stream().filter(row -> matches(row, search)).toList();
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeStringField("unit", table.type().sampleUnit());
                    json.writeNumberField("total", table.total());
                    json.writeNumberField("functionCount", found.size());
                    json.writeArrayFieldStart("functions");
                    for (TopTable.Row row : found.subList(0, Math.min(limit, found.size()))) {
                        json.writeStartObject();
                        json.writeStringField("name", row.function().name());
                        json.writeStringField("binary", row.function().binary());
                        json.writeStringField("kind", row.function().kind().text());
                        json.writeNumberField("self", row.self());
                        json.writeNumberField("total", row.total());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeEndObject();
                });
    }

    private static boolean matches(TopTable.Row row, String search) {
        return row.function().name().toLowerCase(Locale.ROOT).contains(search);
    }
}

package io.emberscope.server.query;

import io.emberscope.profile.tree.LineTable;

/// The costliest lines of a function in JSON. The sums are exact over everything that was asked
/// about, whatever is left out.
final class LineTableJson {
    private LineTableJson() {}

    /// @param limit lines at most
    static Answer of(LineTable table, int limit) {
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeStringField("unit", table.type().sampleUnit());
                    json.writeNumberField("total", table.total());
                    json.writeNumberField("functionSelf", table.functionSelf());
                    json.writeNumberField("functionTotal", table.functionTotal());
                    json.writeNumberField("lineCount", table.rows().size());
                    json.writeArrayFieldStart("lines");
                    for (LineTable.Row row :
                            table.rows().subList(0, Math.min(limit, table.rows().size()))) {
                        json.writeStartObject();
                        json.writeStringField("file", row.file());
                        json.writeNumberField("line", row.line());
                        json.writeNumberField("self", row.self());
                        json.writeNumberField("total", row.total());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeEndObject();
                });
    }
}

package io.emberscope.server.query;

import com.fasterxml.jackson.core.JsonGenerator;
import io.emberscope.profile.CutReason;
import io.emberscope.profile.tree.StackQuality;
import io.emberscope.profile.tree.StackQuality.Cut;
import io.emberscope.profile.tree.StackQuality.Row;
import io.emberscope.profile.tree.UnnamedCode;
import java.io.IOException;
import java.util.List;

/// The quality of stacks in JSON, and what code has no name. The sums are exact over everything
/// that was asked about, whatever is left out.
final class StackQualityJson {
    private StackQualityJson() {}

    /// Things to write, each a name with its sums.
    ///
    /// @param limit binaries at most
    static long rows(StackQuality quality, UnnamedCode unnamed, int limit) {
        long rows = quality.cuts().size();
        rows += shown(unnamed.binaries(), limit).size();
        for (Row row : shown(quality.binaries(), limit)) {
            rows += 1 + row.cuts().size();
        }
        return rows;
    }

    /// @param limit binaries at most
    static Answer of(StackQuality quality, UnnamedCode unnamed, int limit) {
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeStringField("unit", quality.type().sampleUnit());
                    json.writeNumberField("total", quality.total());
                    json.writeNumberField("complete", quality.complete());
                    json.writeArrayFieldStart("reasons");
                    for (Cut cut : quality.cuts()) {
                        json.writeStartObject();
                        write(json, cut);
                        CutReason known = CutReason.of(cut.reason()).orElse(null);
                        json.writeStringField("meaning", known == null ? "" : known.meaning());
                        json.writeStringField("help", known == null ? "" : known.help());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeNumberField("binaryCount", quality.binaries().size());
                    json.writeArrayFieldStart("binaries");
                    for (Row row : shown(quality.binaries(), limit)) {
                        json.writeStartObject();
                        json.writeStringField("binary", row.binary());
                        json.writeNumberField("total", row.total());
                        json.writeNumberField("cut", row.cut());
                        json.writeArrayFieldStart("reasons");
                        for (Cut cut : row.cuts()) {
                            json.writeStartObject();
                            write(json, cut);
                            json.writeEndObject();
                        }
                        json.writeEndArray();
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeFieldName("unnamed");
                    write(json, unnamed, limit);
                    json.writeEndObject();
                });
    }

    private static <T> List<T> shown(List<T> rows, int limit) {
        return rows.subList(0, Math.min(limit, rows.size()));
    }

    private static void write(JsonGenerator json, UnnamedCode unnamed, int limit)
            throws IOException {
        json.writeStartObject();
        json.writeNumberField("value", unnamed.value());
        json.writeNumberField("binaryCount", unnamed.binaries().size());
        json.writeArrayFieldStart("binaries");
        for (UnnamedCode.Row row : shown(unnamed.binaries(), limit)) {
            json.writeStartObject();
            json.writeStringField("binary", row.binary());
            json.writeStringField("buildId", row.buildId());
            json.writeNumberField("value", row.value());
            json.writeNumberField("addresses", row.addresses());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, Cut cut) throws IOException {
        json.writeStringField("reason", cut.reason());
        json.writeNumberField("value", cut.value());
    }
}

package io.emberscope.server.query;

import com.fasterxml.jackson.core.JsonGenerator;
import io.emberscope.profile.CutReason;
import io.emberscope.profile.tree.StackQuality;
import io.emberscope.profile.tree.StackQuality.Cut;
import io.emberscope.profile.tree.StackQuality.Row;
import java.io.IOException;
import java.util.List;

/// The quality of stacks in JSON. The sums are exact over everything that was asked about, whatever
/// is left out.
final class StackQualityJson {
    private StackQualityJson() {}

    /// Things to write, each a name with its sums.
    ///
    /// @param limit binaries at most
    static long rows(StackQuality quality, int limit) {
        long rows = quality.cuts().size();
        for (Row row : shown(quality, limit)) {
            rows += 1 + row.cuts().size();
        }
        return rows;
    }

    /// @param limit binaries at most
    static Answer of(StackQuality quality, int limit) {
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
                    for (Row row : shown(quality, limit)) {
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
                    json.writeEndObject();
                });
    }

    private static List<Row> shown(StackQuality quality, int limit) {
        return quality.binaries().subList(0, Math.min(limit, quality.binaries().size()));
    }

    private static void write(JsonGenerator json, Cut cut) throws IOException {
        json.writeStringField("reason", cut.reason());
        json.writeNumberField("value", cut.value());
    }
}

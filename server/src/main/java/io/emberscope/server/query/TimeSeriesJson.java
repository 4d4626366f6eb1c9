package io.emberscope.server.query;

import com.fasterxml.jackson.core.JsonGenerator;
import io.emberscope.profile.ProfileType;
import io.emberscope.storage.query.TimeSeries;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;

/// Time series as JSON.
final class TimeSeriesJson {
    private TimeSeriesJson() {}

    /// One series of all.
    static Answer of(TimeSeries series) {
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeStringField("unit", series.type().sampleUnit());
                    json.writeNumberField("stepMillis", series.stepMillis());
                    writePoints(json, series);
                    json.writeEndObject();
                });
    }

    /// One series for each value of a label.
    static Answer of(ProfileType type, Duration step, Map<String, TimeSeries> groups) {
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeStringField("unit", type.sampleUnit());
                    json.writeNumberField("stepMillis", step.toMillis());
                    json.writeArrayFieldStart("groups");
                    for (Map.Entry<String, TimeSeries> group : groups.entrySet()) {
                        json.writeStartObject();
                        json.writeStringField("value", group.getKey());
                        writePoints(json, group.getValue());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    json.writeEndObject();
                });
    }

    private static void writePoints(JsonGenerator json, TimeSeries series) throws IOException {
        json.writeArrayFieldStart("points");
        for (int i = 0; i < series.values().length; i++) {
            json.writeStartArray();
            json.writeNumber(series.millis(i));
            json.writeNumber(series.values()[i]);
            json.writeEndArray();
        }
        json.writeEndArray();
    }
}

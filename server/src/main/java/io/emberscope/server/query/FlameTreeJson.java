package io.emberscope.server.query;

import com.fasterxml.jackson.core.JsonGenerator;
import io.emberscope.profile.tree.FlameTree;
import io.emberscope.profile.tree.Function;
import java.io.IOException;
import java.util.function.IntToLongFunction;

/// A flame graph in JSON: the columns of the binary form, for people and scripts.
final class FlameTreeJson {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private FlameTreeJson() {}

    static Answer of(FlameTree tree) {
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeStringField("type", tree.type().id());
                    json.writeStringField("unit", tree.type().sampleUnit());
                    json.writeNumberField("startMillis", tree.startNanos() / NANOS_PER_MILLI);
                    json.writeNumberField("durationMillis", tree.durationNanos() / NANOS_PER_MILLI);
                    json.writeNumberField("total", tree.total());
                    json.writeNumberField("nodeCount", tree.fullSize());
                    json.writeObjectFieldStart("nodes");
                    column(json, "level", tree, tree::level);
                    column(json, "total", tree, tree::total);
                    column(json, "self", tree, tree::self);
                    column(json, "function", tree, tree::function);
                    column(json, "hidden", tree, tree::hidden);
                    column(json, "file", tree, tree::file);
                    column(json, "line", tree, tree::line);
                    column(json, "lastLine", tree, tree::lastLine);
                    column(json, "inlining", tree, node -> tree.inlining(node).code());
                    json.writeEndObject();
                    json.writeFieldName("files");
                    json.writeArray(tree.files().toArray(String[]::new), 0, tree.files().size());
                    json.writeArrayFieldStart("functions");
                    for (Function function : tree.functions()) {
                        function(json, function);
                    }
                    json.writeEndArray();
                    json.writeEndObject();
                });
    }

    private static void column(
            JsonGenerator json, String name, FlameTree tree, IntToLongFunction value)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (int i = 0; i < tree.size(); i++) {
            json.writeNumber(value.applyAsLong(i));
        }
        json.writeEndArray();
    }

    private static void function(JsonGenerator json, Function function) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", function.name());
        json.writeStringField("binary", function.binary());
        json.writeStringField("kind", function.kind().text());
        json.writeStringField("buildId", function.buildId());
        json.writeEndObject();
    }
}

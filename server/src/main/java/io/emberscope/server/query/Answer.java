package io.emberscope.server.query;

import com.linecorp.armeria.common.MediaType;
import io.emberscope.server.edge.Json;
import org.jspecify.annotations.Nullable;

/// What a query answers with.
///
/// @param type content type
/// @param body the bytes
/// @param fileName the name to save it under, if it is a download
/// @param compressible whether gzip would make it smaller
record Answer(MediaType type, byte[] body, @Nullable String fileName, boolean compressible) {
    static Answer json(Json.Body body) {
        return new Answer(MediaType.JSON_UTF_8, Json.write(body), null, true);
    }

    static Answer binary(MediaType type, byte[] body) {
        return new Answer(type, body, null, true);
    }

    /// A file that is compressed already.
    static Answer download(MediaType type, byte[] body, String fileName) {
        return new Answer(type, body, fileName, false);
    }
}

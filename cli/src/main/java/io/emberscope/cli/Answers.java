package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.emberscope.cli.QueryFailure.Exit;
import java.io.IOException;

/// Reads the server's answers, which are JSON objects.
final class Answers {
    private static final JsonFactory JSON = new JsonFactory();

    /// Reads an object, behind its beginning.
    interface Reading<T> {
        T of(JsonParser json) throws IOException;
    }

    private Answers() {}

    /// @throws QueryFailure if the answer is no such object
    static <T> T parse(byte[] json, Reading<T> reading) throws QueryFailure {
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException(
                        parser.currentToken() + " (expected: " + JsonToken.START_OBJECT + ")");
            }
            return reading.of(parser);
        } catch (IOException e) {
            throw new QueryFailure(
                    Exit.FAILED,
                    "the answer is not one of an Emberscope server's: " + e.getMessage());
        }
    }
}

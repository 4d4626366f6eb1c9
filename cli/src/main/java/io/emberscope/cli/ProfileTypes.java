package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// The server's list of the profile types that it has samples of.
final class ProfileTypes {
    private ProfileTypes() {}

    /// The types in full, with colons.
    static List<String> parse(byte[] json) throws QueryFailure {
        return Answers.parse(json, ProfileTypes::read);
    }

    private static List<String> read(JsonParser json) throws IOException {
        List<String> ids = new ArrayList<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            if (!field.equals("profileTypes")) {
                json.skipChildren();
                continue;
            }
            while (json.nextToken() == JsonToken.START_OBJECT) {
                ids.add(id(json));
            }
        }
        return ids;
    }

    private static String id(JsonParser json) throws IOException {
        String id = "";
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            json.nextToken();
            if (field.equals("id")) {
                id = json.getText();
            } else {
                json.skipChildren();
            }
        }
        return id;
    }
}

package io.emberscope.cli;

import java.nio.charset.StandardCharsets;

/// What a query brought.
///
/// @param bytes what is shown or saved
/// @param note what the reader should know beside it, or empty
record Result(byte[] bytes, String note) {
    static Result text(String text, String note) {
        return new Result(text.getBytes(StandardCharsets.UTF_8), note);
    }
}

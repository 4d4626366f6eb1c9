package io.emberscope.server.symbols;

import java.io.IOException;

/// What went wrong, in words.
final class Texts {
    private Texts() {}

    static String of(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}

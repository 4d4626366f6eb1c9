package io.emberscope.collector.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// A small file that the operator named on the command line: a token, a certificate, a key.
final class OperatorFile {
    private static final int BYTES_MAX = 4 << 20;

    private OperatorFile() {}

    /// The whole text.
    static String read(Path file) throws IOException {
        if (Files.size(file) > BYTES_MAX) {
            throw new IOException(file + ": (expected: at most " + BYTES_MAX + " bytes)");
        }
        return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    }
}

package io.emberscope.symbolizer.debugfiles;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.util.Optional;

/// What a stripped binary says of its debug file: `.gnu_debuglink`.
///
/// @param name of the file, without directories: a stranger's, but harmless in a path
/// @param checksum CRC-32 of the whole file
public record DebugLink(String name, int checksum) {
    private static final String SECTION = ".gnu_debuglink";

    public DebugLink {
        if (!LinkedName.isFileName(name)) {
            throw new IllegalArgumentException(SECTION + ": (expected: the name of a file)");
        }
    }

    /// Reads it; empty if the file has none.
    ///
    /// @throws MalformedInputException if it makes no sense, or names no file in a directory
    public static Optional<DebugLink> of(ElfFile file) throws IOException {
        Optional<ByteCursor> section = LinkSection.read(file, SECTION);
        if (section.isEmpty()) {
            return Optional.empty();
        }
        ByteCursor cursor = section.get();
        String name = cursor.cString(LinkedName.BYTES_MAX, SECTION);
        if (!LinkedName.isFileName(name)) {
            throw LinkedName.refusal(SECTION, "the name of a file, without directories");
        }
        cursor.skip(-cursor.position() & (Integer.BYTES - 1), SECTION);
        return Optional.of(new DebugLink(name, cursor.i32(SECTION)));
    }
}

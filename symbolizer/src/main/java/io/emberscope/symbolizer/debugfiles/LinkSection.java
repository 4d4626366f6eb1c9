package io.emberscope.symbolizer.debugfiles;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.SectionBytes;
import java.io.IOException;
import java.util.Optional;

/// Sections that name other files.
final class LinkSection {
    private static final int BYTES_MAX = 2 * LinkedName.BYTES_MAX;

    private LinkSection() {}

    /// A cursor over the whole section; empty if the file has none.
    static Optional<ByteCursor> read(ElfFile file, String name) throws IOException {
        Optional<Section> section = file.section(name).filter(Section::hasBytes);
        if (section.isEmpty()) {
            return Optional.empty();
        }
        SectionBytes bytes = SectionBytes.of(file, section.get(), name, size -> check(size, name));
        check(bytes.size(), name);
        byte[] all = new byte[(int) bytes.size()];
        bytes.source().fill(bytes.offset(), all, all.length, name);
        return Optional.of(ByteCursor.of(all).order(file.order()));
    }

    private static void check(long size, String name) throws MalformedInputException {
        if (size > BYTES_MAX) {
            throw new MalformedInputException(
                    name + ": " + size + " bytes (expected: at most " + BYTES_MAX + ")");
        }
    }
}

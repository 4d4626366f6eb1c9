package io.emberscope.symbolizer.go;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.dwarf.RecordingSink;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;

/// Reads whatever bytes as a Go program; the sink checks what it is told.
public final class GoFuzzTarget {
    private GoFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        try {
            ElfFile file = ElfFile.open(new ArraySource(bytes));
            GoCode.tell(file, new RecordingSink());
        } catch (MalformedInputException e) {
            if (!String.valueOf(e.getMessage()).contains("(expected: ")) {
                throw new AssertionError("no rule is named", e);
            }
        }
    }
}

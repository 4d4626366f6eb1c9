package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;

/// Reads an unwind table from any bytes, and checks what must be true of any table.
public final class UnwindTableFuzzTarget {
    private static final long MEMORY_BYTES = 4 << 20;
    private static final int WORDS_MAX = BlockWriter.WORDS_MIN;

    private UnwindTableFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        try (BuildMemory memory = Rows.memory(MEMORY_BYTES)) {
            ElfFile file = ElfFile.open(new ArraySource(bytes));
            check(UnwindTable.read(file, memory, WORDS_MAX));
        } catch (MalformedInputException | TableTooLargeException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
        }
    }

    private static void check(UnwindTable read) {
        Rows table = Rows.of(read);
        for (int i = 0; i < table.size(); i++) {
            if (i > 0
                    && (table.offset(i) <= table.offset(i - 1)
                            || table.rule(i) == table.rule(i - 1))) {
                throw new AssertionError("row " + i + ": " + table.offset(i));
            }
            if (table.text(table.rule(i)).isEmpty()) {
                throw new AssertionError("row " + i + ": no text");
            }
        }
        if (table.size() > 0 && table.rule(table.size() - 1) != Rule.NONE) {
            throw new AssertionError("the last row says something");
        }
        long end = 0;
        for (UnwindBlock block : read.blocks()) {
            if (block.start() < end || block.end() <= block.start()) {
                throw new AssertionError("block: " + block.start() + ".." + block.end());
            }
            end = block.end();
            for (int i = 0; i < table.size(); i++) {
                long offset = table.offset(i);
                if (offset >= block.start() && offset < block.end()) {
                    int there = block.ruleAt(offset);
                    int here = table.rule(i);
                    boolean same =
                            ((there & Rule.LONG) == 0 || there <= Rule.END)
                                    ? there == here
                                    : Rule.toString(there, block.longRule(there))
                                            .equals(table.text(here));
                    if (!same) {
                        throw new AssertionError("offset: " + offset);
                    }
                }
            }
        }
    }
}

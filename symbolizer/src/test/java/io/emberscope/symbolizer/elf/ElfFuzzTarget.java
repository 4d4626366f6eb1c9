package io.emberscope.symbolizer.elf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.symbolizer.BinaryKey;
import io.emberscope.symbolizer.SourceOpener;
import io.emberscope.symbolizer.SymbolCache;
import io.emberscope.symbolizer.SymbolFiles;
import java.io.IOException;
import java.nio.file.Path;

/// Reads everything we read of an ELF file, and checks what must be true of any table.
public final class ElfFuzzTarget {
    static final int FUNCTIONS_MAX = 5_000;
    private static final int NAMES_READ = 32;

    private ElfFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        ArraySource source = new ArraySource(bytes);
        try {
            ElfFile file = ElfFile.open(source);
            attempt(file::buildId);
            attempt(file::soname);
            check(FunctionTable.read(file, FUNCTIONS_MAX), source);
        } catch (MalformedInputException | TooManyFunctionsException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
        }
        // The door never throws, and does not take a bad binary for a bad disk.
        Metrics metrics = new Metrics();
        SymbolFiles store =
                new SymbolFiles(
                        Path.of("/symbols"),
                        new FaultyDisk(1),
                        SymbolFiles.Limits.OF_AGENT,
                        metrics,
                        line -> {
                            throw new AssertionError(line);
                        });
        try (SymbolCache cache =
                new SymbolCache(store, SymbolCache.Limits.OF_AGENT, () -> 0, metrics)) {
            BinaryKey key = new BinaryKey.FileIdentity(1, 2, 3, 4);
            cache.find(
                    key,
                    HandmadeElf.TEXT_OFFSET + 20,
                    () -> new SourceOpener.Opened(source, false),
                    true);
        }
    }

    private interface Attempt {
        Object run() throws IOException;
    }

    private static void attempt(Attempt attempt) throws IOException {
        try {
            attempt.run();
        } catch (MalformedInputException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
        }
    }

    private static void check(FunctionTable table, ArraySource source) throws IOException {
        for (int i = 0; i < table.size(); i++) {
            long start = table.startOf(i);
            long end = table.endOf(i);
            if (start >= end
                    || (i > 0 && start < table.endOf(i - 1))
                    || table.indexOf(start) != i
                    || table.indexOf(end - 1) != i) {
                throw new AssertionError("range " + i + ": " + start + ".." + end);
            }
            if (i < NAMES_READ) {
                String name = table.name(i, source);
                if (name.length() > FunctionNames.NAME_BYTES_MAX + 5
                        || name.chars().anyMatch(Character::isISOControl)) {
                    throw new AssertionError("name: " + name);
                }
            }
        }
    }
}

package io.emberscope.symbolizer.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.MalformedInputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/// Reads the text of modules, up to the first zero byte, and of symbols, after it.
public final class KernelSymbolsFuzzTarget {
    private static final Path NOWHERE = Path.of("/nonexistent");
    private static final KernelFiles FILES = new KernelFiles(NOWHERE, NOWHERE, NOWHERE, NOWHERE);
    private static final long[] ADDRESSES = {
        0,
        1,
        -1,
        Long.MIN_VALUE,
        Long.MAX_VALUE,
        0xffffffff81000000L,
        0xffffffff81000123L,
        0xffffffffc0201005L,
        0xffffffffc0500000L
    };

    private KernelSymbolsFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        int zero = 0;
        while (zero < bytes.length && bytes[zero] != 0) {
            zero++;
        }
        byte[] symbols = Arrays.copyOfRange(bytes, Math.min(zero + 1, bytes.length), bytes.length);
        try {
            KernelSymbolsBuilder builder = new KernelSymbolsBuilder(FILES);
            builder.readModules(new ByteArrayInputStream(bytes, 0, zero));
            builder.readSymbols(new ByteArrayInputStream(symbols));
            KernelSymbols read = builder.build();
            for (long address : ADDRESSES) {
                check(read, address);
                check(read, read.textStart() + address);
            }
        } catch (MalformedInputException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
        }
    }

    private static void check(KernelSymbols symbols, long address) {
        KernelFrame frame = symbols.frame(address);
        if (frame.function().isEmpty() && frame.offset() != address) {
            throw new AssertionError("0x" + Long.toHexString(address) + ": " + frame);
        }
    }
}

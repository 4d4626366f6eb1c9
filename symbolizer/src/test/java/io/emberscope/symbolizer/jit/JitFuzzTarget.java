package io.emberscope.symbolizer.jit;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.util.Arrays;

/// Reads whatever bytes as a perf map and as a jitdump file, in two steps as if they had grown.
public final class JitFuzzTarget {
    private static final long BYTES_MAX = 64 * 1024;

    private JitFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        JitMemory memory = new JitMemory(BYTES_MAX);
        ArraySource half = new ArraySource(Arrays.copyOf(bytes, bytes.length / 2));
        ArraySource whole = new ArraySource(bytes);
        try (JitCode code = new JitCode(memory, BYTES_MAX)) {
            PerfMapReader map = new PerfMapReader(code);
            map.read(half);
            map.read(whole);
            check(code, memory);
        }
        try (JitCode code = new JitCode(memory, BYTES_MAX)) {
            JitDumpReader dump = new JitDumpReader(code);
            dump.read(half);
            dump.read(whole);
            check(code, memory);
        } catch (MalformedInputException e) {
            if (!String.valueOf(e.getMessage()).contains("(expected: ")) {
                throw new AssertionError("no rule is named", e);
            }
        }
        if (memory.taken() != 0) {
            throw new AssertionError("memory kept: " + memory.taken());
        }
    }

    private static void check(JitCode code, JitMemory memory) {
        if (memory.taken() != code.bytes() || code.bytes() > BYTES_MAX + 1024) {
            throw new AssertionError("memory: " + code.bytes() + ' ' + memory.taken());
        }
        for (long address = 0; address < 0x4000; address += 0x100) {
            code.find(address, 100);
        }
    }
}

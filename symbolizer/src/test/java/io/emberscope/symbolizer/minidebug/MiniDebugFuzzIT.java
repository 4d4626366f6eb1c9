package io.emberscope.symbolizer.minidebug;

import io.emberscope.base.fuzz.FuzzRun;
import java.util.List;
import org.junit.jupiter.api.Test;

class MiniDebugFuzzIT {
    @Test
    void compressedSymbolsAreReadOrRefusedWhateverTheirBytes() throws Exception {
        byte[] plain = MiniDebugInfoTest.symbols();
        List<byte[]> seeds =
                List.of(
                        plain,
                        MiniDebugInfoTest.xz(plain, 0),
                        MiniDebugInfoTest.xz(plain, 6),
                        MiniDebugInfoTest.xz(new byte[1 << 20], 6));
        FuzzRun.of(MiniDebugFuzzTarget.class, "io.emberscope.symbolizer", 16 * 1024, seeds);
    }
}

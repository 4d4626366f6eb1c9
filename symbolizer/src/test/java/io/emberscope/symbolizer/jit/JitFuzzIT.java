package io.emberscope.symbolizer.jit;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class JitFuzzIT {
    @Test
    void mapsAndDumpsAreReadOrRefusedWhateverTheirBytes() throws Exception {
        List<byte[]> seeds =
                List.of(
                        "100 10 a\n108 10 b c\n0x0 fFf d\n".getBytes(StandardCharsets.US_ASCII),
                        HandmadeJitDump.usual(ByteOrder.LITTLE_ENDIAN, 0),
                        HandmadeJitDump.usual(ByteOrder.BIG_ENDIAN, 1));
        FuzzRun.of(JitFuzzTarget.class, "io.emberscope.symbolizer", 4096, seeds);
    }
}

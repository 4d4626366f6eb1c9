package io.emberscope.symbolizer.go;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GoFuzzIT {
    @Test
    void programsAreReadOrRefusedWhateverTheirBytes() throws Exception {
        List<byte[]> seeds = new ArrayList<>();
        GoCodeTest.kinds().forEach(kind -> seeds.add(kind.bytes()));
        for (int magic : new int[] {0xffff_fffb, 0xffff_fffa}) {
            seeds.add(HandmadeGoProgram.usual(magic, true, ByteOrder.LITTLE_ENDIAN).bytes());
        }
        FuzzRun.of(GoFuzzTarget.class, "io.emberscope.symbolizer", 16 * 1024, seeds);
    }
}

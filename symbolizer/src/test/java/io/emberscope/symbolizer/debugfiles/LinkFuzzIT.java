package io.emberscope.symbolizer.debugfiles;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class LinkFuzzIT {
    @Test
    void linksAreReadOrRefusedAndLeadNowhereElse() throws Exception {
        List<byte[]> seeds =
                List.of(
                        DebugLinkTest.link(ByteOrder.LITTLE_ENDIAN, "tool.debug"),
                        DebugLinkTest.link(ByteOrder.LITTLE_ENDIAN, ".."),
                        "../../.dwz/x\0id".getBytes(StandardCharsets.US_ASCII),
                        "/usr/lib/debug/.dwz/../x\0id".getBytes(StandardCharsets.US_ASCII),
                        "\5\0\0common\0\3abc".getBytes(StandardCharsets.US_ASCII));
        FuzzRun.of(LinkFuzzTarget.class, "io.emberscope.symbolizer", 512, seeds);
    }
}

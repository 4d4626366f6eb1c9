package io.emberscope.symbolizer.kernel;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelSymbolsFuzzIT {
    private static final String SEED =
            """
            mod_a 16384 1 mod_b, Live 0xffffffffc0200000 (OE)
            \0ffffffff81000000 T _stext
            ffffffff81000000 T _text
            ffffffff81000100 t __pfx_do_idle
            ffffffff81000110 t do_idle
            ffffffff81000200 W weak_one
            ffffffff81000380 D some_data
            ffffffff81000400 T _etext
            ffffffffc0201000 t first\t[mod_a]
            ffffffffc0500000 t bpf_prog_6deef7357e7b4530_sd\t[bpf]
            """;

    @Test
    void symbolsAreReadOrRefusedWhateverTheText() throws Exception {
        FuzzRun.of(
                KernelSymbolsFuzzTarget.class,
                "io.emberscope.symbolizer.kernel",
                16 * 1024,
                List.of(SEED.getBytes(StandardCharsets.UTF_8)));
    }
}

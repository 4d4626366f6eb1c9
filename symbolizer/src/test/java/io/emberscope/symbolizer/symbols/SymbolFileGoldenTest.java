package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/// What a released version wrote is read for ever: `golden/symbols-2.hex` is a file of version 2.
///
/// `-Dgolden.update=true` writes it anew; that is right only before a version is released.
class SymbolFileGoldenTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/symbols-2.hex");
    private static final int LINE = 96;

    @Test
    void aFileOfVersionTwoIsRead() throws Exception {
        if (Boolean.getBoolean("golden.update")) {
            update();
        }
        byte[] bytes = HexFormat.of().parseHex(String.join("", Files.readAllLines(GOLDEN)));
        try (SymbolFile file = CodeModel.open(bytes)) {
            assertThat(CodeModel.describe(file, new long[] {0x1000, 0x100f, 0x1041, 0x1050}))
                    .isEqualTo(
                            """
                            1000[CodeFrame[function=main_by_symbol, file=/src/foo.cc, line=5]]
                            100f[CodeFrame[function=_ZN3foo3bazEv, file=/src/foo.h, line=30], \
                            CodeFrame[function=_ZN3foo3barEv, file=/src/foo.h, line=20], \
                            CodeFrame[function=main_by_symbol, file=/src/foo.cc, line=7]]
                            1041[CodeFrame[function=null, file=/src/foo.cc, line=3]]
                            1050[CodeFrame[function=only_a_symbol, file=null, line=0]]
                            main_by_symbol1000-1014
                            main1014-1020
                            other1020-1030
                            only_a_symbol1050-1060
                            [Range[offset=512, size=96, address=4096]]\
                            00112233445566778899aabbccddeeff00112233[SYMBOLS, DEBUG_INFO]2 6 4 6 3\
                            """);
        }
    }

    @Test
    void theSameIsWrittenStill() throws Exception {
        try (CodeModel model = CodeModel.small()) {
            assertThat(HexFormat.of().formatHex(model.finish()))
                    .isEqualTo(String.join("", Files.readAllLines(GOLDEN)));
        }
    }

    private static void update() throws Exception {
        StringBuilder text = new StringBuilder();
        try (CodeModel model = CodeModel.small()) {
            String hex = HexFormat.of().formatHex(model.finish());
            for (int i = 0; i < hex.length(); i += LINE) {
                text.append(hex, i, Math.min(hex.length(), i + LINE)).append('\n');
            }
        }
        Files.createDirectories(GOLDEN.getParent());
        Files.writeString(GOLDEN, text);
    }
}

package io.emberscope.symbolizer.symbols;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SymbolFileFuzzIT {
    @Test
    void filesAreReadOrRefusedWhateverTheBytes() throws Exception {
        byte[] small;
        try (CodeModel model = CodeModel.small()) {
            small = model.finish();
        }
        byte[] large; // with an index
        try (CodeModel model = new CodeModel()) {
            for (int i = 0; i < 300; i++) {
                byte[] name = ("function" + i).getBytes(StandardCharsets.US_ASCII);
                int text = model.writer.text(name, 0, name.length);
                int node = model.writer.node(CodeSink.NONE, text, CodeSink.NONE, 0);
                model.writer.row(0x1000L + i, 0x1001L + i, node, text, i);
            }
            model.symbol(0x1020, 0x1040, "symbol");
            large = model.finish();
        }
        FuzzRun.of(
                SymbolFileFuzzTarget.class,
                "io.emberscope.symbolizer.symbols",
                16 * 1024,
                List.of(small, large));
    }
}

package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.symbolizer.symbols.SymbolFile.CodeFrame;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SymbolFileTest {
    private static final int NONE = CodeSink.NONE;

    @Test
    void inlinedFunctionsComeInnermostFirstWithTheirCalls() throws Exception {
        try (CodeModel model = CodeModel.small();
                SymbolFile file = CodeModel.open(model.finish())) {
            assertThat(file.find(0x100f))
                    .containsExactly(
                            new CodeFrame("_ZN3foo3bazEv", "/src/foo.h", 30),
                            new CodeFrame("_ZN3foo3barEv", "/src/foo.h", 20),
                            new CodeFrame("main_by_symbol", "/src/foo.cc", 7));
        }
    }

    @Test
    void symbolsNameTheOutermostFunctionAndWhatNobodyDescribes() throws Exception {
        try (CodeModel model = CodeModel.small();
                SymbolFile file = CodeModel.open(model.finish())) {
            assertThat(file.find(0x1013))
                    .containsExactly(
                            new CodeFrame("_ZN3foo3barEv", "/src/foo.h", 21),
                            new CodeFrame("main_by_symbol", "/src/foo.cc", 7));
            assertThat(file.find(0x1014))
                    .as("the symbol ends inside a row")
                    .containsExactly(
                            new CodeFrame("_ZN3foo3barEv", "/src/foo.h", 21),
                            new CodeFrame("main", "/src/foo.cc", 7));
            assertThat(file.find(0x1050)).containsExactly(new CodeFrame("only_a_symbol", null, 0));
            assertThat(file.find(0x1040)).containsExactly(new CodeFrame(null, "/src/foo.cc", 3));
            assertThat(file.find(0x1060)).isEmpty();
        }
    }

    @Test
    void ofUnitsThatOverlapTheFirstIsRight() throws Exception {
        try (CodeModel model = CodeModel.small();
                SymbolFile file = CodeModel.open(model.finish())) {
            assertThat(file.find(0x101f)).containsExactly(new CodeFrame("main", "/src/foo.cc", 9));
            assertThat(file.find(0x1020)).containsExactly(new CodeFrame("other", "/src/bar.cc", 1));
        }
    }

    @Test
    void itSaysWhatItHoldsAndIsMadeFrom() throws Exception {
        try (CodeModel model = CodeModel.small()) {
            byte[] bytes = model.finish();
            try (SymbolFile file = CodeModel.open(bytes)) {
                assertThat(file.buildId()).isEqualTo(CodeModel.BUILD_ID);
                assertThat(file.sources())
                        .containsExactlyInAnyOrder(SymbolSource.SYMBOLS, SymbolSource.DEBUG_INFO);
                assertThat(file.bytes()).isEqualTo(bytes.length);
                assertThat(file.rows()).isEqualTo(6);
                assertThat(file.nodes()).isEqualTo(4);
                assertThat(file.symbols()).isEqualTo(2);
                assertThat(file.functions()).isEqualTo(6);
                assertThat(file.files()).isEqualTo(3);
            }
        }
    }

    @Test
    void functionsAreToldInOrderSymbolsFirst() throws Exception {
        List<String> functions = new ArrayList<>();
        try (CodeModel model = CodeModel.small();
                SymbolFile file = CodeModel.open(model.finish())) {
            file.forEachFunction(
                    (name, start, end) ->
                            functions.add(
                                    String.format(Locale.ROOT, "%s %x-%x", name, start, end)));
        }
        assertThat(functions)
                .containsExactly(
                        "main_by_symbol 1000-1014",
                        "main 1014-1020",
                        "other 1020-1030",
                        "only_a_symbol 1050-1060");
    }

    @Test
    void anEmptyFileKnowsNothing() throws Exception {
        FaultyDisk disk = new FaultyDisk(1);
        disk.createDirectories(Path.of("/store"));
        try (SymbolFileWriter writer =
                new SymbolFileWriter(disk, CodeModel.TARGET, "", SymbolLimits.OF_AGENT)) {
            writer.finish();
        }
        byte[] bytes = disk.read(CodeModel.TARGET, 1 << 20);
        assertThat(bytes).hasSize(Layout.HEAD_BYTES + Layout.FOOT_BYTES);
        try (SymbolFile file = CodeModel.open(bytes)) {
            assertThat(file.find(0)).isEmpty();
            assertThat(file.find(-1)).isEmpty();
            assertThat(file.buildId()).isEmpty();
            assertThat(file.sources()).isEmpty();
            List<String> functions = new ArrayList<>();
            file.forEachFunction((name, _, _) -> functions.add(name));
            assertThat(functions).isEmpty();
        }
    }

    @Test
    void textsAreKnownAgainCutAndMadeLegible() throws Exception {
        String longName = "é".repeat(3000);
        try (CodeModel model = new CodeModel()) {
            int function = model.text("f\u0007\u202e");
            assertThat(model.text("f\u0007\u202e")).isEqualTo(function);
            model.row(0, 16, model.node(NONE, function, NONE, 0), model.text(longName), 1);
            model.endUnit();
            try (SymbolFile file = CodeModel.open(model.finish())) {
                CodeFrame frame = file.find(3).getFirst();
                assertThat(frame.function()).isEqualTo("f\ufffd\ufffd");
                assertThat(frame.file()).isEqualTo("é".repeat(2046) + "…");
            }
        }
    }

    @Test
    void rowsThatSayTheSameBecomeOne() throws Exception {
        try (CodeModel model = new CodeModel()) {
            int file = model.text("a.c");
            model.row(0x20, 0x30, NONE, file, 1);
            model.row(0x10, 0x20, NONE, file, 1);
            model.row(0x30, 0x40, NONE, file, 2);
            model.row(0x50, 0x60, NONE, file, 2);
            model.row(0x60, 0x60, NONE, file, 7);
            model.row(0x60, 0x70, NONE, NONE, 0);
            model.endUnit();
            try (SymbolFile opened = CodeModel.open(model.finish())) {
                assertThat(opened.rows()).isEqualTo(3);
                assertThat(opened.find(0x60)).isEmpty();
            }
        }
    }

    @Test
    void whatCannotBeIsRefused() throws Exception {
        try (CodeModel model = new CodeModel()) {
            assertThatThrownBy(() -> model.writer.row(16, 8, NONE, NONE, 1))
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessage("range: ends at 0x8 (expected: after its start, 0x10)");
            assertThatThrownBy(() -> model.writer.row(0, 8, NONE, NONE, -1))
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessage("line: 4294967295 (expected: below 2^31)");
            assertThatThrownBy(() -> model.writer.row(0, 8, 0, NONE, 1))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            int node = model.node(NONE, NONE, NONE, 0);
            model.endUnit();
            assertThatThrownBy(() -> model.writer.node(node, NONE, NONE, 0))
                    .as("a parent of another unit")
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void tooMuchIsRefusedByName() throws Exception {
        SymbolLimits few = new SymbolLimits(2, 20, 2, 2, 1);
        FaultyDisk disk = new FaultyDisk(1);
        byte[] name = "0123456789".getBytes(StandardCharsets.US_ASCII);
        try (SymbolFileWriter writer = new SymbolFileWriter(disk, CodeModel.TARGET, "", few)) {
            writer.text(name, 0, 5);
            assertTooMuch(() -> writer.text(name, 0, 10), "bytes of texts", 20);
            writer.text(name, 0, 3);
            assertTooMuch(() -> writer.text(name, 0, 2), "texts", 2);
            writer.node(NONE, 0, NONE, 0);
            writer.node(NONE, 0, NONE, 0);
            assertTooMuch(() -> writer.node(NONE, 0, NONE, 0), "nodes", 2);
        }
        try (SymbolFileWriter writer = new SymbolFileWriter(disk, CodeModel.TARGET, "", few)) {
            writer.symbol(0, 1, name, 0, 1);
            assertTooMuch(() -> writer.symbol(1, 2, name, 0, 1), "symbols", 1);
            writer.row(0, 1, NONE, NONE, 1);
            writer.row(0, 1, NONE, NONE, 1);
            assertTooMuch(() -> writer.row(0, 1, NONE, NONE, 1), "rows", 2);
        }
        try (CodeModel model = new CodeModel()) {
            int node = NONE;
            for (int i = 0; i < Layout.DEPTH_MAX; i++) {
                node = model.node(node, NONE, NONE, 0);
            }
            int deepest = node;
            assertTooMuch(
                    () -> model.writer.node(deepest, NONE, NONE, 0),
                    "functions inlined into one another",
                    255);
            model.row(0, 1, deepest, NONE, 0);
            assertThat(CodeModel.open(model.finish()).find(0)).hasSize(255);
        }
        try (CodeModel model = new CodeModel()) {
            for (int i = 0; i <= Overlaps.OPEN_MAX; i++) {
                model.row(i, 1_000_000 + i, NONE, NONE, i + 1);
                model.endUnit();
            }
            assertTooMuch(model::finish, "overlapping rows", 4096);
        }
    }

    private interface Telling {
        void tell() throws IOException;
    }

    private static void assertTooMuch(Telling telling, String what, int max) {
        assertThatThrownBy(telling::tell)
                .isInstanceOf(SymbolsTooLargeException.class)
                .hasMessage(what + ": more (expected: at most " + max + ")");
    }

    @Test
    void manyThreadsFindTheSameInLittleMemory() throws Exception {
        int functions = 20_000;
        byte[] bytes;
        try (CodeModel model = new CodeModel()) {
            for (int i = 0; i < functions; i++) {
                model.writer.symbol(16L * i, 16L * i + 8, name(i), 0, name(i).length);
            }
            bytes = model.finish();
        }
        SymbolMemory memory = new SymbolMemory(64 << 10);
        try (SymbolFile file = SymbolFile.open(new ArraySource(bytes), "a", memory);
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<Integer>> results = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                int first = thread;
                results.add(
                        threads.submit(
                                () -> {
                                    Place place = new Place();
                                    int right = 0;
                                    for (int i = first; i < functions; i++) {
                                        int at = i * 7919 % functions;
                                        file.find(16L * at + 7, place);
                                        String expected =
                                                new String(name(at), StandardCharsets.US_ASCII);
                                        right += expected.equals(place.function(0)) ? 1 : 0;
                                        right += file.find(16L * at + 8, place) ? 0 : 1;
                                    }
                                    return right;
                                }));
            }
            for (int thread = 0; thread < 4; thread++) {
                assertThat(results.get(thread).get()).isEqualTo(2 * (functions - thread));
            }
            assertThat(memory.bytes()).isBetween(1L, 64L << 10);
        }
    }

    private static byte[] name(int number) {
        return ("function_" + number).getBytes(StandardCharsets.US_ASCII);
    }
}

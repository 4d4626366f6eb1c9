package io.emberscope.symbolizer.go;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.dwarf.RecordingSink;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.HandmadeElf;
import io.emberscope.symbolizer.elf.SectionView;
import io.emberscope.symbolizer.elf.TooManyFunctionsException;
import io.emberscope.symbolizer.go.HandmadeGoProgram.Function;
import io.emberscope.symbolizer.go.HandmadeGoProgram.Inlined;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolFileWriter;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoCodeTest {
    private static final int GO_1_2 = 0xffff_fffb;
    private static final int GO_1_16 = 0xffff_fffa;
    private static final int GO_1_18 = 0xffff_fff0;
    private static final int GO_1_20 = 0xffff_fff1;

    @TempDir Path directory;

    private static HandmadeGoProgram usual() {
        return HandmadeGoProgram.usual(GO_1_20, true, ByteOrder.LITTLE_ENDIAN);
    }

    /// One of each form, width and order.
    static Stream<HandmadeGoProgram> kinds() {
        return Stream.of(GO_1_18, GO_1_20)
                .flatMap(
                        magic ->
                                Stream.of(
                                        HandmadeGoProgram.usual(
                                                magic, true, ByteOrder.LITTLE_ENDIAN),
                                        HandmadeGoProgram.usual(magic, true, ByteOrder.BIG_ENDIAN),
                                        HandmadeGoProgram.usual(
                                                magic, false, ByteOrder.LITTLE_ENDIAN),
                                        HandmadeGoProgram.usual(
                                                        magic, true, ByteOrder.LITTLE_ENDIAN)
                                                .relocated(),
                                        HandmadeGoProgram.usual(
                                                        magic, true, ByteOrder.LITTLE_ENDIAN)
                                                .machine(183)
                                                .relocated()));
    }

    private static String at(RecordingSink sink, int place) {
        return sink.at(HandmadeGoProgram.CODE + place);
    }

    @Test
    void inlinedFunctionsHaveTheLinesOfTheirCalls() throws Exception {
        for (HandmadeGoProgram kind : kinds().toList()) {
            RecordingSink sink = new RecordingSink();
            assertThat(GoCode.tell(kind.open(), sink))
                    .contains(new GoCode.Told(3, 0, true, true, ""));
            assertThat(at(sink, 0)).isEqualTo("main.f\n/src/a.go:5");
            assertThat(at(sink, 0x0f)).isEqualTo("main.f\n/src/a.go:7");
            assertThat(at(sink, 0x10)).isEqualTo("main.g\n/src/b.go:20\nmain.f\n/src/a.go:7");
            assertThat(at(sink, 0x1f))
                    .isEqualTo("main.h\n/src/b.go:30\nmain.g\n/src/b.go:20\nmain.f\n/src/a.go:7");
            assertThat(at(sink, 0x20)).isEqualTo("main.f\n/src/a.go:9");
            assertThat(at(sink, 0x4f)).isEqualTo("main.plain\n/src/b.go:40");
            assertThat(at(sink, 0x57)).isEqualTo("main.plain\n/src/b.go:41");
            assertThat(at(sink, 0x58)).as("beyond its lines").isEqualTo("main.plain\n??:0");
            assertThat(at(sink, 0x60)).isEqualTo("main.nothing\n??:0");
            assertThat(at(sink, HandmadeGoProgram.CODE_BYTES)).isEqualTo("??\n??:0");
        }
    }

    @Test
    void ofOlderProgramsTheFunctionsAreTold() throws Exception {
        for (int magic : new int[] {GO_1_2, GO_1_16}) {
            for (boolean wide : new boolean[] {true, false}) {
                RecordingSink sink = new RecordingSink();
                assertThat(
                                GoCode.tell(
                                        HandmadeGoProgram.usual(
                                                        magic, wide, ByteOrder.LITTLE_ENDIAN)
                                                .open(),
                                        sink))
                        .contains(new GoCode.Told(3, 0, false, false, ""));
                assertThat(at(sink, 0x3f)).isEqualTo("main.f\n??:0");
                assertThat(at(sink, 0x40)).isEqualTo("main.plain\n??:0");
            }
        }
    }

    @Test
    void withoutTheRunTimesRecordNothingIsSaidOfInlining() throws Exception {
        RecordingSink sink = new RecordingSink();
        assertThat(GoCode.tell(usual().withoutModule().open(), sink))
                .contains(new GoCode.Told(3, 0, true, false, ""));
        assertThat(at(sink, 0x1f)).isEqualTo("main.f\n/src/b.go:30");
    }

    @Test
    void namesAloneAreSymbols() throws Exception {
        for (int magic : new int[] {GO_1_2, GO_1_16, GO_1_18, GO_1_20}) {
            ElfFile file = HandmadeGoProgram.usual(magic, true, ByteOrder.LITTLE_ENDIAN).open();
            Path target = directory.resolve("symbols");
            try (SymbolFileWriter writer =
                    new SymbolFileWriter(new LocalDisk(), target, "", SymbolLimits.OF_AGENT)) {
                assertThat(GoCode.tellNames(file, 3, writer)).isTrue();
                assertThat(GoCode.tellNames(HandmadeElf.usual().open(), 3, writer)).isFalse();
                assertThatThrownBy(() -> GoCode.tellNames(file, 2, writer))
                        .isInstanceOf(TooManyFunctionsException.class)
                        .hasMessage("functions: 3 (expected: at most 2)");
                writer.finish();
            }
            try (SymbolFile symbols =
                    SymbolFile.open(
                            PathSource.open(target), "symbols", new SymbolMemory(1 << 20))) {
                long code = HandmadeGoProgram.CODE;
                assertThat(symbols.find(code + 0x3f).getFirst().function()).isEqualTo("main.f");
                assertThat(symbols.find(code + 0x40).getFirst().function()).isEqualTo("main.plain");
            }
        }
    }

    @Test
    void otherFilesSayNothing() throws Exception {
        assertThat(GoCode.tell(HandmadeElf.usual().open(), new RecordingSink())).isEmpty();
        assertThat(
                        GoCode.tell(
                                HandmadeGoProgram.usual(0xffff_ffff, true, ByteOrder.LITTLE_ENDIAN)
                                        .open(),
                                new RecordingSink()))
                .isEmpty();
    }

    @Test
    void treesThatMakeNoSenseAreLeftOut() throws Exception {
        assertRefused(new Inlined("main.g", 0x7fff_ffff), "go inline tree: entry 0");
        assertRefused(new Inlined("", 4), "go inline tree: entry 0");
        assertRefused(new Inlined("main.g", 0x10), "go inline tree: depth"); // into itself
    }

    private static void assertRefused(Inlined inlined, String reason) throws IOException {
        RecordingSink sink = new RecordingSink();
        GoCode.Told told = GoCode.tell(with(inlined, 0).open(), sink).orElseThrow();
        assertThat(told.functions()).isEqualTo(2);
        assertThat(told.malformed()).isEqualTo(1);
        assertThat(told.firstRefusal()).startsWith(reason).contains("(expected: ");
        assertThat(at(sink, 0x11)).as("the line is right all the same").isEqualTo("main.f\na:2");
        assertThat(at(sink, 0x40)).isEqualTo("main.last\n??:0");
    }

    private static HandmadeGoProgram with(Inlined inlined, int number) {
        int[] none = {};
        return new HandmadeGoProgram(GO_1_20, true, ByteOrder.LITTLE_ENDIAN)
                .files("a")
                .function(
                        new Function(
                                0,
                                "main.f",
                                0,
                                new int[] {0, 0x40},
                                new int[] {1, 0x10, 2, 0x40},
                                new int[] {-1, 0x10, number, 0x20, -1, 0x40},
                                List.of(inlined)))
                .function(new Function(0x40, "main.last", 0, none, none, none, List.of()));
    }

    @Test
    void functionsInNoOrderAreLeftOut() throws Exception {
        int[] none = {};
        RecordingSink sink = new RecordingSink();
        GoCode.Told told =
                GoCode.tell(
                                new HandmadeGoProgram(GO_1_20, true, ByteOrder.LITTLE_ENDIAN)
                                        .function(fn(0, "a", none))
                                        .function(fn(0x40, "b", none))
                                        .function(fn(0x20, "c", none))
                                        .function(fn(0x60, "d", none))
                                        .open(),
                                sink)
                        .orElseThrow();
        assertThat(told.functions()).isEqualTo(2);
        assertThat(told.malformed()).isEqualTo(2);
        assertThat(at(sink, 0x60)).isEqualTo("d\n??:0");
    }

    private static Function fn(int start, String name, int[] lines) {
        return new Function(start, name, 0, new int[0], lines, new int[0], List.of());
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        byte[] whole = usual().bytes();
        // Words of the header, but for the number of files and where the code is.
        for (int at : new int[] {8, 32, 40, 48, 56, 64}) {
            byte[] bytes = whole.clone();
            Arrays.fill(bytes, 0x2000 + at, 0x2000 + at + 8, (byte) 0x7f);
            ElfFile file = ElfFile.open(new ArraySource(bytes));
            assertThatThrownBy(() -> GoCode.tell(file, new RecordingSink()))
                    .as("word at %d", at)
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessageStartingWith(".gopclntab: ")
                    .hasMessageContaining("(expected: ");
        }
    }

    /// Many functions that share one long table would be read for hours.
    @Test
    void rowsOfAllFunctionsAreBounded() throws Exception {
        byte[] rows = new byte[2 * 100 + 2];
        Arrays.fill(rows, (byte) 2);
        rows[0] = 0;
        rows[rows.length - 1] = 0;
        PcValues values = new PcValues(SectionView.of("t", rows, ByteOrder.LITTLE_ENDIAN), 1);
        Work work = new Work(rows.length);
        for (int i = 0; i < 8; i++) {
            values.read(1, 1000, work);
            assertThat(values.size()).isEqualTo(100);
        }
        assertThatThrownBy(() -> values.read(1, 1000, work))
                .hasMessage(".gopclntab: more rows (expected: at most 808 in all)");
        assertThat(work.isDone()).isTrue();
    }

    @Test
    void damagedProgramsAreReadOrRefused() throws Exception {
        List<byte[]> seeds = kinds().map(HandmadeGoProgram::bytes).toList();
        for (long seed = 0; seed < Long.getLong("mutation.rounds", 20_000); seed++) {
            Random random = new Random(seed);
            byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
            for (int i = 1 + random.nextInt(6); i > 0; i--) {
                int at = random.nextInt(8) == 0 ? 0 : 0x2000;
                bytes[at + random.nextInt(at == 0 ? 0x100 : bytes.length - at)] =
                        (byte) random.nextInt(256);
            }
            try {
                GoFuzzTarget.fuzzerTestOneInput(bytes);
            } catch (Exception | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }
}

package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.HandmadeElf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GoFramesTest {
    private static final int OUTERMOST = 1;
    private static final int ANY_POINTER = 2;
    private static final int ASSEMBLY = 4;

    /// One function of each kind; 16 bytes under the return address from its fifth byte on.
    static HandmadeGo usual(int magic) {
        return new HandmadeGo(magic)
                .function(0x00, "main.f", 0, 2, 4, 32, 0x1c, 0)
                .function(0x20, "runtime.goexit", OUTERMOST)
                .function(0x40, "runtime.morestack", ANY_POINTER, 2, 0x20, 0)
                .function(0x60, "runtime.sigreturn", ASSEMBLY)
                .function(0x80, "main.g", 0, 2, 0x80, 1, 0);
    }

    private static List<String> rows(HandmadeElf elf) throws Exception {
        Rows table = Rows.read(elf.open());
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < table.size(); i++) {
            rows.add(
                    Long.toHexString(table.offset(i) - HandmadeElf.TEXT_OFFSET)
                            + ": "
                            + table.text(table.rule(i)));
        }
        return rows;
    }

    @Test
    void functionsHaveTheRowsOfTheirStackPointers() throws Exception {
        for (int magic : new int[] {HandmadeGo.GO_1_18, HandmadeGo.GO_1_20}) {
            assertThat(rows(usual(magic).elf()))
                    .containsExactly(
                            "0: rsp+8",
                            "4: rsp+24 rbp=cfa-16",
                            "20: end",
                            "40: none",
                            "5f: signal+160",
                            "80: rsp+8",
                            "1000: none");
        }
    }

    @Test
    void codeIsFoundWhereTheHeaderDoesNotTell() throws Exception {
        assertThat(rows(usual(HandmadeGo.GO_1_20).text(0).elf())).hasSize(7);
        assertThat(rows(usual(HandmadeGo.GO_1_20).text(0x1234).elf())).hasSize(7);
    }

    @Test
    void stackPointersLongerThanWhatIsReadAtOnceAreReadWhole() throws Exception {
        int[] table = new int[2 * 300 + 1];
        for (int i = 0; i < 300; i++) {
            table[2 * i] = i == 0 ? 2 : i % 2 == 0 ? 15 : 16; // 0, 8, 0, 8 ...
            table[2 * i + 1] = 2;
        }
        List<String> rows =
                rows(new HandmadeGo(HandmadeGo.GO_1_20).function(0, "long", 0, table).elf());
        assertThat(rows).hasSize(301).contains("254: rsp+8", "256: rsp+16 rbp=cfa-16");
    }

    @Test
    void tablesWithoutAFunctionAndOfUnknownVersionsSayNothing() throws Exception {
        assertThat(rows(new HandmadeGo(HandmadeGo.GO_1_20).elf())).isEmpty();
        assertThat(rows(usual(0xffff_fffb).elf())).isEmpty();
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertRefused(usual(HandmadeGo.GO_1_20).quantum(4), "instructions of 4");
        assertRefused(usual(HandmadeGo.GO_1_20).count(1L << 40), "1099511627776 functions");
        assertRefused(usual(HandmadeGo.GO_1_20).count(40), "4 bytes at 264");
        assertRefused(usual(HandmadeGo.GO_1_20).count(200), "200 functions");
        assertRefused(usual(HandmadeGo.GO_1_20).functionsAt(1 << 20), "part at 1048576");
        assertRefused(
                usual(HandmadeGo.GO_1_20).pointersAt(-1L << 60), "part at -1152921504606846976");
        assertRefused(usual(HandmadeGo.GO_1_20).cut(1), "44 bytes at");
        assertRefused(with(2, 0), "a row of 0 bytes");
        assertRefused(with(2, 0x80, 0x80, 0x80, 0x80, 0x10), "a row of 4294967296 bytes");
        assertRefused(
                with(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1), "number");
        assertRefused(
                usual(HandmadeGo.GO_1_20).functionAt(0x400, "far", 0, 1 << 30),
                "stack pointers at 1073741824");
    }

    private static HandmadeGo with(int... table) {
        return new HandmadeGo(HandmadeGo.GO_1_20).function(0, "main.f", 0, table);
    }

    private static void assertRefused(HandmadeGo go, String start) {
        assertThatThrownBy(() -> rows(go.elf()))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageStartingWith(".gopclntab: " + start)
                .hasMessageContaining("(expected: ");
    }

    @Test
    void tablesOfAnyShapeAreReadOrRefused() throws Exception {
        long rounds = Long.getLong("mutation.rounds", 10_000);
        int read = 0;
        int refused = 0;
        for (long seed = 0; seed < rounds; seed++) {
            byte[] bytes = random(new Random(seed)).elf().bytes();
            try {
                UnwindTableFuzzTarget.fuzzerTestOneInput(bytes);
            } catch (Exception | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
            try {
                read += Rows.read(ElfFile.open(new ArraySource(bytes))).size() > 0 ? 1 : 0;
            } catch (MalformedInputException _) {
                refused++;
            }
        }
        // Both kinds must be among them, or nothing was proved.
        assertThat(read).isGreaterThan((int) (rounds / 4));
        assertThat(refused).isGreaterThan((int) (rounds / 8));
    }

    /// Numbers as tables have them, and as none should.
    private static final int[][] NUMBERS = {
        {0},
        {1},
        {2},
        {16},
        {0x7f},
        {0x80, 0},
        {0x80, 1},
        {0xff, 0xff, 0xff, 0xff, 7},
        {0xff, 0xff, 0xff, 0xff, 0x0f},
        {0x80, 0x80, 0x80, 0x80, 0x10},
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
        {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0},
    };

    /// A table put together from right and wrong parts.
    private static HandmadeGo random(Random random) {
        HandmadeGo go =
                new HandmadeGo(random.nextBoolean() ? HandmadeGo.GO_1_18 : HandmadeGo.GO_1_20);
        int at = 0;
        for (int i = random.nextInt(9); i > 0; i--) {
            String name = random.nextInt(8) == 0 ? "runtime.sigreturn" : "main.f";
            go.function(at, name, random.nextInt(3) == 0 ? random.nextInt(8) : 0, table(random));
            at += random.nextInt(40) == 0 ? random.nextInt() : 1 + random.nextInt(0x200);
        }
        int size = go.section().length;
        long edge = size - 2L + random.nextInt(4);
        switch (random.nextInt(20)) {
            case 0 -> go.count(random.nextInt(12));
            case 1 -> go.count(random.nextLong());
            case 2 -> go.pointersAt(edge);
            case 3 -> go.functionsAt(random.nextBoolean() ? edge : random.nextInt(size));
            case 4 -> go.cut(random.nextInt(size));
            case 5 -> go.text(random.nextBoolean() ? 0 : random.nextLong());
            case 6 -> go.functionAt(at, "edge", 0, (int) edge - random.nextInt(100));
            default -> {}
        }
        return go;
    }

    /// Mostly up and down again; else numbers of any kind.
    private static int[] table(Random random) {
        IntStream.Builder table = IntStream.builder();
        boolean isRight = random.nextInt(8) != 0;
        for (int i = random.nextInt(6); i > 0; i--) {
            if (isRight) {
                table.add(i % 2 == 0 ? 16 : 32).add(1 + random.nextInt(100));
            } else {
                IntStream.of(NUMBERS[random.nextInt(NUMBERS.length)]).forEach(table::add);
            }
        }
        return table.add(0).build().toArray();
    }

    /// Files with tables that are right, at their edges, and wrong.
    static List<byte[]> seeds() {
        List<HandmadeGo> all = new ArrayList<>();
        for (int magic : new int[] {HandmadeGo.GO_1_18, HandmadeGo.GO_1_20}) {
            all.add(usual(magic));
            all.add(usual(magic).text(0));
            all.add(usual(magic).count(4));
            all.add(usual(magic).count(6));
            all.add(usual(magic).count(0));
            all.add(usual(magic).count(4 << 20));
            all.add(usual(magic).cut(1));
            all.add(usual(magic).functionsAt(0));
            all.add(usual(magic).pointersAt(0));
            int size = usual(magic).section().length;
            all.add(usual(magic).pointersAt(size - 1L));
            all.add(usual(magic).functionsAt(size));
            // The last byte of the section, and those around it.
            int own = usual(magic).section().length - 40;
            for (int place = own - 2; place <= own + 200; place += 40) {
                all.add(usual(magic).functionAt(0x400, "edge", ASSEMBLY, place));
            }
            // Functions in no order, at one place, and behind the code.
            all.add(usual(magic).function(0x10, "back", 0, 2, 8, 0));
            all.add(usual(magic).function(0x80, "again", 0, 2, 8, 0));
            all.add(usual(magic).function(1 << 30, "beyond", 0, 2, 8, 0));
            all.add(usual(magic).function(-1, "before", ASSEMBLY | OUTERMOST | ANY_POINTER));
        }
        all.add(with(2, 1)); // nothing ends it
        all.add(with(2, 0));
        all.add(with(1, 1, 0)); // below the return address
        all.add(with(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1, 0));
        all.add(with(0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1, 0));
        all.add(with(2, 0xff, 0xff, 0xff, 0xff, 3, 2, 1, 0));
        all.add(with(2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1));
        all.add(with(2, 1, 16, 1, 16, 1, 31, 1, 15, 1, 0));
        int[] endless = new int[2048];
        Arrays.fill(endless, 1);
        all.add(with(endless));
        for (long seed = 0; seed < 32; seed++) {
            all.add(random(new Random(seed)));
        }
        return all.stream().map(go -> go.elf().bytes()).toList();
    }
}

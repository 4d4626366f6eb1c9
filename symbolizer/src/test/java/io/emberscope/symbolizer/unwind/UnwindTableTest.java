package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.HandmadeElf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class UnwindTableTest {
    private static final int TEXT = HandmadeElf.TEXT_OFFSET;

    private static Rows read(HandmadeFrames frames) throws Exception {
        return Rows.read(frames.elf().open());
    }

    /// Every row as `offset: rule`, counted from the start of the code.
    private static List<String> rows(Rows table) {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < table.size(); i++) {
            rows.add(Long.toHexString(table.offset(i) - TEXT) + ": " + table.text(table.rule(i)));
        }
        return rows;
    }

    @Test
    void aFunctionWithAFramePointerHasARowForEachStepOfItsPrologue() throws Exception {
        Rows table =
                read(
                        HandmadeFrames.usual()
                                .function(
                                        0x10, 0x20, 0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x5b,
                                        0xc6, 0x0c, 7, 8));
        assertThat(rows(table))
                .containsExactly(
                        "10: rsp+8",
                        "11: rsp+16 rbp=cfa-16",
                        "14: rbp+16 rbp=cfa-16",
                        "2f: rsp+8",
                        "30: none");
    }

    @Test
    void functionsAreInTheOrderOfTheirPlacesWithGapsBetween() throws Exception {
        Rows table =
                read(
                        HandmadeFrames.usual()
                                .function(0x40, 0x10, 0x0e, 24)
                                .function(0x10, 0x10, 0x0e, 16)
                                .function(0x20, 0x10, 0x0e, 16)
                                .function(0x44, 0x20));
        // The third continues the rule of the second, the fourth begins inside the first.
        assertThat(rows(table)).containsExactly("10: rsp+16", "30: none", "40: rsp+24", "50: none");
    }

    @Test
    void whatIsNotInTheCodeIsLeftOut() throws Exception {
        assertThat(
                        read(HandmadeFrames.usual()
                                        .function(0L, 0x10L)
                                        .function(-1L, 0x10L)
                                        .function(HandmadeElf.TEXT_ADDRESS - 4L, 8L)
                                        .function(0x30, 0))
                                .size())
                .isZero();
        Rows cut = read(HandmadeFrames.usual().function(HandmadeElf.TEXT_SIZE - 8, 0x1000));
        assertThat(rows(cut)).containsExactly("ff8: rsp+8", "1000: none");
    }

    @Test
    void statesAreRememberedAndRestored() throws Exception {
        Rows table =
                read(
                        HandmadeFrames.usual()
                                .function(
                                        0, 0x40, 0x41, 0x0e, 32, 0x0a, 0x44, 0x0e, 8, 0x41, 0x0b));
        assertThat(rows(table))
                .containsExactly("0: rsp+8", "1: rsp+32", "5: rsp+8", "6: rsp+32", "40: none");
    }

    @Test
    void expressionsOfLinkersAndRealignedStacksAreRecognised() throws Exception {
        Rows table =
                read(
                        HandmadeFrames.usual()
                                // breg7 8; breg16 0; lit15; and; lit11; ge; lit3; shl; plus
                                .function(
                                        0, 0x10, 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a,
                                        0x33, 0x24, 0x22)
                                // CFA: breg6 -8; deref. rbp: breg6 0
                                .function(
                                        0x10, 0x10, 0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0)
                                // breg7 16; deref; plus_uconst 8
                                .function(0x20, 0x10, 0x0f, 5, 0x77, 16, 0x06, 0x23, 8)
                                // breg7 0; breg7 0; plus: nobody writes that
                                .function(0x30, 0x10, 0x0f, 5, 0x77, 0, 0x77, 0, 0x22));
        assertThat(rows(table))
                .containsExactly(
                        "0: plt+8 from 11",
                        "10: *(r6-8)+0 rbp=*(rbp+0)",
                        "20: *(r7+16)+8",
                        "30: none");
        assertThat(table.unexpressed()).containsEntry(Unexpressed.CFA_EXPRESSION, 1L);
    }

    @Test
    void theOffsetBeforeAnExpressionCountsAfterIt() throws Exception {
        Rows table =
                read(
                        HandmadeFrames.usual()
                                .function(
                                        0, 0x10, 0x0e, 56, 0x41, 0x0f, 3, 0x77, 16, 0x06, 0x41,
                                        0x0d, 7));
        assertThat(rows(table))
                .containsExactly("0: rsp+56", "1: *(r7+16)+0", "2: rsp+56", "10: none");
    }

    @Test
    void outermostFramesSignalFramesAndReturnsFromRegistersAreWhatTheyAre() throws Exception {
        Rows table =
                read(
                        HandmadeFrames.usual()
                                .function(0, 0x10, 0x07, 16) // undefined rip
                                .function(0x10, 0x10, 0x0e, 0, 0x09, 16, 5) // rip in rdi
                                .function(0x20, 0x10, 0x09, 6, 11) // rbp in r11
                                .function(0x30, 0x10, 0x07, 6) // rbp lost
                                .function(0x40, 0x10, 0x14, 7, 0) // rsp is something else
                                .common("zRS", 0x0f, 4, 0x77, 0xa0, 1, 0x06, 0x80 | 16, 1)
                                .function(0x50, 0x10));
        assertThat(rows(table))
                .containsExactly(
                        "0: end",
                        "10: r7+0 return=r5",
                        "20: r7+8 rbp=r11",
                        "30: r7+8 rbp=?",
                        "40: none",
                        "50: signal+160",
                        "60: none");
        assertThat(table.unexpressed()).containsEntry(Unexpressed.STACK_POINTER, 1L);
    }

    @Test
    void returnsFromSignalHandlersAreFoundWhereNothingIsSaid() throws Exception {
        int[] ofLinux = {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 5};
        int[] ofMusl = {0xb8, 15, 0, 0, 0, 0x0f, 5};
        HandmadeElf elf =
                HandmadeFrames.usual()
                        .function(0x20, 0x20)
                        .function(0x60, 0x20)
                        .elf()
                        .code(0x22, ofLinux) // the function's own business
                        .code(0x40, ofMusl) // no byte before it but the function's last
                        .code(0x90, ofLinux)
                        .code(0xa0, 0xb8, 14, 0, 0, 0, 0x0f, 5);
        assertThat(rows(Rows.read(elf.open())))
                .containsExactly(
                        "20: rsp+8",
                        "3f: signal+160",
                        "47: none",
                        "60: rsp+8",
                        "80: none",
                        "8f: signal+160",
                        "99: none");
        assertThat(rows(Rows.read(HandmadeElf.usual().code(0xff7, ofLinux).open())))
                .containsExactly("ff6: signal+160", "1000: none");
    }

    @Test
    void rbxIsKeptWhereAFrameDependsOnIt() throws Exception {
        Rows table =
                read(
                        HandmadeFrames.usual()
                                .function(0, 0x10, 0x0e, 16, 0x83, 2, 0x41, 0x0d, 3)
                                .function(0x20, 0x10));
        assertThat(rows(table))
                .containsExactly(
                        "0: r7+16 rbx=cfa-16",
                        "1: r3+16 rbx=cfa-16",
                        "10: none",
                        "20: r7+8 rbx=same",
                        "30: none");
    }

    @Test
    void damagedSectionsAreRefusedByFieldAndRule() {
        assertRefused(HandmadeFrames.usual().function(0, 8, 0x3f), "instruction 0x3f");
        assertRefused(HandmadeFrames.usual().function(0, 8, 0x0b), "restore_state");
        assertRefused(HandmadeFrames.usual().function(0, 8, 0x0e), "1 bytes (expected: at most 0");
        assertRefused(HandmadeFrames.usual().function(0, 8, 0x0f, 9, 0x77), "expression of 9");
        assertRefused(new HandmadeFrames().common("Q", 0).function(0, 8), "augmentation 'Q'");
        int[] deep = new int[100];
        java.util.Arrays.fill(deep, 0x0a);
        assertRefused(HandmadeFrames.usual().function(0, 8, deep), "remember_state");
    }

    private static void assertRefused(HandmadeFrames frames, String start) {
        assertThatThrownBy(() -> read(frames))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageStartingWith(".eh_frame: " + start)
                .hasMessageContaining("(expected: ");
    }

    @Test
    void binariesOfOtherMachinesHaveNoRows() throws Exception {
        HandmadeFrames frames = HandmadeFrames.usual().function(0, 8);
        assertThat(Rows.read(frames.elf().machine(183).open()).size()).isZero();
    }

    @Test
    void blocksSayWhatTheirRowsSayHoweverSmallTheyAre() throws Exception {
        for (long seed = 0; seed < 100; seed++) {
            for (int wordsMax : new int[] {BlockWriter.WORDS_MIN, 12_000, 1 << 18}) {
                BuildMemory memory = Rows.memory(1 << 30);
                Rules rules = new Rules(memory);
                NavigableMap<Long, Integer> rows = random(new Random(seed), rules);
                BlockWriter writer = new BlockWriter(rules, wordsMax, memory);
                for (Map.Entry<Long, Integer> row : rows.entrySet()) {
                    writer.row(row.getKey(), row.getValue());
                }
                List<UnwindBlock> blocks = writer.blocks();
                long end = 0;
                for (UnwindBlock block : blocks) {
                    assertThat(block.words().length).isLessThanOrEqualTo(wordsMax);
                    assertThat(block.start()).isGreaterThanOrEqualTo(end);
                    end = block.end();
                }
                Random random = new Random(seed);
                List<Long> offsets = List.copyOf(rows.keySet());
                for (int i = 0; i < 300; i++) {
                    long row = offsets.get(random.nextInt(offsets.size()));
                    long offset = row + (random.nextBoolean() ? 0 : random.nextInt(4000));
                    int[] words = new int[Rule.LONG_WORDS];
                    int rule = rows.floorEntry(offset).getValue();
                    if ((rule & Rule.LONG) != 0) {
                        rules.copy(rule & ~Rule.LONG, 1, words, 0);
                    }
                    assertThat(text(blocks, offset))
                            .as("seed %d, %d words, offset %x", seed, wordsMax, offset)
                            .isEqualTo(Rule.toString(rule, words));
                }
            }
        }
    }

    private static String text(List<UnwindBlock> blocks, long offset) {
        for (UnwindBlock block : blocks) {
            if (offset >= block.start() && offset < block.end()) {
                int rule = block.ruleAt(offset);
                return Rule.toString(
                        rule, (rule & Rule.LONG) == 0 ? new int[4] : block.longRule(rule));
            }
        }
        return "none";
    }

    /// Rows at random places, dense and with wide gaps, with a few long rules.
    private static NavigableMap<Long, Integer> random(Random random, Rules rules) throws Exception {
        NavigableMap<Long, Integer> rows = new TreeMap<>();
        FrameState state = new FrameState();
        state.cfa = FrameState.CFA_REGISTER;
        state.rip = FrameState.AT_CFA;
        state.ripOffset = -8;
        int count = 50 + random.nextInt(30_000);
        long at = random.nextInt(5000);
        for (int i = 0; i < count; i++) {
            state.cfaRegister = random.nextInt(8) == 0 ? 10 : Rule.RSP;
            state.cfaOffset = 8L * (1 + random.nextInt(40));
            int rule = random.nextInt(6) == 0 ? Rule.NONE : rules.of(state, false);
            rows.put(at, i == count - 1 ? Rule.NONE : rule);
            at += random.nextInt(100) == 0 ? random.nextInt(5 << 20) : 1 + random.nextInt(200);
        }
        return rows;
    }
}

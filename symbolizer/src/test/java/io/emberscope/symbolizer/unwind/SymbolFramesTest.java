package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.elf.HandmadeElf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SymbolFramesTest {
    private static final int FUNCTION = 2;
    private static final int LOCAL = 0;
    private static final int GLOBAL = 1;
    private static final int INT3 = 0xcc;

    /// push %rbx; call; pop %rbx; ret
    private static final int[] USUAL = {0x53, 0xe8, 0, 1, 0, 0, 0x5b, 0xc3};

    /// push %rbx; ret
    private static final int[] UNCLEAR = {0x53, 0xc3};

    private static HandmadeElf elf(HandmadeFrames frames) {
        int[] padding = new int[HandmadeElf.TEXT_SIZE];
        Arrays.fill(padding, INT3);
        return frames.elf().code(0, padding);
    }

    private static HandmadeElf elf() {
        return elf(HandmadeFrames.usual().function(0, 0x100));
    }

    private static Rows table(HandmadeElf elf) throws Exception {
        return Rows.read(elf.open());
    }

    private static List<String> rows(HandmadeElf elf) throws Exception {
        Rows table = table(elf);
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < table.size(); i++) {
            long at = table.offset(i) - HandmadeElf.TEXT_OFFSET;
            rows.add(Long.toHexString(at) + ": " + table.text(table.rule(i)));
        }
        return rows;
    }

    @Test
    void functionsThatOnlySymbolsTellOfAreFollowed() throws Exception {
        assertThat(rows(elf().code(0x120, USUAL).symbol("f", FUNCTION, GLOBAL, 0x120, 9)))
                .containsExactly(
                        "0: rsp+8",
                        "100: none",
                        "110: by pointer", // what is there may end with a call
                        "120: rsp+8",
                        "121: rsp+16",
                        "127: rsp+8",
                        "128: by pointer", // nothing leads there
                        "129: none");
    }

    @Test
    void framePointersAreWhatTheyAre() throws Exception {
        int[] code = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x29, 0xc4, 0x31, 0xed, 0xf4};
        assertThat(rows(elf().code(0x100, code).symbol("f", FUNCTION, GLOBAL, 0x100, 10)))
                .containsExactly(
                        "0: rsp+8",
                        "101: rsp+16 rbp=cfa-16",
                        "104: rbp+16 rbp=cfa-16",
                        "109: by pointer",
                        "10a: none");
        int[] lost = {0x31, 0xed, 0xf4};
        assertThat(rows(elf().code(0x100, lost).symbol("f", FUNCTION, GLOBAL, 0x100, 3)))
                .containsExactly("0: rsp+8", "102: r7+8 rbp=?", "103: none");
    }

    @Test
    void whatIsDescribedIsNotFollowed() throws Exception {
        HandmadeElf elf =
                elf(HandmadeFrames.usual().function(0, 0x100, 0x0e, 24).function(0x140, 0x10))
                        .code(0x10, USUAL)
                        .code(0x120, USUAL)
                        .symbol("described", FUNCTION, GLOBAL, 0x10, 8)
                        .symbol("reaches over", FUNCTION, GLOBAL, 0x120, 0x80);
        assertThat(rows(elf))
                .containsExactly(
                        "0: rsp+24",
                        "100: none",
                        "110: by pointer",
                        "120: rsp+8",
                        "121: rsp+16",
                        "127: rsp+8",
                        "128: by pointer",
                        "140: rsp+8",
                        "150: none");
    }

    @Test
    void aSymbolWithoutASizeReachesToTheNext() throws Exception {
        HandmadeElf elf =
                elf().code(0x100, 0x53)
                        .code(0x101, USUAL)
                        .symbol("g", FUNCTION, GLOBAL, 0x101, 8)
                        .symbol("f", FUNCTION, LOCAL, 0x100, 0)
                        .symbol("label", 0, GLOBAL, 0x102, 2)
                        .symbol("object", 1, GLOBAL, 0x120, 8);
        assertThat(rows(elf)).containsExactly("0: rsp+8", "102: rsp+16", "108: rsp+8", "109: none");
    }

    @Test
    void ofSeveralSymbolsOfAPlaceTheLongestCounts() throws Exception {
        HandmadeElf elf =
                elf().code(0x100, USUAL)
                        .symbol("f", FUNCTION, GLOBAL, 0x100, 0)
                        .symbol("g", FUNCTION, GLOBAL, 0x100, 8)
                        .symbol("inside", FUNCTION, GLOBAL, 0x106, 2)
                        .symbol("h", FUNCTION, LOCAL, 0x100, 2);
        assertThat(rows(elf)).containsExactly("0: rsp+8", "101: rsp+16", "107: rsp+8", "108: none");
    }

    @Test
    void whatIsNotCertainGoesByPointerAndIsCounted() throws Exception {
        for (String name : new String[] {"f", "f.cold", "f.part.0"}) {
            Rows table =
                    table(
                            elf().code(0x100, name.equals("f") ? UNCLEAR : USUAL)
                                    .symbol(name, FUNCTION, LOCAL, 0x100, 8));
            assertThat(table.text(table.ruleAt(HandmadeElf.TEXT_OFFSET + 0x100)))
                    .as(name)
                    .isEqualTo("by pointer");
            assertThat(table.unexpressed()).containsEntry(Unexpressed.UNCLEAR_CODE, 1L);
            // For the walk it is not the rule of code that is in no function.
            assertThat(table.ruleAt(HandmadeElf.TEXT_OFFSET + 0x100)).isNotEqualTo(Rule.NONE);
            assertThat(table.ruleAt(HandmadeElf.TEXT_OFFSET + 0x108)).isEqualTo(Rule.NONE);
        }
    }

    @Test
    void theDynamicSymbolsCountWhereThereAreNoOthers() throws Exception {
        HandmadeElf elf = elf().code(0x100, USUAL).dynamicSymbol("f", FUNCTION, GLOBAL, 0x100, 8);
        List<String> expected = List.of("0: rsp+8", "101: rsp+16", "107: rsp+8", "108: none");
        assertThat(rows(elf)).isEqualTo(expected);
        assertThat(rows(elf.withoutSections())).isEqualTo(expected);
    }

    @Test
    void symbolsAreNotReadForThePaddingBetweenFunctions() throws Exception {
        HandmadeElf elf =
                elf(HandmadeFrames.usual().function(0, 0x100).function(0x13f, 0xec1))
                        .code(0x100, USUAL)
                        .symbol("f", FUNCTION, GLOBAL, 0x100, 8);
        assertThat(rows(elf)).containsExactly("0: rsp+8", "100: none", "13f: rsp+8", "1000: none");
    }

    @Test
    void damagedSymbolsLeaveWhatOthersSay() throws Exception {
        HandmadeElf elf =
                elf().code(0x100, USUAL)
                        .symbol("f", FUNCTION, GLOBAL, 0x100, 8)
                        .compressedSymbols();
        assertThat(rows(elf)).containsExactly("0: rsp+8", "100: none");
    }

    @Test
    void aProcessBeginsWithItsOutermostFrame() throws Exception {
        // xor %rbp,%rbp; mov %rsp,%rdi; call
        int[] start = {0x48, 0x31, 0xed, 0x48, 0x89, 0xe7, 0xe8, 0, 1, 0, 0};
        HandmadeElf elf = elf().code(0x100, start).entry(0x100);
        assertThat(rows(elf))
                .containsExactly("0: rsp+8", "100: end", "10b: by pointer", "1000: none");
        assertThat(rows(elf.symbol("_start", FUNCTION, GLOBAL, 0x100, 0x20)))
                .containsExactly("0: rsp+8", "100: end", "10b: by pointer", "120: none");
        // Not what the file just happens to name, like some shared libraries.
        assertThat(rows(elf().code(0x100, USUAL).entry(0x100)))
                .containsExactly("0: rsp+8", "100: by pointer", "1000: none");
    }

    @Test
    void functionsThatAreTooLargeAreNotFollowed() {
        long size = StackDepths.BYTES_MAX + 1L;
        assertThat(SymbolFrames.isTooMuch(size, Long.MAX_VALUE)).isTrue();
        assertThat(SymbolFrames.isTooMuch(size - 1, Long.MAX_VALUE)).isFalse();
        assertThat(SymbolFrames.isTooMuch(100, 99)).isTrue();
    }
}

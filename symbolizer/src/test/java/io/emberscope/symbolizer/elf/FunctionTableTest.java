package io.emberscope.symbolizer.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class FunctionTableTest {
    private static final int NONE = 0;
    private static final int OBJECT = 1;
    private static final int FUNC = 2;
    private static final int IFUNC = 10;
    private static final int LOCAL = 0;
    private static final int GLOBAL = 1;
    private static final int WEAK = 2;
    private static final int UNIQUE = 10;

    private final HandmadeElf elf = HandmadeElf.usual();

    private String nameAt(long intoText) throws Exception {
        FunctionTable table = FunctionTable.read(elf.open(), 1000);
        int index = table.indexOf(HandmadeElf.TEXT_OFFSET + intoText);
        return index < 0 ? "-" : table.name(index, elf.source());
    }

    @Test
    void aByteBelongsToTheFunctionThatReachesIt() throws Exception {
        elf.symbol("a", FUNC, GLOBAL, 0x10, 0x10).symbol("b", FUNC, GLOBAL, 0x30, 0x10);
        assertThat(nameAt(0x0f)).isEqualTo("-");
        assertThat(nameAt(0x10)).isEqualTo("a");
        assertThat(nameAt(0x1f)).isEqualTo("a");
        assertThat(nameAt(0x20)).isEqualTo("-");
        assertThat(nameAt(0x3f)).isEqualTo("b");
        assertThat(nameAt(0x40)).isEqualTo("-");
        FunctionTable table = FunctionTable.read(elf.open(), 1000);
        assertThat(table.indexOf(-1)).isEqualTo(-1);
        assertThat(table.indexOf(Long.MIN_VALUE)).isEqualTo(-1);
        assertThat(table.indexOf(0x1_0000_1010L)).isEqualTo(-1);
        assertThat(table.startOf(1)).isEqualTo(HandmadeElf.TEXT_OFFSET + 0x30);
        assertThat(table.bytes()).isEqualTo(24);
    }

    @Test
    void globalComesBeforeWeakBeforeLocal() throws Exception {
        elf.symbol("l", FUNC, LOCAL, 0, 8)
                .symbol("weak", FUNC, WEAK, 0, 8)
                .symbol("global_but_long", FUNC, GLOBAL, 0, 8)
                .symbol("x", FUNC, LOCAL, 8, 8)
                .symbol("weak", FUNC, WEAK, 8, 8)
                .symbol("xx", FUNC, LOCAL, 16, 8)
                .symbol("unique", FUNC, UNIQUE, 16, 8);
        assertThat(nameAt(0)).isEqualTo("global_but_long");
        assertThat(nameAt(8)).isEqualTo("weak");
        assertThat(nameAt(16)).isEqualTo("unique");
    }

    @Test
    void amongEqualsTheShortestThenTheFirstByBytesIsChosenWhateverTheOrder() throws Exception {
        elf.symbol("ccc", FUNC, GLOBAL, 0, 8)
                .symbol("bb", FUNC, GLOBAL, 0, 8)
                .symbol("ab", FUNC, GLOBAL, 0, 8)
                .symbol("ab", FUNC, GLOBAL, 8, 8)
                .symbol("bb", FUNC, GLOBAL, 8, 8)
                .symbol("ccc", FUNC, GLOBAL, 8, 8)
                // Bytes are unsigned: 0xff comes after every letter.
                .symbol("\u00ff", FUNC, GLOBAL, 16, 8)
                .symbol("z", FUNC, GLOBAL, 16, 8);
        assertThat(nameAt(0)).isEqualTo("ab");
        assertThat(nameAt(8)).isEqualTo("ab");
        assertThat(nameAt(16)).isEqualTo("z");
    }

    @Test
    void aliasesOfSeveralSizesShareTheLongest() throws Exception {
        elf.symbol("short", FUNC, GLOBAL, 0, 8).symbol("whole", FUNC, LOCAL, 0, 32);
        assertThat(nameAt(31)).isEqualTo("short");
        assertThat(nameAt(32)).isEqualTo("-");
    }

    @Test
    void aFunctionWithinAnotherInterruptsIt() throws Exception {
        elf.symbol("outer", FUNC, GLOBAL, 0, 0x100)
                .symbol("inner", FUNC, LOCAL, 0x20, 0x20)
                .symbol("innermost", FUNC, LOCAL, 0x30, 0x8)
                .symbol("beyond", FUNC, LOCAL, 0xf0, 0x40);
        assertThat(nameAt(0x1f)).isEqualTo("outer");
        assertThat(nameAt(0x2f)).isEqualTo("inner");
        assertThat(nameAt(0x37)).isEqualTo("innermost");
        assertThat(nameAt(0x38)).isEqualTo("inner");
        assertThat(nameAt(0x40)).isEqualTo("outer");
        assertThat(nameAt(0xef)).isEqualTo("outer");
        assertThat(nameAt(0x100)).isEqualTo("beyond");
        assertThat(nameAt(0x130)).isEqualTo("-");
    }

    @Test
    void symbolsWithoutASizeReachToTheNextOneOrTheEndOfTheSection() throws Exception {
        elf.symbol("a", FUNC, GLOBAL, 0x10, 0)
                .symbol("b", FUNC, GLOBAL, 0x20, 0x10)
                .symbol("inside", FUNC, GLOBAL, 0x28, 0)
                .symbol("c", NONE, GLOBAL, 0x40, 0)
                .symbol("last", FUNC, LOCAL, 0x80, 0);
        assertThat(nameAt(0x1f)).isEqualTo("a");
        assertThat(nameAt(0x2f)).isEqualTo("b");
        assertThat(nameAt(0x30)).isEqualTo("-");
        assertThat(nameAt(0x7f)).isEqualTo("c");
        assertThat(nameAt(HandmadeElf.TEXT_SIZE - 1)).isEqualTo("last");
        assertThat(nameAt(HandmadeElf.TEXT_SIZE)).isEqualTo("-");
    }

    @Test
    void aSizeOrATypeCountsMoreThanABinding() throws Exception {
        elf.symbol("marker", FUNC, GLOBAL, 0, 0)
                .symbol("function", FUNC, LOCAL, 0, 16)
                .symbol("label", NONE, GLOBAL, 16, 16)
                .symbol("function2", FUNC, LOCAL, 16, 16);
        assertThat(nameAt(0)).isEqualTo("function");
        assertThat(nameAt(15)).isEqualTo("function");
        assertThat(nameAt(16)).isEqualTo("function2");
    }

    @Test
    void onlyWhatCanBeAFunctionIsOne() throws Exception {
        elf.symbol("object", OBJECT, GLOBAL, 0, 16)
                .symbol("$x", NONE, LOCAL, 0x10, 0)
                .symbol("sized_label", NONE, LOCAL, 0x20, 16)
                .symbol("resolver", IFUNC, GLOBAL, 0x30, 16)
                .symbol("", FUNC, GLOBAL, 0x40, 16)
                .rawSymbol("undefined", 0x12, 0, HandmadeElf.TEXT_ADDRESS + 0x50, 16)
                .rawSymbol("absolute", 0x12, 0xfff1, HandmadeElf.TEXT_ADDRESS + 0x60, 16)
                .rawSymbol("many_sections", 0x12, 0xffff, HandmadeElf.TEXT_ADDRESS + 0x70, 16)
                .rawSymbol("in_data", 0x12, 2, HandmadeElf.TEXT_ADDRESS + 0x5000, 16)
                .symbol("end_of_text", NONE, GLOBAL, HandmadeElf.TEXT_SIZE, 0)
                .symbol("too_long", FUNC, GLOBAL, HandmadeElf.TEXT_SIZE - 8, -1);
        assertThat(nameAt(0)).isEqualTo("-");
        assertThat(nameAt(0x10)).isEqualTo("-");
        assertThat(nameAt(0x20)).isEqualTo("sized_label");
        assertThat(nameAt(0x30)).isEqualTo("resolver");
        assertThat(nameAt(0x40)).isEqualTo("-");
        assertThat(nameAt(0x50)).isEqualTo("-");
        assertThat(nameAt(0x60)).isEqualTo("-");
        assertThat(nameAt(0x70)).isEqualTo("many_sections");
        assertThat(nameAt(0x5000)).isEqualTo("-");
        assertThat(nameAt(HandmadeElf.TEXT_SIZE - 1)).isEqualTo("too_long");
        assertThat(nameAt(HandmadeElf.TEXT_SIZE)).isEqualTo("-");
    }

    @Test
    void dynamicSymbolsCountWhereTheFullTableHasNone() throws Exception {
        elf.symbol("kept", FUNC, LOCAL, 0, 16)
                .dynamicSymbol("exported", FUNC, GLOBAL, 0, 16)
                .dynamicSymbol("only_exported", FUNC, GLOBAL, 16, 16);
        assertThat(nameAt(0)).isEqualTo("kept");
        assertThat(nameAt(16)).isEqualTo("only_exported");
    }

    @Test
    void thumbFunctionsBeginAtAnEvenAddress() throws Exception {
        HandmadeElf arm =
                new HandmadeElf(false, ByteOrder.LITTLE_ENDIAN)
                        .machine(40)
                        .symbol("thumb", FUNC, GLOBAL, 0x11, 4);
        FunctionTable table = FunctionTable.read(arm.open(), 10);
        assertThat(table.startOf(0)).isEqualTo(HandmadeElf.TEXT_OFFSET + 0x10);
        assertThat(table.endOf(0)).isEqualTo(HandmadeElf.TEXT_OFFSET + 0x14);
    }

    @Test
    void versionsAreNoPartOfAName() throws Exception {
        elf.symbol("memcpy@@GLIBC_2.14", FUNC, GLOBAL, 0, 8)
                .symbol("memcpy_longer", FUNC, GLOBAL, 0, 8)
                .symbol("old@V-1+2", FUNC, GLOBAL, 8, 8)
                .symbol("@odd", FUNC, GLOBAL, 16, 8)
                .symbol("odd@", FUNC, GLOBAL, 24, 8)
                .symbol("a@b c", FUNC, GLOBAL, 32, 8);
        assertThat(nameAt(0)).isEqualTo("memcpy");
        assertThat(nameAt(8)).isEqualTo("old");
        assertThat(nameAt(16)).isEqualTo("@odd");
        assertThat(nameAt(24)).isEqualTo("odd@");
        assertThat(nameAt(32)).isEqualTo("a@b c");
    }

    @Test
    void hostileNamesAreCutAndMadeLegible() throws Exception {
        elf.symbol("a\nb\u001b[31m\u0080", FUNC, GLOBAL, 0, 8)
                .symbol("\u00e2\u0080\u00aetxt", FUNC, GLOBAL, 8, 8) // U+202E, right to left
                .symbol("main.\u00c2\u00b7x", FUNC, GLOBAL, 16, 8)
                .symbol("x".repeat(4096), FUNC, GLOBAL, 24, 8)
                .symbol("y".repeat(4097), FUNC, GLOBAL, 32, 8)
                .symbol("z".repeat(300), FUNC, GLOBAL, 40, 8);
        assertThat(nameAt(0)).isEqualTo("a\ufffdb\ufffd[31m\ufffd");
        assertThat(nameAt(8)).isEqualTo("\ufffdtxt");
        assertThat(nameAt(16)).isEqualTo("main.·x");
        assertThat(nameAt(24)).isEqualTo("x".repeat(4096));
        assertThat(nameAt(32)).isEqualTo("y".repeat(4096) + "…");
        assertThat(nameAt(40)).isEqualTo("z".repeat(300));
    }

    @Test
    void moreNestedFunctionsThanTheLimitForgetTheOutermost() throws Exception {
        for (int i = 0; i < 100; i++) {
            elf.symbol("f" + i, FUNC, GLOBAL, i, 2 * (100 - i) + 1);
        }
        assertThat(nameAt(99)).isEqualTo("f99");
        assertThat(nameAt(102)).isEqualTo("f98");
        assertThat(nameAt(164)).isEqualTo("f36");
        assertThat(nameAt(165)).isEqualTo("-");
    }

    @Test
    void tooManyFunctionsAreRefusedBeforeAnythingIsKept() throws Exception {
        elf.symbol("a", FUNC, GLOBAL, 0, 8).symbol("b", FUNC, GLOBAL, 8, 8);
        ElfFile file = elf.open();
        assertThat(FunctionTable.read(file, 2).size()).isEqualTo(2);
        assertThatThrownBy(() -> FunctionTable.read(file, 1))
                .isInstanceOf(TooManyFunctionsException.class)
                .hasMessage("functions: 2 (expected: at most 1)");
    }

    @Test
    void compressedSymbolTablesAreRefused() {
        elf.symbol("a", FUNC, GLOBAL, 0, 8).compressedSymbols();
        assertThatThrownBy(() -> FunctionTable.read(elf.open(), 10))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("symbols: compressed (expected: plain)");
    }

    @Test
    void aFileWithoutFunctionsHasAnEmptyTable() throws Exception {
        assertThat(FunctionTable.read(elf.open(), 10)).isSameAs(FunctionTable.empty());
        assertThat(FunctionTable.empty().indexOf(0)).isEqualTo(-1);
    }
}

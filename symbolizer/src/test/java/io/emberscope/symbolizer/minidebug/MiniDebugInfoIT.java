package io.emberscope.symbolizer.minidebug;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Tools;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.BinarySymbols;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import io.emberscope.symbolizer.symbols.SymbolSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A library that is stripped as Fedora's packages are, by `nm`, `objcopy` and `xz`, beside what
/// `nm` says of it before.
class MiniDebugInfoIT {
    private static final int FUNCTIONS_MAX = 1 << 20;
    private static final int FUNCTIONS = 400;

    @TempDir Path directory;

    @Test
    void aStrippedLibraryHasTheNamesItHadBefore() throws Exception {
        StringBuilder code = new StringBuilder();
        for (int i = 0; i < FUNCTIONS; i++) {
            code.append("__attribute__((noinline)) static int hidden_%d(int x) ".formatted(i))
                    .append("{ __asm__ volatile(\"nop\"); return x * %d; }\n".formatted(i + 3))
                    .append("int shown_%d(int x) { return hidden_%d(x) + 1; }\n".formatted(i, i));
        }
        code.append("int other_name(int x) __attribute__((alias(\"shown_7\")));\n");
        code.append("__attribute__((visibility(\"hidden\"))) int inner(int x)")
                .append(" __attribute__((alias(\"shown_8\")));\n");
        Files.writeString(directory.resolve("library.c"), code);
        run("gcc -O1 -shared -fPIC -Wl,--build-id -o whole library.c");
        run("cp whole stripped");
        run("strip stripped");
        Path bare = directory.resolve("bare");
        Files.copy(directory.resolve("stripped"), bare);
        addMiniDebugInfo("whole", "stripped");

        List<String[]> functions =
                output("nm -S whole")
                        .lines()
                        .map(line -> line.split(" ", -1))
                        .filter(words -> words.length == 4 && words[2].matches("[tTiW]"))
                        .toList();
        assertThat(functions).hasSizeGreaterThan(2 * FUNCTIONS);
        assertThat(names(bare, functions)).as("without it").isLessThan(FUNCTIONS + 20);

        Path target = directory.resolve("symbols");
        try (PathSource source = PathSource.open(directory.resolve("stripped"))) {
            ElfFile file = ElfFile.open(source);
            assertThat(MiniDebugInfo.isIn(file)).isTrue();
            BinarySymbols.Told told =
                    BinarySymbols.write(
                            file,
                            DebugInfo.of(file),
                            FUNCTIONS_MAX,
                            SymbolLimits.OF_SERVER,
                            new LocalDisk(),
                            target);
            assertThat(told.leftOut()).isEmpty();
        }
        try (SymbolFile symbols =
                        SymbolFile.open(
                                PathSource.open(target), "symbols", new SymbolMemory(8 << 20));
                PathSource source = PathSource.open(directory.resolve("whole"))) {
            assertThat(symbols.sources())
                    .containsExactlyInAnyOrder(
                            SymbolSource.DYNAMIC_SYMBOLS, SymbolSource.MINI_DEBUG_INFO);
            ElfFile whole = ElfFile.open(source);
            FunctionTable before = FunctionTable.read(whole, FUNCTIONS_MAX);
            for (String[] words : functions) {
                long address = Long.parseUnsignedLong(words[0], 16);
                long last = address + Long.parseUnsignedLong(words[1], 16) - 1;
                Set<String> names =
                        functions.stream()
                                .filter(other -> other[0].equals(words[0]))
                                .map(other -> other[3])
                                .collect(Collectors.toSet());
                int index = before.indexOf(whole.fileOffsetOf(address));
                for (long at : new long[] {address, last}) {
                    String found = symbols.find(at).getFirst().function();
                    assertThat(found)
                            .as("%s at %x", words[3], at)
                            .isIn(names)
                            .as("the same of several as without stripping")
                            .isEqualTo(before.name(index, source));
                }
            }
        }
    }

    private static int names(Path file, List<String[]> functions) throws IOException {
        int named = 0;
        try (PathSource source = PathSource.open(file)) {
            ElfFile elf = ElfFile.open(source);
            FunctionTable table = FunctionTable.read(elf, FUNCTIONS_MAX);
            for (String[] words : functions) {
                long address = Long.parseUnsignedLong(words[0], 16);
                named += table.indexOf(elf.fileOffsetOf(address)) >= 0 ? 1 : 0;
            }
        }
        return named;
    }

    /// Keeps the functions that the dynamic linker does not know of, in a compressed section.
    private void addMiniDebugInfo(String whole, String stripped) throws Exception {
        Set<String> dynamic =
                output("nm -D --format=posix --defined-only " + whole)
                        .lines()
                        .map(line -> line.replaceFirst("[ @].*", ""))
                        .collect(Collectors.toSet());
        Set<String> kept =
                output("nm --format=posix --defined-only " + whole)
                        .lines()
                        .map(line -> line.split(" ", -1))
                        .filter(words -> words[1].matches("[tTD]"))
                        .map(words -> words[0].replaceFirst("@.*", ""))
                        .filter(name -> !dynamic.contains(name))
                        .collect(Collectors.toCollection(TreeSet::new));
        Files.write(directory.resolve("kept"), kept);
        run("objcopy --only-keep-debug " + whole + " debug");
        run("objcopy -S --remove-section .comment --keep-symbols=kept debug mini");
        run("xz -f mini");
        run("objcopy --add-section .gnu_debugdata=mini.xz " + stripped);
    }

    private void run(String command) throws Exception {
        output(command);
    }

    private String output(String command) throws Exception {
        return new Tools(directory).output(command.split(" ", -1));
    }
}

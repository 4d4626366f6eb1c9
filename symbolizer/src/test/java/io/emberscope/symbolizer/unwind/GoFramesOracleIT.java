package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.Segment;
import io.emberscope.symbolizer.go.GoToolchain;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Rows made from `.gopclntab` beside those that Go's linker writes into `.debug_frame` of the same
/// program, as `readelf` reads them; and the same program stripped.
class GoFramesOracleIT {

    /// How runtime.sigreturn begins: mov $15, %rax.
    private static final byte[] RT_SIGRETURN = {0x48, (byte) 0xc7, (byte) 0xc0, 15, 0, 0, 0};

    private static final String GO =
            """
            package main

            import (
                "fmt"
                "sort"
            )

            func main() {
                numbers := []int{3, 1, 2}
                sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
                fmt.Println(numbers)
            }
            """;

    private static final String GO_AND_C =
            """
            package main

            // #include <stdlib.h>
            // static int twice(int n) { return 2 * abs(n); }
            import "C"
            import "fmt"

            func main() {
                fmt.Println(C.twice(-2))
            }
            """;

    @TempDir Path directory;

    @Test
    void everyRowHasTheFrameThatTheDebugInformationHas() throws Exception {
        everyRowHasTheFrameThatTheDebugInformationHas(GO, List.of());
        everyRowHasTheFrameThatTheDebugInformationHas(GO, List.of("-buildmode=pie"));
    }

    /// Go counts its functions from a place within `.text` that the file does not tell.
    @Test
    void codeBehindThatOfTheCompilerOfCIsFound() throws Exception {
        everyRowHasTheFrameThatTheDebugInformationHas(GO_AND_C, List.of());
        everyRowHasTheFrameThatTheDebugInformationHas(GO_AND_C, List.of("-buildmode=pie"));
    }

    private void everyRowHasTheFrameThatTheDebugInformationHas(String code, List<String> options)
            throws Exception {
        Path program = build("program", code, options);
        Rows table = read(program);
        assertThat(table.size()).isGreaterThan(5_000);
        List<FramesInterp.Function> functions = FramesInterp.of(program, ".debug_frame");
        assertThat(functions).hasSizeGreaterThan(1_000);
        int equal = 0;
        int unknown = 0;
        int outermost = 0;
        List<String> differences = new ArrayList<>();
        try (PathSource source = PathSource.open(program)) {
            ElfFile elf = ElfFile.open(source);
            for (FramesInterp.Function function : functions) {
                for (FramesInterp.Row row : function.rows()) {
                    if (row.address() < function.start() || row.address() >= function.end()) {
                        continue;
                    }
                    long offset = codeOffset(elf, row.address());
                    String found = table.text(table.ruleAt(offset));
                    if (found.equals("none")) {
                        unknown++;
                    } else if (found.equals("end") || found.startsWith("signal")) {
                        outermost++;
                    } else if (found.replaceAll("^r7", "rsp")
                            .replaceAll(" .*", "")
                            .equals(row.cfa())) {
                        equal++;
                    } else {
                        differences.add(
                                Long.toHexString(row.address()) + ": " + found + " " + row.cfa());
                    }
                }
            }
        }
        System.out.printf(
                "go oracle: %s: %d rows equal, %d of code that moves its stack pointer freely, %d"
                        + " outermost%n",
                options, equal, unknown, outermost);
        assertThat(differences.stream().limit(10)).isEmpty();
        assertThat(unknown + outermost).isLessThan(equal / 20);

        signalRuleHoldsFromOneByteBefore(table, program);

        List<String> stripped = new ArrayList<>(options);
        stripped.add("-ldflags=-s -w");
        Rows same = read(build("stripped", code, stripped));
        // But for code of C that only symbols tell of.
        assertThat(same.size()).isBetween(table.size() - 100, table.size());
        for (int row = 0; row < same.size(); row++) {
            if (same.rule(row) != Rule.NONE) {
                assertThat(table.text(table.ruleAt(same.offset(row))))
                        .isEqualTo(same.text(same.rule(row)));
            }
        }
    }

    /// Handlers return to the first byte of the code that ends them; it is looked up a byte before.
    private static void signalRuleHoldsFromOneByteBefore(Rows table, Path program)
            throws Exception {
        byte[] bytes = Files.readAllBytes(program);
        int found = 0;
        for (int row = 0; row < table.size(); row++) {
            if (table.text(table.rule(row)).startsWith("signal")) {
                int at = (int) table.offset(row) + 1;
                assertThat(Arrays.copyOfRange(bytes, at, at + RT_SIGRETURN.length))
                        .isEqualTo(RT_SIGRETURN);
                found++;
            }
        }
        assertThat(found).isEqualTo(1);
    }

    @Test
    void damagedTablesAreReadOrRefused() throws Exception {
        byte[] whole = Files.readAllBytes(build("damaged", GO, List.of("-ldflags=-s -w")));
        Section table = ElfFile.open(new ArraySource(whole)).section(".gopclntab").orElseThrow();
        for (long seed = 0; seed < Long.getLong("mutation.rounds", 100_000) / 500; seed++) {
            Random random = new Random(seed);
            byte[] bytes = whole.clone();
            for (int i = 1 + random.nextInt(20); i > 0; i--) {
                // Mostly the header, else anywhere in the table.
                int at = random.nextInt(random.nextBoolean() ? 80 : (int) table.size());
                bytes[(int) table.offset() + at] = (byte) random.nextInt(256);
            }
            try {
                UnwindTableFuzzTarget.fuzzerTestOneInput(bytes);
            } catch (Exception | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static long codeOffset(ElfFile elf, long address) {
        for (Segment segment : elf.segments()) {
            if (segment.isCode()
                    && Long.compareUnsigned(address - segment.address(), segment.fileSize()) < 0) {
                return address - segment.address() + segment.offset();
            }
        }
        throw new AssertionError("no code at " + Long.toHexString(address));
    }

    private static Rows read(Path program) throws Exception {
        try (PathSource source = PathSource.open(program)) {
            return Rows.read(ElfFile.open(source));
        }
    }

    private Path build(String name, String code, List<String> options) throws Exception {
        Path source = Files.writeString(directory.resolve("main.go"), code);
        Path program = directory.resolve(name);
        GoToolchain.build(
                program, source, options, Map.of("CGO_ENABLED", code.equals(GO) ? "0" : "1"));
        return program;
    }
}

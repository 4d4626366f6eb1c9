package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A program with musl's C library, which is built without call frame instructions.
class MuslProgramIT {

    @TempDir Path directory;

    @Test
    void whatHandlersReturnToHasTheRuleOfSignals() throws Exception {
        Path program = build();
        long restore = symbol(program, "__restore_rt");
        try (PathSource source = PathSource.open(program)) {
            ElfFile elf = ElfFile.open(source);
            Rows table = Rows.read(elf);
            long at = elf.fileOffsetOf(restore);
            assertThat(table.text(table.ruleAt(at - 2))).doesNotStartWith("signal");
            assertThat(table.text(table.ruleAt(at - 1))).isEqualTo("signal+160");
            assertThat(table.text(table.ruleAt(at))).isEqualTo("signal+160");
            assertThat(table.text(table.ruleAt(at + 8))).isEqualTo("signal+160");
            assertThat(table.text(table.ruleAt(at + 9))).doesNotStartWith("signal");
        }
    }

    /// Where a symbol is, by `readelf`.
    private static long symbol(Path program, String name) throws Exception {
        Process process =
                new ProcessBuilder("readelf", "--wide", "--symbols", program.toString()).start();
        List<Long> found = new ArrayList<>();
        for (String line : process.inputReader().lines().toList()) {
            String[] cells = line.strip().split(" +", -1);
            if (cells.length == 8 && cells[7].equals(name)) {
                found.add(Long.parseUnsignedLong(cells[1], 16));
            }
        }
        assertThat(process.waitFor()).isZero();
        assertThat(found).as(name).hasSize(1);
        return found.getFirst();
    }

    private Path build() throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/musl-gcc")),
                "no musl-gcc: apt-get install musl-tools");
        Path source =
                Files.writeString(
                        directory.resolve("main.c"),
                        """
                        #include <signal.h>
                        static volatile int seen;
                        static void handler(int number) { seen = number; }
                        int main(void)
                        {
                            struct sigaction action = { .sa_handler = handler };
                            sigaction(SIGUSR1, &action, 0);
                            raise(SIGUSR1);
                            return seen != SIGUSR1;
                        }
                        """);
        Path program = directory.resolve("program");
        Process compiler =
                new ProcessBuilder(
                                "musl-gcc",
                                "-static",
                                "-O2",
                                "-o",
                                program.toString(),
                                source.toString())
                        .inheritIO()
                        .start();
        assertThat(compiler.waitFor()).isZero();
        assertThat(new ProcessBuilder(program.toString()).start().waitFor()).isZero();
        return program;
    }
}

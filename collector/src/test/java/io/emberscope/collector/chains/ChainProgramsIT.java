package io.emberscope.collector.chains;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChainProgramsIT {
    private static final Duration BURN = Duration.ofMillis(20);

    @TempDir Path directory;

    @Test
    void everyProgramTellsItsChainsAndEndsWell() throws Exception {
        List<ChainProgram> programs = ChainPrograms.all(directory);

        assertThat(programs).extracting(ChainProgram::name).doesNotHaveDuplicates();
        assertThat(programs)
                .extracting(ChainProgram::name)
                .contains(
                        "basic-gcc-O2/vfork",
                        "asm-gcc-O2/cfa-r10",
                        "host-gcc-O2-lazy/stub",
                        "rust-O2/panic",
                        "go/recursion-300");
        for (ChainProgram program : programs) {
            Path output = directory.resolve("output.txt");
            Process process =
                    new ProcessBuilder(program.command(BURN))
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
            int status = process.waitFor();
            String said = Files.readString(output);
            assertThat(status).as("%s: %s", program.name(), said).isZero();
            Chains chains = Chains.parse(program.binary(), said.lines().toList());
            assertThat(chains.windows()).as(program.name()).isNotEmpty();
            assertThat(chains.windows())
                    .as("%s is done with all it began", program.name())
                    .noneMatch(window -> window.toNanos() == Long.MAX_VALUE);
        }
    }
}

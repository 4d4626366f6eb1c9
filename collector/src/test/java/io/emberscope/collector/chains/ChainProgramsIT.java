package io.emberscope.collector.chains;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("side-by-side")
final class ChainProgramsIT {
    private static final Duration BURN = Duration.ofMillis(5);

    @TempDir Path directory;

    @Test
    void everyProgramTellsItsChainsAndEndsWell() throws Exception {
        List<ChainProgram> programs = ChainPrograms.all();

        assertThat(programs).extracting(ChainProgram::name).doesNotHaveDuplicates();
        assertThat(programs)
                .extracting(ChainProgram::name)
                .contains(
                        "basic-gcc-O2/vfork",
                        "asm-gcc-O2/cfa-r10",
                        "host-gcc-O2-lazy/stub",
                        "rust-O2/panic",
                        "go/recursion-300");
        List<Chains> told = ChainPrograms.run(programs, BURN, directory);
        for (int i = 0; i < programs.size(); i++) {
            String name = programs.get(i).name();
            assertThat(told.get(i).windows()).as(name).isNotEmpty();
            assertThat(told.get(i).windows())
                    .as("%s is done with all it began", name)
                    .noneMatch(window -> window.toNanos() == Long.MAX_VALUE);
        }
    }
}

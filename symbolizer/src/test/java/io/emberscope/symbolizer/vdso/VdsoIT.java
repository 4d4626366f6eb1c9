package io.emberscope.symbolizer.vdso;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class VdsoIT {
    @Test
    void theVdsoOfThisProcessNamesTheClock() throws Exception {
        Vdso vdso = Vdso.ofThisProcess().orElseThrow();
        assertThat(vdso.buildId()).matches("[0-9a-f]{40}");
        List<String> names = new ArrayList<>();
        for (int i = 0; i < vdso.functions().size(); i++) {
            names.add(vdso.name(vdso.functions().startOf(i)).orElseThrow());
            assertThat(vdso.name(vdso.functions().endOf(i) - 1)).contains(names.getLast());
        }
        assertThat(String.join(" ", names)).contains("clock_gettime").contains("gettimeofday");
        assertThat(vdso.name(0)).isEmpty();
        assertThat(vdso.name(-1)).isEmpty();
    }

    @Test
    void aProcessWithoutOneHasNone(@TempDir Path directory) throws Exception {
        Path maps = Files.writeString(directory.resolve("maps"), "400000-401000 r-xp 0 0:0 0 /x\n");
        assertThat(Vdso.read(maps, Path.of("/proc/self/mem"))).isEmpty();
    }
}

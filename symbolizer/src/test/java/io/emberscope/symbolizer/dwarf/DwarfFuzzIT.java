package io.emberscope.symbolizer.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DwarfFuzzIT {
    @TempDir Path directory;

    @Test
    void debugInformationIsReadOrRefusedWhateverItsBytes() throws Exception {
        List<byte[]> seeds = new ArrayList<>();
        DebugInfoTest.kinds().forEach(kind -> seeds.add(kind.sections().bytes()));
        seeds.add(
                new HandmadeDwarf(5, false, true, ByteOrder.LITTLE_ENDIAN)
                        .cycle()
                        .sections()
                        .bytes());
        // Those of compilers have much that is not made by hand: split units among it.
        seeds.add(compiled("main.c", "-gdwarf-5", "-O2", "-gsplit-dwarf", "-c"));
        seeds.add(Files.readAllBytes(directory.resolve("out.dwo")));
        seeds.add(compiled("main.c", "-gdwarf-4", "-O2", "-gsplit-dwarf", "-c"));
        seeds.add(Files.readAllBytes(directory.resolve("out.dwo")));
        seeds.add(compiled("main.c", "-gdwarf-5", "-O2", "-nostdlib", "-static", "-Wl,-e,f"));
        FuzzRun.of(DwarfFuzzTarget.class, "io.emberscope.symbolizer", 16 * 1024, seeds);
    }

    @Test
    void entriesAreReadOrRefusedWhateverTheirBytes() throws Exception {
        List<byte[]> seeds = new ArrayList<>();
        for (int kind = 0; kind < InfoFuzzTarget.KINDS.size(); kind++) {
            seeds.add(InfoFuzzTarget.seed(kind));
        }
        FuzzRun.of(InfoFuzzTarget.class, "io.emberscope.symbolizer.dwarf", 1024, seeds);
    }

    @Test
    void linesAndRangesAreReadOrRefusedWhateverTheirBytes() throws Exception {
        List<byte[]> seeds = new ArrayList<>();
        for (int kind = 0; kind < InfoFuzzTarget.KINDS.size(); kind++) {
            seeds.add(LinesFuzzTarget.seed(kind, 0));
            seeds.add(LinesFuzzTarget.seed(kind, 1));
        }
        FuzzRun.of(LinesFuzzTarget.class, "io.emberscope.symbolizer.dwarf", 1024, seeds);
    }

    private byte[] compiled(String name, String... options) throws Exception {
        Path source =
                Files.writeString(
                        directory.resolve(name),
                        """
                        static inline int g(int x) { return x * x + 1; }
                        int f(int x) { return g(x) + g(x + 1); }
                        """);
        List<String> command = new ArrayList<>(List.of("gcc", "-o", "out.o", source.toString()));
        command.addAll(List.of(options));
        Process process =
                new ProcessBuilder(command).directory(directory.toFile()).inheritIO().start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        return Files.readAllBytes(directory.resolve("out.o"));
    }
}

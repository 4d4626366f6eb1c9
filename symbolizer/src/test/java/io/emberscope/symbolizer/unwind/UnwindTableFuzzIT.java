package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnwindTableFuzzIT {
    @TempDir Path directory;

    @Test
    void tablesAreReadOrRefusedWhateverTheBytes() throws Exception {
        List<byte[]> seeds = seeds();
        seeds.add(compiled("-s"));
        seeds.add(compiled("-fno-asynchronous-unwind-tables"));
        seeds.add(compiled("-fno-asynchronous-unwind-tables", "-g"));
        seeds.add(compiled("-fno-asynchronous-unwind-tables", "-g", "-gz=zlib"));
        FuzzRun.of(UnwindTableFuzzTarget.class, "io.emberscope.symbolizer", 32 * 1024, seeds);
    }

    @Test
    void codeIsFollowedOrGivenUpWhateverItIs() throws Exception {
        byte[] program = compiled("-fno-asynchronous-unwind-tables");
        List<byte[]> seeds = List.of(java.util.Arrays.copyOfRange(program, 0x1000, 0x1080));
        FuzzRun.of(StackDepthsFuzzTarget.class, "io.emberscope.symbolizer", 4 * 1024, seeds);
    }

    private byte[] compiled(String... options) throws Exception {
        Path source =
                Files.writeString(
                        directory.resolve("main.c"),
                        """
                        int f(int x) { return x ? x * f(x - 1) : 1; }
                        void _start(void) { for (;;) f(3); }
                        """);
        Path program = directory.resolve("program");
        List<String> command = new ArrayList<>(List.of("cc", "-O1", "-nostdlib", "-static"));
        command.addAll(List.of(options));
        command.addAll(List.of("-o", program.toString(), source.toString()));
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor()).isZero();
        return Files.readAllBytes(program);
    }

    /// One of each kind of entry, instruction and expression.
    static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        HandmadeFrames rich =
                HandmadeFrames.usual()
                        .function(0, 0x20, 0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x0a, 0x5b, 0x0b)
                        .function(
                                0x20, 0x10, 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a,
                                0x33, 0x24, 0x22)
                        .function(0x30, 0x10, 0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0)
                        .function(0x40, 0x10, 0x0f, 5, 0x77, 16, 0x06, 0x23, 8)
                        .function(0x50, 0x10, 0x07, 16)
                        .function(0x60, 0x10, 0x0e, 0, 0x09, 16, 5)
                        .function(0x70, 0x10, 0x02, 3, 0x03, 1, 0, 0x04, 1, 0, 0, 0, 0x08, 6)
                        .function(0x80, 0x10, 0x05, 6, 2, 0x11, 6, 0x7e, 0x12, 7, 0x7f, 0x13, 0x7e)
                        .function(0x90, 0x10, 0x14, 7, 0, 0x15, 7, 0, 0x16, 3, 1, 0x30, 0x2e, 8)
                        .function(0xa0, 0x10, 0x0e, 16, 0x83, 2, 0x41, 0x0d, 3)
                        .common("zRS", 0x0f, 4, 0x77, 0xa0, 1, 0x06, 0x80 | 16, 1)
                        .function(0xb0, 0x10);
        seeds.add(rich.elf().bytes());
        seeds.add(rich.elf().withoutSections().bytes());
        seeds.add(HandmadeFrames.usual().function(0, 8).elf().bytes());
        seeds.addAll(GoFramesTest.seeds());
        return seeds;
    }

    @Test
    void damagedFilesAreReadOrRefused() {
        List<byte[]> seeds = seeds();
        for (long seed = 0; seed < Long.getLong("mutation.rounds", 40_000); seed++) {
            Random random = new Random(seed);
            byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
            for (int i = 1 + random.nextInt(6); i > 0; i--) {
                // Mostly in what comes after the code: sections and frames.
                int at =
                        random.nextInt(4) == 0
                                ? random.nextInt(bytes.length)
                                : 0x2000 + random.nextInt(bytes.length - 0x2000);
                bytes[at] = (byte) random.nextInt(256);
            }
            try {
                UnwindTableFuzzTarget.fuzzerTestOneInput(bytes);
            } catch (Exception | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }
}

package io.emberscope.symbolizer.elf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.fuzz.FuzzRun;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfFuzzIT {
    @TempDir Path directory;

    @Test
    void elfFilesAreReadOrRefusedWhateverTheirBytes() throws Exception {
        List<byte[]> seeds = seeds();
        seeds.add(compiled("-s"));
        seeds.add(compiled("-s", "-fcf-protection", "-Wl,-z,ibtplt,-z,noseparate-code"));
        FuzzRun.of(ElfFuzzTarget.class, "io.emberscope.symbolizer", 32 * 1024, seeds);
    }

    /// A small program, for the parts that are too laborious to write by hand.
    private byte[] compiled(String... options) throws Exception {
        Path source =
                Files.writeString(
                        directory.resolve("main.c"),
                        "#include <stdio.h>\nint main(void) { return puts(\"x\"); }\n");
        Path program = directory.resolve("program");
        List<String> command = new ArrayList<>(List.of("cc", "-Os", "-o", program.toString()));
        command.addAll(List.of(options));
        command.add(source.toString());
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor()).isZero();
        return Files.readAllBytes(program);
    }

    /// One file of each kind.
    static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
            for (boolean wide : new boolean[] {true, false}) {
                seeds.add(rich(wide, order).bytes());
                seeds.add(rich(wide, order).withoutSections().bytes());
                seeds.add(rich(wide, order).withoutSections().gnuHash().bytes());
                seeds.add(rich(wide, order).extendedNumbers().bytes());
            }
        }
        return seeds;
    }

    private static HandmadeElf rich(boolean wide, ByteOrder order) {
        return new HandmadeElf(wide, order)
                .machine(40)
                .buildId(new byte[] {1, 2, 3, 4, 5, 6, 7, 8})
                .symbol("outer", 2, 1, 0, 0x100)
                .symbol("inner", 2, 0, 0x20, 0x20)
                .symbol("alias", 2, 0, 0x20, 0x20)
                .symbol("aliaz", 2, 0, 0x20, 0x10)
                .symbol("unsized@@V1", 2, 2, 0x200, 0)
                .symbol("label", 0, 1, 0x300, 0)
                .dynamicSymbol("shared", 2, 1, 0x400, 16)
                .dynamicSymbol("chosen", 10, 1, 0x410, 16);
    }
}

package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import io.emberscope.symbolizer.elf.HandmadeElf;
import io.emberscope.symbolizer.symbols.SymbolFile.CodeFrame;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfSymbolsTest {
    private static final int FUNCTION = 2;
    private static final int GLOBAL = 1;
    private static final int TEXT = HandmadeElf.TEXT_ADDRESS;

    @TempDir Path directory;

    private static SymbolFile written(HandmadeElf elf) throws IOException {
        FaultyDisk disk = new FaultyDisk(1);
        disk.createDirectories(CodeModel.TARGET.getParent());
        write(
                ElfFile.open(new ArraySource(elf.bytes())),
                1000,
                SymbolLimits.OF_AGENT,
                disk,
                CodeModel.TARGET);
        return CodeModel.open(disk.read(CodeModel.TARGET, 1 << 20));
    }

    @Test
    void symbolsAreFoundByAddress() throws Exception {
        for (boolean wide : new boolean[] {false, true}) {
            try (SymbolFile file =
                    written(
                            new HandmadeElf(wide, ByteOrder.BIG_ENDIAN)
                                    .buildId((byte) 0xab, (byte) 0xcd)
                                    .symbol("outer", FUNCTION, GLOBAL, 0x10, 0x40)
                                    .symbol("inner", FUNCTION, GLOBAL, 0x20, 0x10))) {
                assertThat(file.find(TEXT + 0xfL)).isEmpty();
                assertThat(file.find(TEXT + 0x10L)).containsExactly(frame("outer"));
                assertThat(file.find(TEXT + 0x2fL)).containsExactly(frame("inner"));
                assertThat(file.find(TEXT + 0x30L)).containsExactly(frame("outer"));
                assertThat(file.find(TEXT + 0x50L)).isEmpty();
                assertThat(file.symbols()).isEqualTo(3);
                assertThat(file.functions()).isEqualTo(2);
                assertThat(file.buildId()).isEqualTo("abcd");
                assertThat(file.addresses().of(HandmadeElf.TEXT_OFFSET + 5)).isEqualTo(TEXT + 5L);
                assertThat(file.sources()).containsExactly(SymbolSource.SYMBOLS);
            }
        }
    }

    @Test
    void aStrippedBinaryHasItsDynamicSymbols() throws Exception {
        try (SymbolFile file =
                written(HandmadeElf.usual().dynamicSymbol("f", FUNCTION, GLOBAL, 0, 16))) {
            assertThat(file.find(TEXT)).containsExactly(frame("f"));
            assertThat(file.sources()).containsExactly(SymbolSource.DYNAMIC_SYMBOLS);
        }
    }

    @Test
    void aLargeLibraryHasTheNamesOfItsFunctionTable() throws Exception {
        Path library = Path.of(System.getProperty("java.home"), "lib/server/libjvm.so");
        Path target = directory.resolve("libjvm.symbols");
        try (ByteSource source = PathSource.open(library)) {
            ElfFile elf = ElfFile.open(source);
            write(elf, 1 << 20, SymbolLimits.OF_SERVER, new LocalDisk(), target);
            FunctionTable table = FunctionTable.read(elf, 1 << 20);
            try (SymbolFile file =
                    SymbolFile.open(
                            PathSource.open(target), "libjvm", new SymbolMemory(512 << 10))) {
                assertThat(file.symbols()).isEqualTo(table.size()).isPositive();
                Place place = new Place();
                for (int i = 0; i < table.size(); i++) {
                    for (long offset : new long[] {table.startOf(i), table.endOf(i) - 1}) {
                        assertThat(file.find(elf.addresses().of(offset), place)).isTrue();
                        assertThat(place.function(0)).isEqualTo(table.name(i, source));
                    }
                    boolean isGap = table.indexOf(table.endOf(i)) < 0;
                    assertThat(file.find(elf.addresses().of(table.endOf(i)), place))
                            .isEqualTo(!isGap);
                }
            }
        }
    }

    static void write(ElfFile file, int functionsMax, SymbolLimits limits, Disk disk, Path target)
            throws IOException {
        try (SymbolFileWriter writer =
                new SymbolFileWriter(disk, target, file.buildId().orElse(""), limits)) {
            ElfSymbols.tell(file, functionsMax, writer);
            writer.finish();
        }
    }

    private static CodeFrame frame(String function) {
        return new CodeFrame(function, null, 0);
    }
}

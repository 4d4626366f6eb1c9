package io.emberscope.symbolizer.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElfFileTest {
    @ParameterizedTest
    @CsvSource({"true,LITTLE", "true,BIG", "false,LITTLE", "false,BIG"})
    void everyWidthAndByteOrderIsRead(boolean wide, String order) throws Exception {
        HandmadeElf handmade =
                new HandmadeElf(
                                wide,
                                order.equals("BIG")
                                        ? ByteOrder.BIG_ENDIAN
                                        : ByteOrder.LITTLE_ENDIAN)
                        .machine(21)
                        .buildId(new byte[] {0x01, (byte) 0xab, 0x00, (byte) 0xff})
                        .dynamicSymbol("shared", 2, 1, 0x40, 16)
                        .symbol("local", 2, 0, 0x10, 16);
        ElfFile file = handmade.open();
        assertThat(file.is64Bit()).isEqualTo(wide);
        assertThat(file.type()).isEqualTo(3);
        assertThat(file.machine()).isEqualTo(21);
        assertThat(file.segments()).hasSize(4);
        assertThat(file.sections()).hasSize(7);
        assertThat(file.buildId()).contains("01ab00ff");
        assertThat(file.soname()).contains("shared");
        assertThat(file.fileOffsetOf(HandmadeElf.TEXT_ADDRESS + 5))
                .isEqualTo(HandmadeElf.TEXT_OFFSET + 5);
        assertThat(file.addresses().of(HandmadeElf.TEXT_OFFSET + 5))
                .isEqualTo(HandmadeElf.TEXT_ADDRESS + 5);
        assertThat(file.fileOffsetOf(HandmadeElf.TEXT_ADDRESS + HandmadeElf.TEXT_SIZE))
                .isEqualTo(ElfFile.NOWHERE);
        FunctionTable table = FunctionTable.read(file, 10);
        assertThat(table.name(table.indexOf(0x1010), handmade.source())).isEqualTo("local");
        assertThat(table.name(table.indexOf(0x104f), handmade.source())).isEqualTo("shared");
        assertThat(table.indexOf(0x1050)).isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource({"true,true", "true,false", "false,true", "false,false"})
    void withoutSectionsTheDynamicTableLeadsToNames(boolean wide, boolean gnuHash)
            throws Exception {
        HandmadeElf handmade =
                new HandmadeElf(wide, ByteOrder.LITTLE_ENDIAN)
                        .withoutSections()
                        .buildId(new byte[] {1, 2})
                        .dynamicSymbol("first", 2, 1, 0, 16)
                        .dynamicSymbol("second", 2, 1, 16, 16)
                        .dynamicSymbol("third", 2, 1, 32, 0);
        if (gnuHash) {
            handmade.gnuHash();
        }
        ElfFile file = handmade.open();
        assertThat(file.sections()).isEmpty();
        assertThat(file.buildId()).contains("0102");
        FunctionTable table = FunctionTable.read(file, 10);
        assertThat(table.size()).isEqualTo(3);
        assertThat(table.name(2, handmade.source())).isEqualTo("third");
        // Nothing but the segment bounds a symbol without a size.
        assertThat(table.endOf(2)).isEqualTo(HandmadeElf.TEXT_OFFSET + HandmadeElf.TEXT_SIZE);
    }

    @Test
    void numbersTooLargeForTheHeaderAreInSectionZero() throws Exception {
        ElfFile file = HandmadeElf.usual().extendedNumbers().open();
        assertThat(file.sections()).hasSize(7);
        assertThat(file.segments()).hasSize(4);
    }

    @Test
    void sectionsOutsideTheFileAreTakenAsNone() throws Exception {
        byte[] whole = HandmadeElf.usual().buildId(new byte[] {7}).bytes();
        ElfFile file = ElfFile.open(new ArraySource(Arrays.copyOf(whole, whole.length - 1)));
        assertThat(file.sections()).isEmpty();
        assertThat(file.buildId()).contains("07");
    }

    /// As the kernel, which runs such a file.
    @ParameterizedTest
    @CsvSource({"58, 0x01", "60, 0xffff"})
    void sectionHeadersOfTheWrongSizeOrNumberAreTakenAsNone(int place, String value)
            throws Exception {
        byte[] bytes = HandmadeElf.usual().buildId(new byte[] {7}).bytes();
        int number = Integer.decode(value);
        bytes[place] = (byte) number;
        bytes[place + 1] = (byte) (number >> 8);
        ElfFile file = ElfFile.open(new ArraySource(bytes));
        assertThat(file.sections()).isEmpty();
        assertThat(file.segments()).hasSize(4);
        assertThat(file.buildId()).contains("07");
    }

    @Test
    void whatIsNoElfFileIsRefusedByField() {
        String none = "file: not an ELF file (expected: one, which begins with 7f 45 4c 46)";
        assertRefused(new byte[0], none);
        assertRefused(new byte[64], none);
        assertRefused(
                Arrays.copyOf(HandmadeElf.usual().bytes(), 15),
                "elf.ident: 16 bytes at 0 (expected: within the file's 15 bytes)");
        byte[] classless = HandmadeElf.usual().bytes();
        classless[4] = 3;
        assertRefused(classless, "elf.class: 0x3 (expected: 0x1 or 0x2)");
        byte[] odd = HandmadeElf.usual().bytes();
        odd[54] = 57;
        assertRefused(odd, "elf.phentsize: 0x39 (expected: 0x38)");
        byte[] many = HandmadeElf.usual().bytes();
        many[57] = 0x7f;
        assertRefused(many, "elf.phnum: 32516 (expected: at most 1024)");
        byte[] far = HandmadeElf.usual().bytes();
        far[39] = (byte) 0x80;
        assertThatThrownBy(() -> ElfFile.open(new ArraySource(far)).segments())
                .isInstanceOf(MalformedInputException.class)
                .hasMessageStartingWith("segments: 224 bytes at 9223372036854775872 (expected: ");
    }

    private static void assertRefused(byte[] bytes, String message) {
        assertThatThrownBy(() -> ElfFile.open(new ArraySource(bytes)))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }

    @Test
    void buildIdsOfAnAbsurdLengthAreRefused() {
        assertThatThrownBy(() -> HandmadeElf.usual().buildId(new byte[65]).open().buildId())
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("build id: 65 bytes (expected: 1..64)");
    }

    @Test
    void aFileThatShrinksWhileItIsReadIsRefused() throws Exception {
        byte[] bytes = HandmadeElf.usual().symbol("f", 2, 1, 0, 16).bytes();
        Shrinking source = new Shrinking(bytes);
        ElfFile file = ElfFile.open(source);
        source.end = HandmadeElf.TEXT_OFFSET;
        assertThatThrownBy(() -> FunctionTable.read(file, 10))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageMatching("symbols: the file ended at [0-9]+ .*");
    }

    private static final class Shrinking implements ByteSource {
        private final ArraySource whole;
        long end;

        Shrinking(byte[] bytes) {
            whole = new ArraySource(bytes);
            end = bytes.length;
        }

        @Override
        public long size() {
            return whole.size();
        }

        /// One byte at a time, as a source is free to do.
        @Override
        public int read(long position, byte[] target, int offset, int length) {
            return position < end ? whole.read(position, target, offset, Math.min(1, length)) : -1;
        }

        @Override
        public void close() {}
    }
}

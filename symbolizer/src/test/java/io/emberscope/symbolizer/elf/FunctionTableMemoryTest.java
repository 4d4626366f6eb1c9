package io.emberscope.symbolizer.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// What a table costs while it is built, by the bytes this thread allocates, garbage included.
class FunctionTableMemoryTest {
    /// Buffers and odds and ends that do not depend on the file.
    private static final long FIXED_BYTES = 512 * 1024;

    private static final int SYMBOL_BYTES = 24;
    private static final int SYMBOLS_SIZE_FIELD = 32;

    /// A file whose symbol table goes on for as long as one likes, with symbols made on the fly, as
    /// a sparse file can have them. Of each function the next one covers the second half.
    private static final class Endless implements ByteSource {
        private final byte[] head;
        private final ArraySource beginning;
        private final long symbols;
        private final boolean functions;

        Endless(long symbols, boolean functions) {
            byte[] small = HandmadeElf.usual().symbol("f", 2, 1, 0, 16).bytes();
            head =
                    Arrays.copyOf(
                            small, (small.length + SYMBOL_BYTES) / SYMBOL_BYTES * SYMBOL_BYTES);
            this.beginning = new ArraySource(head);
            this.symbols = symbols;
            this.functions = functions;
            ByteBuffer bytes = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
            int section = (int) bytes.getLong(40) + 3 * 64;
            bytes.putLong(section + SYMBOLS_SIZE_FIELD - 8, head.length);
            bytes.putLong(section + SYMBOLS_SIZE_FIELD, symbols * SYMBOL_BYTES);
        }

        @Override
        public long size() {
            return head.length + symbols * SYMBOL_BYTES;
        }

        @Override
        public int read(long position, byte[] target, int offset, int length) {
            if (position < head.length) {
                return beginning.read(position, target, offset, length);
            }
            int whole = length / SYMBOL_BYTES;
            ByteBuffer out = ByteBuffer.wrap(target, offset, length).order(ByteOrder.LITTLE_ENDIAN);
            long number = (position - head.length) / SYMBOL_BYTES;
            for (int i = 0; i < whole; i++, number++) {
                out.putInt(1).putInt(functions ? 0x1_0012 : 0);
                out.putLong(HandmadeElf.TEXT_ADDRESS + number % HandmadeElf.TEXT_SIZE);
                out.putLong(2);
            }
            return whole * SYMBOL_BYTES;
        }

        @Override
        public void close() {}
    }

    private interface Reading {
        void run() throws IOException;
    }

    private static long allocated(Reading reading) throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        reading.run(); // so that loading classes does not count
        long before = threads.getCurrentThreadAllocatedBytes();
        reading.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    @Test
    void buildingTakesNoMoreThanIsSaidForEachFunction() throws Exception {
        int functions = 200_000;
        ByteSource source = new Endless(functions, true);
        long bytes =
                allocated(
                        () ->
                                assertThat(
                                                FunctionTable.read(ElfFile.open(source), functions)
                                                        .size())
                                        .isEqualTo(HandmadeElf.TEXT_SIZE));
        assertThat(bytes)
                .isLessThan(
                        (long) functions * FunctionTable.BUILD_BYTES_PER_FUNCTION + FIXED_BYTES);
    }

    @Test
    void symbolsThatAreNoFunctionsTakeNothing() throws Exception {
        ByteSource source = new Endless(1_000_000, false);
        assertThat(
                        allocated(
                                () ->
                                        assertThat(
                                                        FunctionTable.read(ElfFile.open(source), 10)
                                                                .size())
                                                .isZero()))
                .isLessThan(FIXED_BYTES);
    }

    @Test
    void tooManyFunctionsTakeNothingEither() throws Exception {
        ByteSource source = new Endless(1_000_000, true);
        assertThat(
                        allocated(
                                () ->
                                        assertThatThrownBy(
                                                        () ->
                                                                FunctionTable.read(
                                                                        ElfFile.open(source),
                                                                        999_999))
                                                .isInstanceOf(TooManyFunctionsException.class)))
                .isLessThan(2 * FIXED_BYTES);
    }

    @Test
    void aTableOfTerabytesIsRefusedUnread() {
        assertThatThrownBy(
                        () ->
                                FunctionTable.read(
                                        ElfFile.open(new Endless(1L << 36, true)), 1 << 20))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("symbols: 68719476736 (expected: at most 4194304)");
    }
}

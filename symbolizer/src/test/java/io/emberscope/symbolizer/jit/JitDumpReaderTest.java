package io.emberscope.symbolizer.jit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

class JitDumpReaderTest {
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    private final JitCode code = new JitCode(new JitMemory(8 << 20), 8 << 20);
    private final JitDumpReader reader = new JitDumpReader(code);

    private String at(long address, long nanos) {
        JitFrame frame = code.find(address, nanos);
        return frame == null ? "" : frame.function() + ' ' + frame.file() + ':' + frame.line();
    }

    @Test
    void functionsHaveTheirTimesAndLines() throws IOException {
        for (ByteOrder order : new ByteOrder[] {LITTLE, ByteOrder.BIG_ENDIAN}) {
            code.clear();
            new JitDumpReader(code).read(new ArraySource(HandmadeJitDump.usual(order, 0)));
            assertThat(at(0x1000, 99)).isEmpty();
            assertThat(at(0x1000, 100)).isEqualTo("f a.js:10");
            assertThat(at(0x100f, 399)).isEqualTo("f a.js:11");
            assertThat(at(0x1010, 400)).isEqualTo("f b.js:3");
            assertThat(at(0x1000, 400)).isEqualTo("h :0");
            assertThat(at(0x2000, 250)).isEqualTo("g :0");
            assertThat(at(0x3000, 250)).isEmpty();
            assertThat(at(0x3000, 300)).isEqualTo("g :0");
        }
    }

    @Test
    void ticksOfTheProcessorAreNoTimes() throws IOException {
        reader.read(new ArraySource(HandmadeJitDump.usual(LITTLE, 1)));
        assertThat(at(0x1000, 0)).isEqualTo("h :0");
        assertThat(at(0x1010, 0)).isEqualTo("f b.js:3");
    }

    @Test
    void aFileThatGrowsIsReadRecordByRecord() throws IOException {
        byte[] whole = HandmadeJitDump.usual(LITTLE, 0);
        for (int length = 0; length <= whole.length; length++) {
            assertThat(reader.read(new ArraySource(HandmadeJitDump.cut(whole, length)))).isFalse();
        }
        assertThat(at(0x1000, 399)).isEqualTo("f a.js:10");
        assertThat(at(0x1000, 400)).isEqualTo("h :0");
    }

    @Test
    void whatIsToldAfterTheEndIsRead() throws IOException {
        // Of one process, where several write one file.
        byte[] file =
                new HandmadeJitDump(LITTLE, 0).other(3).load(1, 0x1000, 0x10, 1, "after").bytes();
        reader.read(new ArraySource(file));
        assertThat(at(0x1000, 9)).isEqualTo("after :0");
    }

    @Test
    void onlyWhatIsThereMoves() throws IOException {
        byte[] file =
                new HandmadeJitDump(LITTLE, 0)
                        .load(1, 0x1000, 0x10, 1, "f")
                        .move(2, 0x1000, 0x2000, 0x10, 9)
                        .move(2, 0x1008, 0x3000, 0x10, 1)
                        .move(2, 0x5000, 0x6000, 0x10, 1)
                        .bytes();
        reader.read(new ArraySource(file));
        assertThat(code.size()).isEqualTo(1);
    }

    @Test
    void linesOfAnotherFunctionAreNotTaken() throws IOException {
        byte[] file =
                new HandmadeJitDump(LITTLE, 0)
                        .lines(0x2000, 0, 10, "a.js")
                        .load(1, 0x1000, 0x10, 1, "f")
                        .load(2, 0x2000, 0x10, 1, "g")
                        .bytes();
        reader.read(new ArraySource(file));
        assertThat(at(0x1000, 9)).isEqualTo("f :0");
        assertThat(at(0x2000, 9)).as("they are of the next").isEqualTo("g :0");
    }

    @Test
    void linesInNoOrderAreLeftOut() throws IOException {
        byte[] file =
                new HandmadeJitDump(LITTLE, 0)
                        .lines(0x1000, 0, 1, null, 4, 2, "a", 2, 3, "b", -5, 4, "a", 8, 5, "a")
                        .load(1, 0x1000, 0x10, 1, "f")
                        .bytes();
        reader.read(new ArraySource(file));
        assertThat(at(0x1003, 9)).isEqualTo("f :0");
        assertThat(at(0x1004, 9)).isEqualTo("f a:2");
        assertThat(at(0x100f, 9)).isEqualTo("f a:5");
    }

    @Test
    void linesMayBeginBeforeTheFunctionAndEndWithIt() throws IOException {
        byte[] file =
                new HandmadeJitDump(LITTLE, 0)
                        .lines(0x1000, -0x32, 17, "a.erl", 8, 20, "a.erl", 12, 0, "")
                        .load(1, 0x1000, 0x10, 1, "a:f/2")
                        .bytes();
        reader.read(new ArraySource(file));
        assertThat(at(0x1000, 9)).isEqualTo("a:f/2 a.erl:17");
        assertThat(at(0x1008, 9)).isEqualTo("a:f/2 a.erl:20");
        assertThat(at(0x100c, 9)).isEqualTo("a:f/2 :0");
    }

    @Test
    void whatMovesOntoAFunctionAndIsNotKnownIsNotThatFunction() throws IOException {
        byte[] file =
                new HandmadeJitDump(LITTLE, 0)
                        .load(1, 0x1000, 0x10, 1, "f")
                        .move(2, 0x5000, 0x1008, 0x8, 9)
                        .bytes();
        reader.read(new ArraySource(file));
        assertThat(at(0x1007, 9)).isEqualTo("f :0");
        assertThat(at(0x1008, 9)).isEmpty();
    }

    @Test
    void whereNotAllFunctionsAreKeptLinesAreThoseOfTheFunction() throws IOException {
        JitCode some = new JitCode(new JitMemory(8 << 20), 8 << 20, new long[] {0x200f});
        byte[] file =
                new HandmadeJitDump(LITTLE, 0)
                        .lines(0x1000, 0, 10, "a.js")
                        .load(1, 0x1000, 0x10, 1, "f")
                        .load(1, 0x2000, 0x10, 2, "g")
                        .lines(0x2000, 0, 11, "a.js")
                        .load(2, 0x2000, 0x10, 3, "h")
                        .move(3, 0x1000, 0x2000, 0x8, 1)
                        .bytes();
        new JitDumpReader(some).read(new ArraySource(file));
        assertThat(some.find(0x1000, 9)).isNull();
        assertThat(some.find(0x2000, 9)).isNull();
        assertThat(some.find(0x2008, 1)).isEqualTo(new JitFrame("g", "", 0));
        assertThat(some.find(0x2008, 9)).isEqualTo(new JitFrame("h", "a.js", 11));
    }

    @Test
    void linesOfV8AreWhereTheyAreInTheCode() throws IOException {
        String name = "JS:*get f /a b/x.js:1:17";
        byte[] file =
                new HandmadeJitDump(LITTLE, 0)
                        .lines(0x1000, 64, 2, "/a b/x.js", 72, 3, "node:fs")
                        .load(1, 0x1000, 0x10, 1, name)
                        .bytes();
        reader.read(new ArraySource(file));
        assertThat(at(0x1000, 9)).isEqualTo(name + " /a b/x.js:2");
        assertThat(at(0x1008, 9)).isEqualTo(name + " node:fs:3");
    }

    @Test
    void filesThatV8WritesFromMemoryGivenBackAreThoseOfTheFunction() throws IOException {
        String name = "JS:*get f /a-b/x.js:1:17";
        for (String freed : List.of("\u0001\u0002\0\0\0\0\0\0s", "*_S2\0\0\0js", "\0a-b/x.js")) {
            readOfV8(name, freed);
            assertThat(at(0x1000, 9)).isEqualTo(name + " /a-b/x.js:2");
            assertThat(at(0x1008, 9)).isEqualTo(name + " /a-b/x.js:3");
        }
        // So few lines do not tell whether the space is one of the file's name.
        readOfV8("JS:*get f /a b/x.js:1:17", "*_S2\0\0\0js");
        assertThat(at(0x1000, 9)).isEqualTo("JS:*get f /a b/x.js:1:17 :0");
    }

    private void readOfV8(String function, String file) throws IOException {
        byte[] dump =
                new HandmadeJitDump(LITTLE, 0)
                        .lines(0x1000, 64, 2, file, 72, 3, file)
                        .load(1, 0x1000, 0x10, 1, function)
                        .bytes();
        code.clear();
        new JitDumpReader(code).read(new ArraySource(dump));
    }

    @Test
    void linesWhoseFilesAreNoTextAreNotTaken() throws IOException {
        byte[] file =
                new HandmadeJitDump(LITTLE, 0)
                        .lines(0x1000, 0, 2, "a.js", 4, 3, "\u0001.js")
                        .load(1, 0x1000, 0x10, 1, "f")
                        .lines(0x2000, 0, 2, "a.js\0\0\0\0", 4, 3, "a.js\0\0\0\0")
                        .load(1, 0x2000, 0x10, 1, "g other.js:1:1")
                        .bytes();
        reader.read(new ArraySource(file));
        assertThat(at(0x1000, 9)).isEqualTo("f :0");
        assertThat(at(0x2000, 9)).isEqualTo("g other.js:1:1 :0");
    }

    @Test
    void whatMakesNoSenseIsRefusedAndNotReadAgain() throws IOException {
        byte[] whole = HandmadeJitDump.usual(LITTLE, 0);
        assertRefused(whole, 0, "jitdump.magic: ");
        assertRefused(whole, 4, "jitdump: version ");
        assertRefused(whole, 8, "jitdump: version ");
        byte[] small = new HandmadeJitDump(LITTLE, 0).other(0).bytes();
        assertThatThrownBy(() -> new JitDumpReader(code).read(new ArraySource(small)))
                .hasMessage("jitdump: 8 bytes at 16 of a record (expected: within its 8)");
        byte[] empty = new HandmadeJitDump(LITTLE, 0).other(4).bytes();
        empty[44] = 15;
        JitDumpReader refused = new JitDumpReader(code);
        assertThatThrownBy(() -> refused.read(new ArraySource(empty)))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("jitdump: record of 15 bytes (expected: at least 16)");
        assertThat(refused.read(new ArraySource(whole))).isFalse();
        assertThat(code.size()).isZero();
    }

    private void assertRefused(byte[] whole, int at, String message) {
        byte[] bytes = whole.clone();
        bytes[at] ^= 0x20;
        assertThatThrownBy(() -> new JitDumpReader(code).read(new ArraySource(bytes)))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageStartingWith(message);
    }
}

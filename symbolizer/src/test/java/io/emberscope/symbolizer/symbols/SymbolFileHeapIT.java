package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Symbol files are made in heaps that are small beside them.
class SymbolFileHeapIT {
    private static final int FUNCTIONS = 256 * 1024 - 1;
    private static final int CODE = 0x1000;

    @TempDir Path directory;

    @Test
    void tenMillionRowsAreWrittenIn64Megabytes() throws Exception {
        String said = run("-Xmx64m", directory.resolve("a.symbols").toString());
        assertThat(said).startsWith("0 symbols, 10000000 rows, 3000000 nodes, 1006000 texts, ");
        assertNothingIsBeside();
    }

    @Test
    void theLargestBinaryOfAnAgentIsWrittenBesideItsOwnHeap() throws Exception {
        Path binary = directory.resolve("binary");
        writeBinary(binary);
        // The agent has 48 MB. What a JVM has in its heap of its own is 2 MB.
        String said = run("-Xmx20m", directory.resolve("a.symbols").toString(), binary.toString());
        assertThat(said).startsWith(FUNCTIONS + " symbols, 0 rows, 0 nodes, " + FUNCTIONS);
        Files.delete(binary);
        assertNothingIsBeside();
    }

    private void assertNothingIsBeside() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(directory.resolve("a.symbols"));
        }
    }

    private static String run(String heap, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(List.of(heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add(SymbolFileHeapMain.class.getName());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        System.out.print(output);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    /// An ELF file with as many functions, of 16 bytes each, as the agent takes.
    private static void writeBinary(Path binary) throws IOException {
        long codeBytes = 16L * FUNCTIONS;
        long symbolsAt = CODE + codeBytes;
        long symbolBytes = 24L * (FUNCTIONS + 1);
        ByteBuffer symbols = buffer((int) symbolBytes);
        ByteBuffer names = buffer(64 * FUNCTIONS).put((byte) 0);
        symbols.position(24);
        for (int i = 0; i < FUNCTIONS; i++) {
            symbols.putInt(names.position()).putInt(0x1_0012).putLong(CODE + 16L * i).putLong(16);
            String name = "_ZN5ember8function" + Integer.reverse(i) + "ILb1EEEvRKSs\0";
            names.put(name.getBytes(StandardCharsets.US_ASCII));
        }
        ByteBuffer head = buffer(CODE);
        head.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
        head.putShort((short) 3).putShort((short) 62).putInt(1).putLong(0).putLong(64);
        head.putLong(0x200).putInt(0).putShort((short) 64).putShort((short) 56);
        head.putShort((short) 1).putShort((short) 64).putShort((short) 4).putShort((short) 0);
        head.putInt(1).putInt(5).putLong(CODE).putLong(CODE).putLong(CODE);
        head.putLong(codeBytes).putLong(codeBytes).putLong(4096).position(0x200 + 64);
        section(head, 1, 6, CODE, CODE, codeBytes, 0, 0);
        section(head, 2, 0, 0, symbolsAt, symbolBytes, 3, 24);
        section(head, 3, 0, 0, symbolsAt + symbolBytes, names.position(), 0, 0);
        try (FileChannel file =
                FileChannel.open(binary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(head.rewind(), 0);
            file.write(symbols.rewind(), symbolsAt);
            file.write(names.flip(), symbolsAt + symbolBytes);
        }
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void section(
            ByteBuffer head,
            int type,
            long flags,
            long address,
            long offset,
            long size,
            int link,
            long entryBytes) {
        head.putInt(0).putInt(type).putLong(flags).putLong(address).putLong(offset).putLong(size);
        head.putInt(link).putInt(0).putLong(1).putLong(entryBytes);
    }
}

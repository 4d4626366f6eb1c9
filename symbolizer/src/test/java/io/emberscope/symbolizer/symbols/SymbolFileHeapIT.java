package io.emberscope.symbolizer.symbols;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Tools;
import io.emberscope.symbolizer.Differences;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.Pinned;
import io.emberscope.symbolizer.dwarf.LlvmSymbolizer;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/// Symbol files are made in heaps that are small beside them.
class SymbolFileHeapIT {
    private static final int FUNCTIONS = 256 * 1024 - 1;
    private static final int CODE = 0x1000;
    private static final int ADDRESSES = 5_000;
    private static final int COPIES = 480;

    @TempDir Path directory;

    @Test
    void tenMillionRowsAreWrittenIn64Megabytes() throws Exception {
        String said = run("-Xmx64m", directory.resolve("a.symbols").toString());
        assertThat(said).startsWith("0 symbols, 10000000 rows, 3000000 nodes, 1006000 texts, ");
        assertNothingIsBeside(directory.resolve("a.symbols"));
    }

    @Test
    void theLargestBinaryOfAnAgentIsWrittenBesideItsOwnHeap() throws Exception {
        Path binary = directory.resolve("binary");
        writeBinary(binary);
        // The agent has 48 MB. What a JVM has in its heap of its own is 2 MB.
        String said = run("-Xmx20m", directory.resolve("a.symbols").toString(), binary.toString());
        assertThat(said).startsWith(FUNCTIONS + " symbols, 0 rows, 0 nodes, " + FUNCTIONS);
        Files.delete(binary);
        assertNothingIsBeside(directory.resolve("a.symbols"));
    }

    /// The server gives it so much, whatever the size of the debug information.
    @Test
    void muchDebugInformationIsReadIn256Megabytes() throws Exception {
        Path program = largeProgram();
        assertThat(debugInfoBytes(program)).isGreaterThan(100_000_000);
        isReadIn256Megabytes(program);
    }

    @Test
    @EnabledIfSystemProperty(named = "long", matches = "true", disabledReason = "not --long")
    void soIsThatOfOpenJdk() throws Exception {
        String library = "/usr/lib/jvm:java-17-openjdk-*/lib/server/libjvm.so";
        isReadIn256Megabytes(
                Pinned.files(List.of(Pinned.debugFile("openjdk-17-dbg", library))).getFirst());
    }

    private void isReadIn256Megabytes(Path binary) throws Exception {
        Path target = Files.createDirectory(directory.resolve("made")).resolve("a.symbols");
        run("-Xmx256m", target.toString(), binary.toString(), "all");
        assertNothingIsBeside(target);
        Differences differences = Differences.withSymbolsOf(binary);
        try (SymbolFile symbols =
                SymbolFile.open(PathSource.open(target), "made", new SymbolMemory(8 << 20))) {
            List<Long> middles = new ArrayList<>();
            symbols.forEachFunction((_, start, end) -> middles.add(start + (end - start) / 2));
            Collections.shuffle(middles, new Random(1));
            long[] addresses =
                    middles.stream().limit(ADDRESSES).mapToLong(Long::longValue).toArray();
            List<String> theirs =
                    LlvmSymbolizer.frames(directory, addresses, List.of("--obj=" + binary));
            for (int i = 0; i < addresses.length; i++) {
                String ours = Differences.text(symbols.find(addresses[i]));
                differences.add(addresses[i], ours, theirs.get(i));
            }
        }
        differences.assertExplained(binary + " in 256 MB");
        assertThat(differences.equal()).isGreaterThan(ADDRESSES / 2);
    }

    /// The same code many times, each with debug information of its own.
    private Path largeProgram() throws Exception {
        for (String file : List.of("templates.h", "templates.cc", "templates_more.cc")) {
            try (var resource = SymbolFileHeapIT.class.getResourceAsStream("/dwarf/" + file)) {
                Files.write(directory.resolve(file), resource.readAllBytes());
            }
        }
        tool("g++", "-std=c++17", "-O2", "-g", "-c", "templates.cc");
        tool("g++", "-std=c++17", "-O2", "-g", "-c", "templates_more.cc");
        Path list = directory.resolve("objects");
        List<String> objects = new ArrayList<>(List.of("templates.o", "templates_more.o"));
        for (int i = 1; i < COPIES; i++) {
            String copy = "copy" + i + ".o";
            tool("objcopy", "--redefine-sym", "main=main" + i, "templates.o", copy);
            objects.add(copy);
        }
        Files.write(list, objects);
        tool("g++", "-o", "program", "@objects");
        for (String object : objects) {
            Files.delete(directory.resolve(object));
        }
        return directory.resolve("program");
    }

    private void tool(String... command) throws Exception {
        new Tools(directory).run(command);
    }

    private static long debugInfoBytes(Path binary) throws IOException {
        try (PathSource source = PathSource.open(binary)) {
            return ElfFile.open(source).section(".debug_info").orElseThrow().size();
        }
    }

    private static void assertNothingIsBeside(Path target) throws IOException {
        try (Stream<Path> files = Files.list(target.getParent())) {
            assertThat(files).containsExactly(target);
        }
    }

    private static String run(String heap, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(List.of(heap, "-XX:+UseSerialGC"));
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

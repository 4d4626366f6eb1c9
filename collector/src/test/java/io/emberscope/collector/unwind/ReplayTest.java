package io.emberscope.collector.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.Sample;
import io.emberscope.bpf.StackEnd;
import io.emberscope.bpf.UnwindMemory;
import io.emberscope.bpf.UnwindMemory.UserStack;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import io.emberscope.symbolizer.unwind.BuildMemory;
import io.emberscope.symbolizer.unwind.UnwindBlock;
import io.emberscope.symbolizer.unwind.UnwindTable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Stacks that a program recorded of itself, walked by the step that the kernel has too, and by
/// tables of the real binaries: no kernel, no root.
class ReplayTest {
    private static final int DEPTH = 40;
    private static final int STACKS = 200;
    private static final int NO_TABLE = 0;

    /// Of a line of the recorder: registers and code come first, as in a resumption.
    private static final int REGISTERS = 17;

    @TempDir private Path directory;

    private record Mapping(long start, long end, long offset, String path) {}

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-O0",
                "-O2 -fomit-frame-pointer",
                "-O3 -fomit-frame-pointer -fcf-protection=full",
                "-Os -fomit-frame-pointer -mno-red-zone",
                "-O2 -fno-omit-frame-pointer",
                "-O2 -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables",
                "-O2 -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables",
                "-O2 -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables -g"
            })
    void recordedStacksAreWalkedToTheirRoot(String options) throws Exception {
        Path program = compile(options.split(" ", -1));
        List<Mapping> mappings = new ArrayList<>();
        List<long[]> stacks = new ArrayList<>();
        record(program, mappings, stacks);
        assertThat(stacks).hasSize(STACKS);
        try (UnwindMemory memory = UnwindMemory.detached();
                PathSource source = PathSource.open(program)) {
            Places places = new Places(memory, 64 << 20, new Metrics());
            int place = write(memory, places, mappings);
            FunctionTable functions = FunctionTable.read(ElfFile.open(source), 10_000);
            for (long[] resumption : stacks) {
                UserStack stack = new UserStack();
                stack.take(new long[0], 0, 0, StackEnd.PROCESS_UNKNOWN);
                memory.resume(stack, resumption, 0, resumption.length, place, mappings.size());
                List<String> names = new ArrayList<>();
                for (int i = 0; i < stack.count(); i++) {
                    long frame = stack.frames()[i];
                    long address = Sample.address(frame) - (Sample.isExact(frame) ? 0 : 1);
                    names.add(name(mappings, program, functions, source, address));
                }
                assertThat(stack.end()).as("%s", names).isEqualTo(StackEnd.COMPLETE);
                assertChain(names);
            }
        }
    }

    /// Of what is below `bottom` all that can be is right; above it, there is one way.
    private static void assertChain(List<String> names) {
        int bottom = names.indexOf("bottom");
        assertThat(bottom).as("%s", names).isBetween(0, 2);
        assertThat(String.join(" ", names.subList(0, bottom)))
                .isIn("", "small", "large", "small large");
        List<String> above = new ArrayList<>();
        for (int i = 0; i < DEPTH; i++) {
            above.add("descend");
        }
        above.add("main");
        assertThat(names.subList(bottom + 1, bottom + 1 + above.size())).isEqualTo(above);
        assertThat(names.getLast()).isEqualTo("_start");
        assertThat(names.subList(bottom + 1 + above.size(), names.size() - 1))
                .as("only the C library's start between")
                .allMatch("libc.so.6"::equals)
                .hasSizeLessThanOrEqualTo(2);
    }

    private Path compile(String... options) throws Exception {
        Path target = directory.resolve("recorder");
        List<String> command = new ArrayList<>(List.of("gcc"));
        command.addAll(List.of(options));
        command.addAll(List.of("-fno-optimize-sibling-calls", "-o", target.toString()));
        command.add(Path.of("src/test/c/recorder.c").toAbsolutePath().toString());
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
        return target;
    }

    private void record(Path program, List<Mapping> mappings, List<long[]> stacks)
            throws Exception {
        Path output = directory.resolve("stacks.txt");
        String[] command = {program.toString(), Integer.toString(DEPTH), Integer.toString(STACKS)};
        Process process = new ProcessBuilder(command).redirectOutput(output.toFile()).start();
        assertThat(process.waitFor()).isZero();
        for (String line : Files.readAllLines(output, StandardCharsets.UTF_8)) {
            String[] fields = line.strip().split(" +", -1);
            if (!fields[0].equals("stack:")) {
                String[] range = fields[0].split("-", -1);
                mappings.add(
                        new Mapping(
                                Long.parseUnsignedLong(range[0], 16),
                                Long.parseUnsignedLong(range[1], 16),
                                Long.parseUnsignedLong(fields[2], 16),
                                fields.length > 5 ? fields[5] : ""));
                continue;
            }
            long[] words = new long[fields.length];
            int at = 0;
            for (int i = 1; i < fields.length; i++) {
                words[at++] = Long.parseUnsignedLong(fields[i], 16);
                if (at == REGISTERS) {
                    words[at++] = (1L << REGISTERS) - 1 | 1L << 32; // all known; exact
                }
            }
            stacks.add(words);
        }
    }

    /// Writes tables and mappings as the kernel would have them, and returns the mappings' place.
    private static int write(UnwindMemory memory, Places places, List<Mapping> mappings)
            throws Exception {
        Map<String, Integer> numbers = new HashMap<>();
        int[] words = new int[mappings.size() * UnwindMemory.MAPPING_WORDS];
        int at = 0;
        for (Mapping mapping : mappings) {
            Integer number = numbers.get(mapping.path());
            if (number == null) {
                number = mapping.path().startsWith("/") ? 1 + numbers.size() : NO_TABLE;
                numbers.put(mapping.path(), number);
                if (number != NO_TABLE) {
                    memory.table(number, table(memory, places, mapping.path()));
                }
            }
            long bias = mapping.start() - mapping.offset();
            long[] longs = {mapping.start(), mapping.end(), bias, number};
            for (long value : longs) {
                words[at++] = (int) value;
                words[at++] = (int) (value >>> Integer.SIZE);
            }
        }
        int place = places.take(words.length);
        memory.write(place, words, words.length);
        return place;
    }

    private static int table(UnwindMemory memory, Places places, String path) throws Exception {
        try (PathSource source = PathSource.open(Path.of(path))) {
            List<UnwindBlock> blocks =
                    UnwindTable.read(
                                    ElfFile.open(source),
                                    new BuildMemory.Pool(64 << 20).open(),
                                    FileTables.BLOCK_WORDS_MAX)
                            .blocks();
            if (blocks.isEmpty()) {
                return UnwindMemory.TABLE_NONE;
            }
            assertThat(blocks).as(path).hasSize(1);
            int[] block = blocks.getFirst().words();
            int place = places.take(block.length);
            memory.write(place, block, block.length);
            return place;
        }
    }

    /// The function's name in the program, else the file's.
    private static String name(
            List<Mapping> mappings,
            Path program,
            FunctionTable functions,
            PathSource source,
            long address)
            throws Exception {
        for (Mapping mapping : mappings) {
            if (address >= mapping.start() && address < mapping.end()) {
                Path path = Path.of(mapping.path());
                if (!path.equals(program)) {
                    return String.valueOf(path.getFileName());
                }
                long offset = address - mapping.start() + mapping.offset();
                return functions.name(functions.indexOf(offset), source);
            }
        }
        return "nowhere";
    }
}

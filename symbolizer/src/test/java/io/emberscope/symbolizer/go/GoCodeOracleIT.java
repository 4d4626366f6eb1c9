package io.emberscope.symbolizer.go;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.dwarf.LlvmSymbolizer;
import io.emberscope.symbolizer.dwarf.RecordingSink;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.elf.Segment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What we read of stripped Go programs beside what Go says: its run time within the same program,
/// for every inlined frame, and `go tool addr2line` for programs of other machines.
class GoCodeOracleIT {
    private static final int ADDRESSES =
            Math.max(30_000, Integer.getInteger("oracle.addresses", 0));
    private static final double DIFFERENT_MAX = 0.001;

    /// With Go's library for HTTP, which takes a minute to compile in each way.
    private static final boolean LONG = Boolean.getBoolean("long");

    private static final int FUNCTIONS_MIN = LONG ? 5_000 : 2_000;

    /// Little but the run time, which is compiled for each machine.
    private static final String SMALL =
            """
            package main

            import "sort"

            func main() {
                numbers := []int{3, 1, 2}
                sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
                println(numbers[0])
            }
            """;

    @TempDir Path directory;

    @Test
    void strippedProgramsSayWhatTheirRunTimeSays() throws Exception {
        asTheRunTimeSays("plain", "0", List.of());
        asTheRunTimeSays("moved", "0", List.of("-buildmode=pie"));
        if (LONG) {
            asTheRunTimeSays("trimmed and moved", "0", List.of("-trimpath", "-buildmode=pie"));
        }
    }

    /// Linked by the linker of C, with code before Go's.
    @Test
    void soDoProgramsWithC() throws Exception {
        asTheRunTimeSays("c", "1", List.of("-buildmode=pie"));
    }

    private void asTheRunTimeSays(String kind, String withC, List<String> options)
            throws Exception {
        List<Path> sources = new ArrayList<>();
        for (String name : LONG ? List.of("frames.go", "more.go") : List.of("frames.go")) {
            sources.add(resource(name, withC.equals("1")));
        }
        List<String> all = new ArrayList<>(options);
        all.add("-ldflags=-s -w -checklinkname=0");
        Path program = directory.resolve("program");
        GoToolchain.build(program, sources, all, Map.of("CGO_ENABLED", withC));
        RecordingSink sink = new RecordingSink();
        GoCode.Told told = tell(program, sink);
        System.out.printf("go code oracle: %s%s: %s%n", kind, options, told);
        assertThat(told.firstRefusal()).isEmpty();
        assertThat(told.hasInlined()).isTrue();
        assertThat(told.functions()).isGreaterThan(FUNCTIONS_MIN);

        long[] addresses = addresses(program);
        List<String> theirs =
                run(addresses, List.of(program.toString(), linkedAt(program)), "\n\n")
                        .subList(0, ADDRESSES);
        List<String> different = new ArrayList<>();
        int inlined = 0;
        int known = 0;
        int first = 0;
        for (int i = 0; i < addresses.length; i++) {
            String ours = sink.at(addresses[i]);
            known += ours.startsWith("??") ? 0 : 1;
            inlined += ours.lines().count() > 2 ? 1 : 0;
            // The run time takes the place of the very first name for none.
            if (theirs.get(i).startsWith("\n") && ours.endsWith(theirs.get(i))) {
                first++;
            } else if (!ours.equals(theirs.get(i))) {
                different.add("0x%x:%n%s%ngo:%n%s".formatted(addresses[i], ours, theirs.get(i)));
            }
        }
        System.out.printf(
                "go code oracle: %s: %d of %d different, %d known, %d inlined, %d of the first"
                        + " name%n",
                kind, different.size(), addresses.length, known, inlined, first);
        different.stream().limit(10).forEach(System.out::println);
        assertThat(different).hasSizeLessThanOrEqualTo((int) (ADDRESSES * DIFFERENT_MAX));
        assertThat(first).isLessThan(ADDRESSES / 1000);
        assertThat(known).isGreaterThan(ADDRESSES * 9 / 10);
        assertThat(inlined).isGreaterThan(ADDRESSES / 10);
    }

    private Path resource(String name, boolean withC) throws IOException {
        try (var resource = GoCodeOracleIT.class.getResourceAsStream("/go/" + name)) {
            String code = new String(resource.readAllBytes(), StandardCharsets.UTF_8);
            return Files.writeString(
                    directory.resolve(name),
                    withC ? code.replace("import (", "import \"C\"\nimport (") : code);
        }
    }

    /// Of each machine another thing: instructions of four bytes, the other byte order with
    /// instructions of two, words of 32 bits.
    @Test
    void programsOfOtherMachinesAreReadToo() throws Exception {
        for (String machine : List.of("arm64", "s390x", "386")) {
            Path source = Files.writeString(directory.resolve("small.go"), SMALL);
            Path program = directory.resolve(machine);
            GoToolchain.build(
                    program,
                    source,
                    List.of("-ldflags=-s -w"),
                    Map.of("CGO_ENABLED", "0", "GOARCH", machine));
            RecordingSink sink = new RecordingSink();
            GoCode.Told told = tell(program, sink);
            System.out.printf("go code oracle: %s: %s%n", machine, told);
            assertThat(told.firstRefusal()).isEmpty();
            assertThat(told.hasInlined()).isTrue();
            long[] addresses = addresses(program);
            List<String> lines =
                    run(
                            addresses,
                            List.of(GoToolchain.go(), "tool", "addr2line", program.toString()),
                            "\n");
            int different = 0;
            int inlined = 0;
            for (int i = 0; i < addresses.length; i++) {
                String[] ours = sink.at(addresses[i]).split("\n", -1);
                // The function that is called, and the line of what is inlined innermost.
                String outermost = ours[ours.length - 2];
                boolean isSame =
                        outermost.equals(lines.get(2 * i).replaceFirst("^\\?$", "??"))
                                && ours[1].equals(withoutNone(lines.get(2 * i + 1)));
                inlined += ours.length > 2 ? 1 : 0;
                if (!isSame && different++ < 5) {
                    System.out.printf(
                            "0x%x: %s %s, go: %s %s%n",
                            addresses[i],
                            outermost,
                            ours[1],
                            lines.get(2 * i),
                            lines.get(2 * i + 1));
                }
            }
            System.out.printf(
                    "go code oracle: %s: %d of %d different, %d inlined%n",
                    machine, different, addresses.length, inlined);
            assertThat(different).isLessThanOrEqualTo((int) (ADDRESSES * DIFFERENT_MAX));
            assertThat(inlined).isGreaterThan(ADDRESSES / 20);
        }
    }

    /// It prints -1 for no line.
    private static String withoutNone(String line) {
        return line.endsWith(":-1") || line.equals("?:0") ? "??:0" : line;
    }

    /// What Go's compiler says in DWARF of the same program, by `llvm-symbolizer`: for versions of
    /// Go whose run time cannot be asked.
    @Test
    void inlinedFunctionsAreThoseOfTheDebugInformation() throws Exception {
        Path source = Files.writeString(directory.resolve("small.go"), SMALL);
        Path program = directory.resolve("whole");
        GoToolchain.build(program, source, List.of(), Map.of("CGO_ENABLED", "0"));
        RecordingSink sink = new RecordingSink();
        GoCode.Told told;
        try (PathSource bytes = PathSource.open(program)) {
            told = GoCode.tell(ElfFile.open(bytes), sink).orElseThrow();
        }
        assertThat(told.firstRefusal()).isEmpty();
        assertThat(told.hasInlined()).isTrue();
        long[] addresses = addresses(program);
        List<String> theirs =
                LlvmSymbolizer.frames(directory, addresses, List.of("--obj=" + program));
        int equal = 0;
        int inlined = 0;
        Map<String, Integer> different = new TreeMap<>();
        for (int i = 0; i < addresses.length; i++) {
            String ours = sink.at(addresses[i]);
            String their = theirs.get(i).strip();
            if (ours.equals(their)) {
                equal++;
                inlined += ours.lines().count() > 2 ? 1 : 0;
            } else {
                String kind = kind(ours.split("\n", -1), their.split("\n", -1));
                if (different.merge(kind, 1, Integer::sum) <= 3) {
                    System.out.printf("0x%x: %s%n%s%nllvm:%n%s%n", addresses[i], kind, ours, their);
                }
            }
        }
        System.out.printf(
                "go code oracle: %d equal to DWARF, %d of them inlined, %s%n",
                equal, inlined, different);
        assertThat(different.getOrDefault("other", 0))
                .isLessThanOrEqualTo((int) (ADDRESSES * DIFFERENT_MAX));
        assertThat(inlined).isGreaterThan(ADDRESSES / 20);
    }

    private static String kind(String[] ours, String[] theirs) {
        if (theirs[0].equals("??") && ours[1].equals("??:0")) {
            return "padding, which the run time counts to the function before";
        }
        if (ours.length != theirs.length) {
            return "other";
        }
        boolean isSame = true;
        for (int i = 0; i < ours.length; i++) {
            isSame &= plain(ours[i]).equals(plain(theirs[i]));
        }
        return isSame ? "names with an ABI or with types, code of no file" : "other";
    }

    /// A name, or a path, without what only the linker's has, or LLVM adds.
    private static String plain(String name) {
        if (name.endsWith("<autogenerated>:1")) {
            return "??:0";
        }
        String all = name.replaceFirst("\\.abi0$", "");
        int at = all.indexOf('[');
        int end = all.lastIndexOf(']');
        return at < 0 || end < at ? all : all.substring(0, at) + all.substring(end + 1);
    }

    @Test
    void damagedProgramsAreReadOrRefused() throws Exception {
        Path source = Files.writeString(directory.resolve("small.go"), SMALL);
        Path program = directory.resolve("small");
        GoToolchain.build(program, source, List.of("-ldflags=-s -w"), Map.of("CGO_ENABLED", "0"));
        byte[] whole = Files.readAllBytes(program);
        Section table = ElfFile.open(new ArraySource(whole)).section(".gopclntab").orElseThrow();
        int refused = 0;
        for (long seed = 0; seed < Long.getLong("mutation.rounds", 100_000) / 2_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = whole.clone();
            for (int i = 1 + random.nextInt(200); i > 0; i--) {
                // The header now and then, else anywhere in the table.
                int at = random.nextInt(random.nextInt(1000) == 0 ? 80 : (int) table.size());
                bytes[(int) table.offset() + at] = (byte) random.nextInt(256);
            }
            try {
                refused +=
                        GoCode.tell(ElfFile.open(new ArraySource(bytes)), new RecordingSink())
                                .map(GoCode.Told::malformed)
                                .orElse(0);
            } catch (MalformedInputException e) {
                assertThat(e).hasMessageContaining("(expected: ");
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(refused).isPositive();
    }

    private static GoCode.Told tell(Path program, RecordingSink sink) throws IOException {
        try (PathSource source = PathSource.open(program)) {
            ElfFile file = ElfFile.open(source);
            assertThat(DebugInfo.isIn(file)).as("it is stripped").isFalse();
            return GoCode.tell(file, sink).orElseThrow();
        }
    }

    /// Where its first segment is meant to be, in hex.
    private static String linkedAt(Path program) throws IOException {
        try (PathSource source = PathSource.open(program)) {
            long first =
                    ElfFile.open(source).segments().stream()
                            .filter(Segment::isLoaded)
                            .mapToLong(Segment::address)
                            .min()
                            .orElseThrow();
            return Long.toHexString(first & -4096);
        }
    }

    private static long[] addresses(Path program) throws IOException {
        try (PathSource source = PathSource.open(program)) {
            Section text = ElfFile.open(source).section(".text").orElseThrow();
            return new Random(1)
                    .longs(ADDRESSES, text.address(), text.address() + text.size())
                    .toArray();
        }
    }

    private List<String> run(long[] addresses, List<String> command, String between)
            throws Exception {
        StringBuilder text = new StringBuilder();
        for (long address : addresses) {
            text.append(Long.toHexString(address)).append('\n');
        }
        Path in = Files.writeString(directory.resolve("addresses"), text);
        Path out = directory.resolve("answers");
        Process process =
                new ProcessBuilder(command)
                        .redirectInput(in.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("%s", command).isZero();
        // As the sink keeps texts.
        return List.of(Files.readString(out, StandardCharsets.ISO_8859_1).split(between, -1));
    }
}

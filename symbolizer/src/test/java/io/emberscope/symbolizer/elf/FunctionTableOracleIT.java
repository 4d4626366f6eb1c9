package io.emberscope.symbolizer.elf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Tools;
import io.emberscope.symbolizer.PathSource;
import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Asks us, `readelf` and `llvm-symbolizer` for the same places of real binaries: those of this
/// host that are known to be difficult, as far as they are installed, and some compiled for the
/// purpose.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FunctionTableOracleIT {
    private static final long SEED = Long.getLong("oracle.seed", 20_260_822);
    private static final int RANDOM_OFFSETS = Integer.getInteger("oracle.offsets", 20_000);
    private static final int LLVM_OFFSETS = 4_000;

    private static final List<String> GLOBS =
            List.of(
                    "/usr/lib/x86_64-linux-gnu:libc.so.6",
                    "/usr/lib/x86_64-linux-gnu:libstdc++.so.6",
                    "/usr/lib/x86_64-linux-gnu:libLLVM-*.so.1",
                    "/usr/lib/x86_64-linux-gnu:libclang-[0-9]*.so.1",
                    "/usr/lib/x86_64-linux-gnu:libcrypto.so.*",
                    "/usr/bin:{bash,node,python3,llvm-symbolizer}");

    private static final String PROGRAM =
            """
            #include <stdio.h>
            #include <time.h>
            static int twice(int x) { return 2 * x; }
            int thrice(int x) { return 3 * x + (x ? twice(x - 1) : 0); }
            int alias_of_thrice(int x) __attribute__((alias("thrice")));
            int weak_alias(int x) __attribute__((weak, alias("thrice")));
            static int (*resolve(void))(int) { return twice; }
            int chosen(int x) __attribute__((ifunc("resolve")));
            __asm__(".globl label\\nlabel:\\n nop\\n nop\\n.globl sized_label\\n"
                    ".size sized_label, 2\\nsized_label: nop\\n nop\\nlocal_label: nop\\n");
            int main(int argc, char **argv) {
                printf("%d %d %ld\\n", thrice(argc), chosen(argc), (long) time(0));
                return 0;
            }
            """;

    private static final String FREESTANDING =
            """
            static int twice(int x) { return 2 * x; }
            int thrice(int x) { return 3 * x + twice(x); }
            void _start(void) { for (int i = 0;; i++) thrice(i); }
            """;

    private Path directory;
    private final List<Path> binaries = new ArrayList<>();

    @BeforeAll
    void findAndCompile(@TempDir Path temporary) throws Exception {
        directory = temporary;
        Set<Path> found = new HashSet<>();
        for (String glob : GLOBS) {
            int colon = glob.indexOf(':');
            addAll(found, Path.of(glob.substring(0, colon)), glob.substring(colon + 1));
        }
        Path javas = Path.of("/usr/lib/jvm");
        if (Files.isDirectory(javas)) {
            try (Stream<Path> homes = Files.list(javas)) {
                for (Path home : homes.toList()) {
                    addAll(found, home.resolve("lib/server"), "libjvm.so");
                }
            }
        }
        addAll(found, Path.of(System.getProperty("java.home"), "lib/server"), "libjvm.so");
        go().ifPresent(found::add);
        found.stream().sorted().forEach(binaries::add);
        assertThat(binaries).as("bash, libc and this JVM at least").hasSizeGreaterThan(2);
        compile();
    }

    private static void addAll(Set<Path> found, Path directory, String glob) throws IOException {
        if (Files.isDirectory(directory)) {
            try (var files = Files.newDirectoryStream(directory, glob)) {
                for (Path file : files) {
                    if (Files.isRegularFile(file) && Files.size(file) > 0) {
                        found.add(file.toRealPath());
                    }
                }
            }
        }
    }

    private void compile() throws Exception {
        Path source = Files.writeString(directory.resolve("program.c"), PROGRAM);
        Map<String, List<String>> variants =
                new TreeMap<>(
                        Map.of(
                                "llvm-linker", List.of("-fuse-ld=lld"),
                                "pie", List.of("-pie", "-fPIE"),
                                "fixed", List.of("-no-pie"),
                                "static-pie", List.of("-static-pie", "-fPIE"),
                                "static", List.of("-static"),
                                "sections-unseparated", List.of("-Wl,-z,noseparate-code"),
                                "stripped", List.of("-s", "-rdynamic"),
                                "ibt-stubs", List.of("-fcf-protection", "-Wl,-z,ibtplt,-z,now"),
                                "no-build-id", List.of("-Wl,--build-id=none"),
                                "short-build-id", List.of("-Wl,--build-id=0x0102030405060708")));
        for (var variant : variants.entrySet()) {
            Path program = directory.resolve(variant.getKey());
            List<String> command = new ArrayList<>(List.of("cc", "-O1", "-g"));
            command.addAll(variant.getValue());
            command.addAll(List.of("-o", program.toString(), source.toString()));
            tool(command.toArray(String[]::new));
            binaries.add(program);
        }
        Path free = Files.writeString(directory.resolve("free.c"), FREESTANDING);
        Path narrow = directory.resolve("32-bit");
        tool(
                "cc",
                "-m32",
                "-O1",
                "-fno-inline",
                "-ffreestanding",
                "-nostdlib",
                "-static",
                "-Wl,--build-id",
                "-o",
                narrow.toString(),
                free.toString());
        binaries.add(narrow);
        Optional<Path> go = go();
        if (go.isPresent()) {
            Path main =
                    Files.writeString(
                            directory.resolve("main.go"),
                            "package main\nfunc main() { println(1) }\n");
            Path program = directory.resolve("go-program");
            tool(go.get().toString(), "build", "-o", program.toString(), main.toString());
            binaries.add(program);
        }
    }

    private static Optional<Path> go() throws IOException {
        for (String entry : System.getenv("PATH").split(File.pathSeparator, -1)) {
            Path go = Path.of(entry, "go");
            if (Files.isExecutable(go)) {
                return Optional.of(go.toRealPath());
            }
        }
        return Optional.empty();
    }

    private void tool(String... command) throws Exception {
        new Tools(directory).run(command);
    }

    Stream<Path> binaries() {
        return binaries.stream();
    }

    @ParameterizedTest
    @MethodSource("binaries")
    void everyFunctionAndRandomOffsetsAreNamedAsReadelfAndLlvmNameThem(Path binary)
            throws Exception {
        ReadElf readelf = ReadElf.of(binary);
        try (PathSource source = PathSource.open(binary)) {
            ElfFile file = ElfFile.open(source);
            assertThat(file.buildId().map(List::of).orElse(List.of()))
                    .isEqualTo(readelf.buildIds.stream().limit(1).toList());
            FunctionTable table = FunctionTable.read(file, 10_000_000);
            compareWithReadelf(binary, readelf, table, source);
            compareWithLlvm(binary, file, readelf, table, source);
        }
    }

    private static void compareWithReadelf(
            Path binary, ReadElf readelf, FunctionTable table, PathSource source)
            throws IOException {
        List<String> differences = new ArrayList<>();
        int compared = 0;
        for (var entry : readelf.functions.entrySet()) {
            long size = entry.getValue().stream().mapToLong(ReadElf.Symbol::size).max().orElse(0);
            for (long at :
                    new long[] {entry.getKey() - 1, entry.getKey(), entry.getKey() + size - 1}) {
                compare(readelf, table, source, at, differences);
                compared++;
            }
        }
        for (long start : readelf.stubs.keySet()) {
            for (long at : new long[] {start - 1, start, start + 7, start + 15, start + 16}) {
                compare(readelf, table, source, at, differences);
                compared++;
            }
        }
        for (long at : randomOffsets(readelf, RANDOM_OFFSETS)) {
            compare(readelf, table, source, at, differences);
            compared++;
        }
        System.out.printf(
                "%s: %d places compared with readelf, %d ranges, %d stubs%n",
                binary, compared, table.size(), readelf.stubs.size());
        assertThat(differences).as("%s, seed %d", binary, SEED).isEmpty();
    }

    private static void compare(
            ReadElf readelf,
            FunctionTable table,
            PathSource source,
            long at,
            List<String> differences)
            throws IOException {
        String expected = readelf.nameAt(at);
        int index = table.indexOf(at);
        String found = index < 0 ? null : table.name(index, source);
        if (!Objects.equals(expected, found) && differences.size() < 20) {
            differences.add("0x" + Long.toHexString(at) + ": " + found + ", readelf: " + expected);
        }
    }

    private static long[] randomOffsets(ReadElf readelf, int count) {
        Random random = new Random(SEED);
        long all = readelf.code.stream().mapToLong(ReadElf.Area::size).sum();
        return random.longs(count, 0, all)
                .map(
                        at -> {
                            long rest = at;
                            for (ReadElf.Area area : readelf.code) {
                                if (rest < area.size()) {
                                    return area.offset() + rest;
                                }
                                rest -= area.size();
                            }
                            throw new AssertionError("beyond the end");
                        })
                .toArray();
    }

    private void compareWithLlvm(
            Path binary, ElfFile file, ReadElf readelf, FunctionTable table, PathSource source)
            throws Exception {
        long[] offsets = randomOffsets(readelf, LLVM_OFFSETS);
        List<String> theirs = llvm(binary, file, offsets);
        Map<String, Integer> classes = new TreeMap<>();
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < offsets.length; i++) {
            int index = table.indexOf(offsets[i]);
            String ours = index < 0 ? "??" : table.name(index, source);
            String difference = difference(readelf, offsets[i], ours, theirs.get(i));
            classes.merge(difference, 1, Integer::sum);
            if (difference.startsWith("UNEXPLAINED") && differences.size() < 20) {
                differences.add("0x%x: %s, llvm: %s".formatted(offsets[i], ours, theirs.get(i)));
            }
        }
        System.out.printf("%s: compared with llvm: %s%n", binary, classes);
        assertThat(differences).as("%s, seed %d", binary, SEED).isEmpty();
    }

    /// Why two names for one place differ, or that they do not.
    private static String difference(ReadElf readelf, long at, String ours, String theirs) {
        if (ours.equals(theirs)) {
            return "equal";
        }
        if (ours.endsWith("@plt")) {
            return "they do not know linkage stubs";
        }
        var floor = readelf.functions.floorEntry(at);
        if (floor != null && has(floor.getValue(), ours) && has(floor.getValue(), theirs)) {
            return "another of the names that begin there";
        }
        var any = readelf.all.floorEntry(at);
        if (any != null && has(any.getValue(), theirs) && !any.equals(floor)) {
            return "they count a local label or data as a function";
        }
        var named = any;
        while (named != null && !has(named.getValue(), theirs)) {
            named = readelf.all.lowerEntry(named.getKey());
        }
        if (named != null && named.getKey() < readelf.areaOf(at).offset() && ours.equals("??")) {
            return "they let a function go on beyond the end of its section";
        }
        if (any != null && theirs.equals("??") && !ours.equals("??")) {
            return "they do not go on after a function within a function or a stray label";
        }
        return "UNEXPLAINED";
    }

    private static boolean has(List<ReadElf.Symbol> symbols, String name) {
        return symbols.stream().anyMatch(symbol -> symbol.name().equals(name));
    }

    private List<String> llvm(Path binary, ElfFile file, long[] offsets) throws Exception {
        Path in = directory.resolve("addresses");
        try (Writer out = Files.newBufferedWriter(in)) {
            for (long offset : offsets) {
                out.write("0x" + Long.toHexString(file.addresses().of(offset)) + "\n");
            }
        }
        Path out = directory.resolve("names");
        ProcessBuilder builder =
                new ProcessBuilder(
                        "llvm-symbolizer",
                        "--obj=" + binary,
                        // Only what is in the file: separate debug files know more names.
                        "--debug-file-directory=" + directory.resolve("none"),
                        "--fallback-debug-path=" + directory.resolve("none"),
                        "--functions=linkage",
                        "--no-inlines",
                        "--no-demangle");
        Process process =
                builder.redirectInput(in.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
        List<String> names = new ArrayList<>();
        List<String> lines = Files.readAllLines(out);
        for (int i = 0; i + 1 < lines.size(); i += 3) {
            // Versions are no part of our names.
            names.add(lines.get(i).replaceFirst("(?<=.)@@?[A-Za-z0-9_.+-]+$", ""));
        }
        assertThat(names).hasSize(offsets.length);
        return names;
    }
}

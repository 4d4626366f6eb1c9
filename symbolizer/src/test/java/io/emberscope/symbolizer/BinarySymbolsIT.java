package io.emberscope.symbolizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.dwarf.DiskScratch;
import io.emberscope.symbolizer.dwarf.LlvmSymbolizer;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.go.GoToolchain;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolFile.CodeFrame;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import io.emberscope.symbolizer.symbols.SymbolSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Asks symbol files and `llvm-symbolizer` what belongs to random addresses, of a binary that has
/// everything in it, of one whose debug information is in another file, and of libc.
class BinarySymbolsIT {
    private static final int ADDRESSES = 20_000;
    private static final int FUNCTIONS_MAX = 1 << 20;
    private static final double DIFFERENT_MAX = 0.001;

    private static final String PROGRAM =
            """
            #include <algorithm>
            #include <cstdio>
            #include <map>
            #include <string>
            #include <vector>
            struct Order {
                bool operator()(const std::string &a, const std::string &b) const {
                    return a.size() != b.size() ? a.size() < b.size() : a < b;
                }
            };
            static inline int length(const std::string &text) { return (int) text.size() * 3; }
            template <class T> T total(const std::vector<T> &all) {
                T sum = 0;
                for (const T &one : all)
                    sum += one;
                return sum;
            }
            int main(int argc, char **argv) {
                std::map<std::string, int, Order> found;
                std::vector<long> lengths;
                for (int i = 0; i < argc; i++) {
                    found[argv[i]] += length(argv[i]);
                    lengths.push_back(length(argv[i]));
                }
                std::sort(lengths.begin(), lengths.end());
                for (auto &[text, count] : found)
                    printf("%s %d\\n", text.c_str(), count);
                return (int) total(lengths);
            }
            """;

    @TempDir Path directory;

    @Test
    void whatASeparateFileSaysIsWhatTheBinarySaid() throws Exception {
        Files.writeString(directory.resolve("program.cc"), PROGRAM);
        // Not where it lies in the file, and in more than one segment of code.
        run("clang++", "-std=c++17", "-O2", "-g", "-no-pie", "-o", "whole", "program.cc");
        run("objcopy", "--only-keep-debug", "whole", "separate");
        run("objcopy", "--compress-debug-sections=zlib", "separate");
        Path whole = directory.resolve("whole");
        long[] addresses = addresses(whole);
        List<String> theirs = llvm(whole, addresses);
        for (Path of : List.of(whole, directory.resolve("separate"))) {
            try (SymbolFile symbols = symbols(of)) {
                assertThat(symbols.sources())
                        .containsExactlyInAnyOrder(SymbolSource.SYMBOLS, SymbolSource.DEBUG_INFO);
                assertThat(compare(symbols, whole, addresses, theirs))
                        .as("%s", of)
                        .isLessThanOrEqualTo((int) (ADDRESSES * DIFFERENT_MAX));
            }
        }
    }

    @Test
    void aStrippedBinaryAndItsDebugFileGiveTheSameSymbolFile() throws Exception {
        Files.writeString(directory.resolve("program.cc"), PROGRAM);
        run("clang++", "-std=c++17", "-O2", "-g", "-o", "full", "program.cc");
        run("objcopy", "--only-keep-debug", "full", "debug");
        run("objcopy", "--strip-all", "full", "stripped");
        Path target = directory.resolve("two.symbols");
        try (PathSource stripped = PathSource.open(directory.resolve("stripped"));
                PathSource debug = PathSource.open(directory.resolve("debug"));
                SymbolFile full = symbols(directory.resolve("full"))) {
            ElfFile debugFile = ElfFile.open(debug);
            BinarySymbols.write(
                    ElfFile.open(stripped),
                    debugFile,
                    DebugInfo.of(debugFile),
                    FUNCTIONS_MAX,
                    SymbolLimits.OF_SERVER,
                    new LocalDisk(),
                    target);
            assertThat(full.addresses().segments()).isNotEmpty();
            List<String> names = new ArrayList<>();
            full.forEachFunction((name, _, _) -> names.add(name));
            assertThat(names).contains("printf@plt", "main");
        }
        assertThat(target).hasSameBinaryContentAs(directory.resolve("full.symbols"));
    }

    @Test
    void libcsDebugFileSaysWhatLlvmFindsThere() throws Exception {
        Path libc;
        try (Stream<Path> maps =
                Files.lines(Path.of("/proc/self/maps"))
                        .map(line -> Path.of(line.substring(Math.max(0, line.indexOf('/')))))) {
            libc = maps.filter(path -> path.endsWith("libc.so.6")).findFirst().orElseThrow();
        }
        String id;
        try (PathSource source = PathSource.open(libc)) {
            id = ElfFile.open(source).buildId().orElseThrow();
        }
        Path debug =
                Path.of("/usr/lib/debug/.build-id", id.substring(0, 2), id.substring(2) + ".debug");
        assertThat(debug).as("libc's debug information is installed").exists();
        long[] addresses = addresses(libc);
        List<String> theirs = llvm(libc, addresses);
        try (SymbolFile symbols = symbols(debug)) {
            assertThat(symbols.buildId()).isEqualTo(id);
            assertThat(compare(symbols, debug, addresses, theirs))
                    .isLessThanOrEqualTo((int) (ADDRESSES * DIFFERENT_MAX));
        }
    }

    @Test
    void aStrippedGoProgramHasFunctionsAndLines() throws Exception {
        Path source = directory.resolve("main.go");
        Files.writeString(
                source,
                """
                package main

                func double(n int) int { return n + n }

                func main() {
                    println(double(len("ab")))
                }
                """);
        Path program = directory.resolve("program");
        GoToolchain.build(program, source, List.of("-ldflags=-s -w"), Map.of("CGO_ENABLED", "0"));
        Path target = directory.resolve("go.symbols");
        try (PathSource bytes = PathSource.open(program)) {
            ElfFile file = ElfFile.open(bytes);
            BinarySymbols.Told told =
                    BinarySymbols.write(
                            file,
                            DebugInfo.of(file),
                            FUNCTIONS_MAX,
                            SymbolLimits.OF_SERVER,
                            new LocalDisk(),
                            target);
            assertThat(told.debugInfo()).isNull();
            assertThat(told.leftOut()).isEmpty();
            assertThat(told.goCode()).isNotNull();
            assertThat(told.goCode().hasInlined()).isTrue();
        }
        try (SymbolFile symbols =
                        SymbolFile.open(PathSource.open(target), "go", new SymbolMemory(8 << 20));
                PathSource bytes = PathSource.open(program)) {
            assertThat(symbols.sources()).contains(SymbolSource.GO_TABLE);
            Section text = ElfFile.open(bytes).section(".text").orElseThrow();
            Set<String> found = new HashSet<>();
            for (long at = text.address(); at < text.address() + text.size(); at++) {
                List<CodeFrame> frames = symbols.find(at);
                if (!frames.isEmpty() && "main.main".equals(frames.getLast().function())) {
                    found.add(text(frames));
                }
            }
            assertThat(found).contains("main.main\n" + source + ":6");
        }
    }

    private SymbolFile symbols(Path binary) throws IOException {
        Path target = directory.resolve(binary.getFileName() + ".symbols");
        try (PathSource source = PathSource.open(binary)) {
            ElfFile file = ElfFile.open(source);
            BinarySymbols.Told all =
                    BinarySymbols.write(
                            file,
                            DebugInfo.of(file)
                                    .scratch(DiskScratch.in(new LocalDisk(), directory, "debug")),
                            FUNCTIONS_MAX,
                            SymbolLimits.OF_SERVER,
                            new LocalDisk(),
                            target);
            assertThat(all.leftOut()).isEmpty();
            assertThat(all.goCode()).isNull();
            DebugInfo.Told told = all.debugInfo();
            assertThat(told).isNotNull();
            assertThat(told.firstRefusal()).isEmpty();
        }
        assertThat(left(DiskScratch.SUFFIX)).isEmpty();
        assertThat(left(".tmp")).isEmpty();
        return SymbolFile.open(
                PathSource.open(target), target.toString(), new SymbolMemory(8 << 20));
    }

    private List<Path> left(String suffix) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(suffix)).toList();
        }
    }

    /// How many addresses have other frames.
    private int compare(SymbolFile symbols, Path named, long[] addresses, List<String> theirs)
            throws Exception {
        Map<String, Set<String>> aliases = aliases(named);
        List<String> different = new ArrayList<>();
        int unknown = 0;
        int chosen = 0;
        for (int i = 0; i < addresses.length; i++) {
            String ours = text(symbols.find(addresses[i]));
            if (ours.equals(theirs.get(i))) {
                unknown += ours.startsWith("??") ? 1 : 0;
            } else if (isSameButForSymbols(ours, theirs.get(i), aliases)) {
                chosen++;
            } else {
                different.add("0x%x:%n%s%nllvm:%n%s".formatted(addresses[i], ours, theirs.get(i)));
            }
        }
        System.out.printf(
                "%s: %d of %d different, %d unknown to both, %d by another symbol%n",
                named, different.size(), addresses.length, unknown, chosen);
        different.stream().limit(5).forEach(System.out::println);
        assertThat(unknown).isLessThan(addresses.length / 4);
        return different.size();
    }

    /// Whether an answer is ours but for what a symbol says: LLVM may choose another of several
    /// names of the outermost function, or have no symbol table to look in, and takes the name of a
    /// source file from the table too.
    private static boolean isSameButForSymbols(
            String ours, String theirs, Map<String, Set<String>> aliases) {
        String[] our = ours.split("\n", -1);
        String[] their = theirs.split("\n", -1);
        if (our.length != their.length) {
            return false;
        }
        int outermost = our.length - 2;
        for (int i = 0; i < our.length; i++) {
            boolean isSame =
                    our[i].equals(their[i])
                            || (i == outermost
                                    && (aliases.getOrDefault(our[i], Set.of()).contains(their[i])
                                            || our[i].startsWith(their[i] + '.')
                                            || (their[i].equals("??") && our.length == 2)))
                            || (our[i].equals("??:0") && their[i].matches("[^/]*:0"));
            if (!isSame) {
                return false;
            }
        }
        return true;
    }

    /// All names that each function has.
    private Map<String, Set<String>> aliases(Path binary) throws Exception {
        Map<String, Set<String>> byAddress = new HashMap<>();
        for (String line : output("nm", binary.toString()).lines().toList()) {
            String[] words = line.split(" ", -1);
            if (words.length == 3) {
                String name = words[2].replaceFirst("@.*", "");
                byAddress.computeIfAbsent(words[0], _ -> new HashSet<>()).add(name);
            }
        }
        Map<String, Set<String>> aliases = new HashMap<>();
        byAddress.values().forEach(names -> names.forEach(name -> aliases.put(name, names)));
        return aliases;
    }

    /// As `llvm-symbolizer` prints it: function and file:line in turn, innermost first.
    private static String text(List<CodeFrame> frames) {
        StringBuilder text = new StringBuilder();
        for (CodeFrame frame : frames) {
            text.append(frame.function() == null ? "??" : frame.function()).append('\n');
            text.append(frame.file() == null ? "??" : frame.file());
            text.append(':').append(frame.line()).append('\n');
        }
        return text.isEmpty() ? "??\n??:0" : text.toString().stripTrailing();
    }

    private List<String> llvm(Path binary, long[] addresses) throws Exception {
        List<String> answers =
                LlvmSymbolizer.frames(directory, addresses, List.of("--obj=" + binary)).stream()
                        .filter(answer -> !answer.isBlank())
                        .toList();
        assertThat(answers).hasSameSizeAs(addresses);
        return answers;
    }

    private static long[] addresses(Path binary) throws IOException {
        try (PathSource source = PathSource.open(binary)) {
            Section text = ElfFile.open(source).section(".text").orElseThrow();
            return new Random(1)
                    .longs(ADDRESSES, text.address(), text.address() + text.size())
                    .toArray();
        }
    }

    private void run(String... command) throws Exception {
        output(command);
    }

    private String output(String... command) throws Exception {
        Path out = Files.createTempFile(directory, "output", "");
        Process process =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .redirectOutput(out.toFile())
                        .start();
        assertThat(process.waitFor(100, TimeUnit.SECONDS)).as("%s ends", command[0]).isTrue();
        assertThat(process.exitValue()).as(String.join(" ", command)).isZero();
        return Files.readString(out);
    }
}

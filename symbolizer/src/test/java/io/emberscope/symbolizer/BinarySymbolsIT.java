package io.emberscope.symbolizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Tools;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Asks symbol files and `llvm-symbolizer` what belongs to random addresses, of a binary that has
/// everything in it, of one whose debug information is in another file, and of libc.
class BinarySymbolsIT {
    private static final int ADDRESSES = 20_000;
    private static final int FUNCTIONS_MAX = 1 << 20;
    private static final String LIBC = "/usr/lib/x86_64-linux-gnu:libc.so.6";

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
                compare(symbols, whole, addresses, theirs);
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
        Path libc = Pinned.files(List.of(new Pinned("libc6", LIBC))).getFirst();
        Path debug = Pinned.files(List.of(Pinned.debugFile("libc6-dbg", LIBC))).getFirst();
        long[] addresses = addresses(libc);
        List<String> theirs = llvm(libc, addresses);
        try (SymbolFile symbols = symbols(debug)) {
            assertThat(debug.toString().replace("/", "")).endsWith(symbols.buildId() + ".debug");
            compare(symbols, debug, addresses, theirs);
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
                    found.add(Differences.text(frames));
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

    private static void compare(
            SymbolFile symbols, Path named, long[] addresses, List<String> theirs)
            throws Exception {
        Differences differences = Differences.withSymbolsOf(named);
        for (int i = 0; i < addresses.length; i++) {
            String ours = Differences.text(symbols.find(addresses[i]));
            differences.add(addresses[i], ours, theirs.get(i));
        }
        differences.assertExplained(named.toString());
        assertThat(differences.unknown()).isLessThan(addresses.length / 4);
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
        new Tools(directory).run(command);
    }
}

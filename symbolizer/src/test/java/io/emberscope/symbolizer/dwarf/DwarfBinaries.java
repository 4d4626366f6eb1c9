package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Binaries with debug information of every kind: programs that several compilers make in many ways
/// in a directory, and what Debian has in packages.
final class DwarfBinaries {
    private static final String HEADER =
            """
            #pragma once
            static inline int half(int x) {
                return x / 2;
            }
            static inline __attribute__((always_inline)) int mixed(int x) {
                int sum = 0;
                for (int i = 0; i < x; i++)
                    sum += half(i) ^ (i << 3);
                return sum;
            }
            int elsewhere(int x);
            """;

    private static final String MAIN_C =
            """
            #include "parts/part.h"
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            static int compare(const void *a, const void *b) { return *(int *) a - *(int *) b; }
            static __attribute__((noinline)) int unused(int x) { return mixed(x); }
            int never_called(int x) { return unused(x) + elsewhere(x); }
            static inline int twice(int x) { return half(x) + mixed(x); }
            int main(int argc, char **argv) {
                int numbers[64];
                for (int i = 0; i < 64; i++)
                    numbers[i] = twice(argc * i) + elsewhere(i);
                qsort(numbers, 64, sizeof(int), compare);
                if (argc > 3)
                    abort();
                char text[100];
                snprintf(text, sizeof text, "%d", numbers[3]);
                return (int) strlen(text) + mixed(numbers[4]);
            }
            """;

    private static final String ELSEWHERE_C =
            """
            #include "part.h"
            struct point { int x, y; };
            static struct point moved(struct point p, int by) {
                p.x += half(by);
                p.y += mixed(by);
                return p;
            }
            int elsewhere(int x) {
                struct point p = {x, x};
                for (int i = 0; i < 10; i++) {
                    int inner = i * x;
                    p = moved(p, inner);
                }
                switch (x) {
                case 1: return p.x;
                case 2: return mixed(p.y);
                case 3: __builtin_trap();
                default: return p.x + p.y;
                }
            }
            """;

    private static final String MAIN_CC =
            """
            #include <algorithm>
            #include <cstdio>
            #include <map>
            #include <string>
            #include <vector>
            namespace {
            template <typename T, int N> struct Ring {
                T slots[N] = {};
                int at = 0;
                void put(T value) { slots[at++ % N] = value; }
                template <typename F> void each(F f) const { for (auto &s : slots) f(s); }
                struct Inner { static T doubled(T t) { return t + t; } };
            };
            struct Shape { virtual ~Shape() = default; virtual double area() const = 0; };
            struct Square final : Shape {
                double side;
                explicit Square(double s) : side(s) {}
                double area() const override { return side * side; }
            };
            }
            static int fold(const std::vector<int> &v) {
                int sum = 0;
                std::for_each(v.begin(), v.end(), [&](int x) {
                    auto inner = [&sum](int y) { sum += y * 3; };
                    inner(x);
                });
                return sum;
            }
            int main(int argc, char **argv) {
                std::map<std::string, std::vector<int>> words;
                for (int i = 0; i < argc; i++) {
                    struct Local {
                        static int length(const std::string &s) { return (int) s.size(); }
                    };
                    words[argv[i]].push_back(Local::length(argv[i]));
                }
                Ring<long, 8> ring;
                for (auto &[word, numbers] : words) {
                    std::sort(numbers.begin(), numbers.end(), [](int a, int b) { return a > b; });
                    ring.put(Ring<long, 8>::Inner::doubled(fold(numbers)));
                }
                double sum = 0;
                ring.each([&](long x) { Square square((double) x); sum += square.area(); });
                try {
                    if (sum > 1e9) throw std::string("large");
                } catch (const std::string &s) {
                    std::puts(s.c_str());
                }
                std::printf("%f\\n", sum);
                return 0;
            }
            """;

    private static final String MAIN_RS =
            """
            use std::collections::HashMap;
            struct Counter { counts: HashMap<String, usize> }
            trait Tally { fn tally(&mut self, word: &str) -> usize; }
            impl Counter { fn new() -> Self { Counter { counts: HashMap::new() } } }
            impl Tally for Counter {
                fn tally(&mut self, word: &str) -> usize {
                    let slot = self.counts.entry(word.to_string()).or_insert(0);
                    *slot += 1;
                    *slot
                }
            }
            fn main() {
                let mut counter = Counter::new();
                let sum: usize = std::env::args().map(|a| counter.tally(&a)).sum();
                let mut words: Vec<_> = counter.counts.iter().filter(|(_, n)| **n > 0).collect();
                words.sort_by(|a, b| b.1.cmp(a.1));
                println!("{} {:?}", sum, words);
            }
            """;

    private static final String MAIN_GO =
            """
            package main

            import (
            	"fmt"
            	"sort"
            )

            type shape interface{ area() int }
            type square struct{ side int }

            func (s square) area() int { return s.side * s.side }

            func sum[T any](all []T, f func(T) int) (total int) {
            	for _, one := range all {
            		total += f(one)
            	}
            	return
            }

            func main() {
            	shapes := []shape{square{3}, square{2}}
            	sort.Slice(shapes, func(i, j int) bool { return shapes[i].area() < shapes[j].area() })
            	fmt.Println(sum(shapes, func(s shape) int { return s.area() }))
            }
            """;

    private static final List<String> TEMPLATES =
            List.of("templates.h", "templates.cc", "templates_more.cc");

    /// A binary to compare.
    ///
    /// @param oracle what `llvm-symbolizer` reads; the binary, unless it cannot read that
    /// @param splitPackage its `.dwp` file
    /// @param supplement file of what several have in common
    record Binary(
            String name,
            Path path,
            Path oracle,
            @Nullable Path splitPackage,
            @Nullable Path supplement) {
        Binary(String name, Path path) {
            this(name, path, path, null, null);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private final Path directory;
    private final List<Binary> binaries = new ArrayList<>();

    private DwarfBinaries(Path directory) {
        this.directory = directory;
    }

    /// Makes the programs.
    static List<Binary> compiled(Path directory) throws Exception {
        DwarfBinaries made = new DwarfBinaries(directory);
        made.compile();
        return made.binaries;
    }

    private void compile() throws Exception {
        Files.createDirectories(directory.resolve("parts"));
        Files.writeString(directory.resolve("parts/part.h"), HEADER);
        Files.writeString(directory.resolve("parts/part.c"), ELSEWHERE_C);
        Files.writeString(directory.resolve("main.c"), MAIN_C);
        Files.writeString(directory.resolve("main.cc"), MAIN_CC);
        Files.writeString(directory.resolve("main.rs"), MAIN_RS);
        Files.writeString(directory.resolve("main.go"), MAIN_GO);
        compileC();
        compileCxx();
        compileTemplates();
        compressAndShare();
        split();
        run("rustc", "-g", "-Copt-level=3", "-o", "rust-O3", "main.rs");
        add("rust-O3");
        run("go", "build", "-o", "go-usual", "main.go");
        add("go-usual");
    }

    private void compileC() throws Exception {
        for (String version : List.of("2", "3", "4", "5")) {
            c("gcc", "gcc-c-" + version, "-O2", "-gdwarf-" + version);
        }
        c("gcc", "gcc-c-5-O0", "-O0", "-gdwarf-5");
        c("gcc", "gcc-c-64-bit-dwarf", "-O2", "-gdwarf-5", "-gdwarf64");
        c("gcc", "gcc-c-lto", "-O2", "-g", "-flto");
        c("gcc", "gcc-c-old-lines", "-O2", "-gdwarf-4", "-gstrict-dwarf", "-no-pie");
        c("gcc", "gcc-c-gc", "-O1", "-g", "-ffunction-sections", "-Wl,--gc-sections");
        c(
                "gcc",
                "gcc-c-gold",
                "-O1",
                "-g",
                "-ffunction-sections",
                "-fuse-ld=gold",
                "-Wl,--gc-sections");
        c("clang", "clang-c-3", "-O1", "-gdwarf-3");
        c("clang", "clang-c-4", "-O2", "-gdwarf-4");
        c("clang", "clang-c-5", "-O2", "-gdwarf-5", "-ffunction-sections");
        c("clang", "clang-c-aranges", "-O3", "-g", "-gdwarf-aranges");
        c(
                "gcc",
                "gcc-c-32-bit",
                "-m32",
                "-O2",
                "-g",
                "-ffreestanding",
                "-nostdlib",
                "-static",
                "-fno-pie");
    }

    private void c(String compiler, String name, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(compiler));
        command.addAll(List.of(options));
        command.addAll(List.of("-o", name, "parts/part.c"));
        if (command.contains("-nostdlib")) {
            command.add("-Wl,-e,elsewhere");
        } else {
            command.add("main.c");
        }
        run(command.toArray(String[]::new));
        add(name);
    }

    private void compileCxx() throws Exception {
        for (String options :
                List.of(
                        "-O0 -gdwarf-4",
                        "-O1 -gdwarf-5",
                        "-O2 -gdwarf-5",
                        "-O3 -g -fdebug-types-section")) {
            cxx("g++", options);
        }
        cxx("clang++", "-O2 -gdwarf-5");
        cxx("clang++", "-O1 -gdwarf-4 -fdebug-types-section");
    }

    private void cxx(String compiler, String options) throws Exception {
        String name = compiler + options.replace(' ', '_');
        List<String> command = new ArrayList<>(List.of(compiler, "-std=c++17"));
        command.addAll(List.of(options.split(" ")));
        command.addAll(List.of("-o", name, "main.cc"));
        run(command.toArray(String[]::new));
        add(name);
    }

    /// Two units full of templates, which are put together when they are linked.
    private void compileTemplates() throws Exception {
        for (String file : TEMPLATES) {
            try (var resource = DwarfBinaries.class.getResourceAsStream("/dwarf/" + file)) {
                Files.write(directory.resolve(file), resource.readAllBytes());
            }
        }
        for (String compiler : List.of("g++", "clang++")) {
            for (String version : List.of("4", "5")) {
                String name = compiler + "-templates-lto-" + version;
                List<String> command = new ArrayList<>(List.of(compiler, "-std=c++17", "-O2"));
                command.addAll(List.of("-gdwarf-" + version, "-flto", "-o", name));
                if (compiler.equals("clang++")) {
                    command.add("-fuse-ld=lld");
                }
                TEMPLATES.stream().filter(file -> file.endsWith(".cc")).forEach(command::add);
                run(command.toArray(String[]::new));
                add(name);
            }
        }
    }

    /// What was compiled, compressed, and with parts that are shared.
    private void compressAndShare() throws Exception {
        run("llvm-objcopy-19", "--compress-debug-sections=zstd", "g++-O2_-gdwarf-5", "zstd");
        add("zstd");
        run("objcopy", "--compress-debug-sections=zlib-gabi", "g++-O2_-gdwarf-5", "zlib");
        add("zlib");
        run("objcopy", "--compress-debug-sections=zlib-gnu", "g++-O0_-gdwarf-4", "zlib-gnu");
        // llvm-symbolizer does not read the old way to compress any more.
        binaries.add(
                new Binary(
                        "zlib-gnu",
                        directory.resolve("zlib-gnu"),
                        directory.resolve("g++-O0_-gdwarf-4"),
                        null,
                        null));
        run("dwz", "-o", "dwz-alone", "g++-O2_-gdwarf-5");
        add("dwz-alone");
        Files.copy(directory.resolve("g++-O2_-gdwarf-5"), directory.resolve("dwz-first"));
        Files.copy(directory.resolve("g++-O1_-gdwarf-5"), directory.resolve("dwz-second"));
        run("dwz", "-m", "dwz-common", "dwz-first", "dwz-second");
        // llvm-symbolizer does not read supplementary files.
        Path common = directory.resolve("dwz-common");
        binaries.add(
                new Binary(
                        "dwz-first",
                        directory.resolve("dwz-first"),
                        directory.resolve("g++-O2_-gdwarf-5"),
                        null,
                        common));
        binaries.add(
                new Binary(
                        "dwz-second",
                        directory.resolve("dwz-second"),
                        directory.resolve("g++-O1_-gdwarf-5"),
                        null,
                        common));
    }

    /// Debug information in files of its own, and in packages of those.
    private void split() throws Exception {
        split("gcc", "split-gcc-4", "dwp", "-O2", "-gdwarf-4");
        // No tool packs what gcc makes of DWARF 5: llvm-dwp does not end, dwp crashes.
        split("gcc", "split-gcc-5", "", "-O2", "-gdwarf-5");
        split(
                "clang",
                "split-clang-5",
                "llvm-dwp-19",
                "-O2",
                "-gdwarf-5",
                "-fno-split-dwarf-inlining");
        split("clang", "split-clang-4", "llvm-dwp-19", "-O1", "-gdwarf-4");
    }

    private void split(String compiler, String name, String packer, String... options)
            throws Exception {
        List<String> link = new ArrayList<>(List.of(compiler, "-o", name));
        for (String source : List.of("main.c", "parts/part.c")) {
            String object = name + "-" + source.replace('/', '-') + ".o";
            List<String> command = new ArrayList<>(List.of(compiler, "-gsplit-dwarf", "-c"));
            command.addAll(List.of(options));
            command.addAll(List.of("-o", object, source));
            run(command.toArray(String[]::new));
            link.add(object);
        }
        run(link.toArray(String[]::new));
        add(name);
        if (packer.isEmpty()) {
            return;
        }
        run(packer, "-e", name, "-o", name + ".dwp");
        Path dwp = directory.resolve(name + ".dwp");
        Path path = directory.resolve(name);
        binaries.add(new Binary(name + "-package", path, path, dwp, null));
    }

    private void add(String name) {
        binaries.add(new Binary(name, directory.resolve(name)));
    }

    private void run(String... command) throws Exception {
        new Tools(directory).run(command);
    }
}

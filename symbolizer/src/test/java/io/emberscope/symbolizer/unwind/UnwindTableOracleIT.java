package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.Pinned;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionSymbols;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Our tables and what `readelf` says of the same binaries, row for row: libraries that every host
/// has, large ones, hand-written assembly, and programs compiled here. `-Doracle.files=all` takes
/// every ELF file of this machine.
class UnwindTableOracleIT {
    private static final int DIFFERENCES_SHOWN = 10;
    private static final boolean ALL = "all".equals(System.getProperty("oracle.files"));

    /// All versions of LLVM and of Rust's compiler that there are, which take a minute.
    private static final boolean LONG = Boolean.getBoolean("long");

    /// Functions of files that are not pinned that may have rows which we do not have.
    private static final int LACKING_MIN = 5;

    private static final int LACKING_ONE_IN = 1000;

    /// Bytes before a function that only a symbol tells of that may have a row.
    private static final int BEFORE_SYMBOL_MAX = 16;

    private static final String LIBRARIES = "/usr/lib/x86_64-linux-gnu:";

    /// `./emberscope test` installs all of them, but for the JDK that runs this.
    private static final List<Pinned> PINNED =
            List.of(
                    new Pinned("libc6", LIBRARIES + "libc.so.6"),
                    new Pinned("libc6", LIBRARIES + "ld-linux-x86-64.so.2"),
                    new Pinned("libstdc++6", LIBRARIES + "libstdc++.so.6"),
                    new Pinned("openssl", LIBRARIES + "libcrypto.so.3"),
                    new Pinned("llvm", LIBRARIES + "libLLVM-*.so.1", LIBRARIES + "libLLVM.so.*.*"),
                    new Pinned("libpython3-dev", LIBRARIES + "libpython3*.so.1.0"),
                    new Pinned(
                            "default-jre-headless",
                            "/usr/lib/jvm:java-*-openjdk-*/lib/server/libjvm.so"),
                    new Pinned("the JDK of this test", javaHome() + ":lib/server/libjvm.so"),
                    new Pinned("bash", "/usr/bin:bash"),
                    new Pinned("python3", "/usr/bin:python3"),
                    new Pinned("nodejs", onPath("node")),
                    new Pinned("chromium", "/usr/lib/chromium:chromium"),
                    // That of the distribution, or where rustup puts it.
                    new Pinned(
                            "rustc",
                            LIBRARIES + "librustc_driver-*.so",
                            System.getProperty("user.home")
                                    + "/.rustup/toolchains"
                                    + ":*/lib/{librustc_driver-*.so,libLLVM.so.*}"));

    /// Rows that readelf has and we do not, as the walk cannot do what they say.
    ///
    /// @param file a pattern of its name
    /// @param functionsMax that have such rows
    private record Explained(String file, Lack lack, int functionsMax, String why) {}

    private enum Lack {
        /// The CFA is an expression we have no form for.
        CFA_EXPRESSION,
        /// The caller's stack pointer is not the CFA.
        STACK_POINTER
    }

    private static final String MULTIPLICATION =
            "bn_mul_mont, bn_mul4x_mont, bn_mul_mont_gather5 keep the caller's rsp behind a number"
                    + " whose length in words is in r9";

    private static final List<Explained> EXPLAINED =
            List.of(
                    new Explained("libcrypto\\.so\\.3", Lack.CFA_EXPRESSION, 3, MULTIPLICATION),
                    new Explained("node", Lack.CFA_EXPRESSION, 3, MULTIPLICATION),
                    new Explained("chromium", Lack.CFA_EXPRESSION, 3, MULTIPLICATION),
                    new Explained(
                            "libc\\.so\\.6",
                            Lack.STACK_POINTER,
                            4,
                            "__longjmp, __longjmp_cancel, ____longjmp_chk, setcontext: rsp comes"
                                    + " from the buffer of the jump"),
                    new Explained("ld-linux-x86-64\\.so\\.2", Lack.STACK_POINTER, 1, "__longjmp"));

    @TempDir static Path directory;

    static List<Path> files() throws Exception {
        List<Path> files = new ArrayList<>(installed());
        if (!ALL) {
            files.add(compiled("gcc", "-O2", "-fomit-frame-pointer"));
            files.add(compiled("gcc", "-O2", "-fno-asynchronous-unwind-tables", "-g", "-gz=zlib"));
            files.add(compiled("clang", "-O2", "-mno-red-zone", "-fcf-protection"));
            files.add(rust("opt-level=3"));
            files.add(rust("opt-level=0", "force-frame-pointers=yes"));
        }
        return files;
    }

    /// Binaries that this machine has.
    static List<Path> installed() throws IOException {
        List<Path> files = new ArrayList<>();
        if (ALL) {
            try (Stream<Path> all = Files.walk(Path.of("/usr"), 20, new FileVisitOption[0])) {
                all.filter(UnwindTableOracleIT::isElf).forEach(files::add);
            }
            return files;
        }
        return LONG ? Pinned.files(PINNED) : Pinned.oneOfEach(PINNED);
    }

    private static String javaHome() {
        return System.getProperty("java.home");
    }

    /// Where a tool is: the first on the path, which `./emberscope test` sets, or where rustup puts
    /// those that are not on it.
    private static String onPath(String tool) {
        List<String> folders =
                new ArrayList<>(
                        List.of(
                                System.getenv()
                                        .getOrDefault("PATH", "")
                                        .split(File.pathSeparator, -1)));
        folders.add(System.getProperty("user.home") + "/.cargo/bin");
        return folders.stream()
                        .filter(folder -> Files.isExecutable(Path.of(folder, tool)))
                        .findFirst()
                        .orElse("/usr/bin")
                + ':'
                + tool;
    }

    private static boolean isElf(Path path) {
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try (var in = Files.newInputStream(path)) {
            byte[] start = in.readNBytes(20);
            return start.length == 20
                    && start[0] == 0x7f
                    && start[1] == 'E'
                    && start[2] == 'L'
                    && start[3] == 'F'
                    && start[4] == 2 // 64 bits
                    && start[18] == 62;
        } catch (IOException _) {
            return false;
        }
    }

    private static Path compiled(String... command) throws Exception {
        Path source =
                Files.writeString(
                        directory.resolve("program.c"),
                        """
                        #include <alloca.h>
                        #include <setjmp.h>
                        #include <stdio.h>
                        #include <stdlib.h>
                        #include <string.h>
                        __attribute__((noinline)) int realigned(int n)
                        {
                            __attribute__((aligned(64))) char buffer[128];
                            char *more = alloca(n);
                            memset(buffer, n, sizeof(buffer));
                            memset(more, n, n);
                            return printf("%d %d\\n", buffer[3], more[0]);
                        }
                        static int compare(const void *a, const void *b)
                        {
                            return *(const int *)a - *(const int *)b;
                        }
                        int main(int argc, char **argv)
                        {
                            int numbers[] = { 3, 1, 2 };
                            qsort(numbers, 3, sizeof(int), compare);
                            return realigned(argc) + numbers[0];
                        }
                        """);
        return compiled(source, command);
    }

    /// With Rust's standard library in it.
    private static Path rust(String... options) throws Exception {
        Path source =
                Files.writeString(
                        directory.resolve("program.rs"),
                        """
                        use std::collections::BTreeMap;
                        fn fails(depth: u32) -> u32 {
                            if depth == 0 {
                                panic!("at the end");
                            }
                            fails(depth - 1) + 1
                        }
                        fn main() {
                            let mut counts: BTreeMap<String, u32> = BTreeMap::new();
                            for word in std::env::args() {
                                *counts.entry(word).or_default() += 1;
                            }
                            let caught = std::panic::catch_unwind(|| fails(20));
                            println!("{counts:?} {}", caught.is_err());
                        }
                        """);
        List<String> command = new ArrayList<>();
        command.add(onPath("rustc").replace(':', '/'));
        command.addAll(List.of("--edition", "2021"));
        for (String option : options) {
            command.addAll(List.of("-C", option));
        }
        return compiled(source, command.toArray(new String[0]));
    }

    private static Path compiled(Path source, String... command) throws Exception {
        Path program = Files.createTempFile(directory, "program", "");
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of("-o", program.toString(), source.toString()));
        Process process = new ProcessBuilder(all).inheritIO().start();
        assertThat(process.waitFor()).as("%s", all).isZero();
        return program;
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyRowIsWhatReadelfSays(Path file) throws Exception {
        try (PathSource source = PathSource.open(file)) {
            ElfFile elf = ElfFile.open(source);
            Rows table = Rows.read(elf);
            List<FramesInterp.Function> functions = FramesInterp.of(file, ".eh_frame");
            long covered = functions.stream().filter(f -> isCode(elf, f)).count();
            if (covered < 8) {
                List<FramesInterp.Function> all = new ArrayList<>(functions);
                all.addAll(FramesInterp.of(file, ".debug_frame"));
                functions = all;
            }
            compare(file, elf, table, functions);
        }
    }

    private static boolean isCode(ElfFile elf, FramesInterp.Function function) {
        return function.end() > function.start() && codeOffset(elf, function.start()) >= 0;
    }

    private static long codeOffset(ElfFile elf, long address) {
        for (var segment : elf.segments()) {
            if (segment.isCode()
                    && Long.compareUnsigned(address - segment.address(), segment.fileSize()) < 0) {
                return address - segment.address() + segment.offset();
            }
        }
        return -1;
    }

    /// What a row of ours should say, and whether it does.
    private static void compare(
            Path file, ElfFile elf, Rows table, List<FramesInterp.Function> functions)
            throws IOException {
        List<FramesInterp.Function> sorted =
                functions.stream()
                        .filter(f -> isCode(elf, f))
                        .sorted(Comparator.comparingLong(f -> codeOffset(elf, f.start())))
                        .toList();
        Map<String, Integer> explained = new TreeMap<>();
        Map<Lack, Set<Long>> lacking = new EnumMap<>(Lack.class);
        List<String> differences = new ArrayList<>();
        int rowsSeen = 0;
        int row = 0;
        long end = 0;
        NavigableSet<Long> told = toldBySymbols(elf);
        NavigableMap<Long, Long> ends = new TreeMap<>();
        for (FramesInterp.Function function : sorted) {
            long bias = codeOffset(elf, function.start()) - function.start();
            long start = function.start() + bias;
            if (start < end) {
                explained.merge("overlaps the function before", 1, Integer::sum);
                continue;
            }
            if (start > end) {
                expectNone(table, end, told, differences);
            }
            for (FramesInterp.Row wanted : function.rows()) {
                // The rows of what functions have in common are those of address 0.
                long address = Math.max(wanted.address(), function.start());
                long at = address + bias;
                if (at >= function.end() + bias) {
                    explained.merge("beyond the function's end", 1, Integer::sum);
                    continue;
                }
                rowsSeen++;
                String found = text(table, table.ruleAt(at));
                Lack lack = function.isSignal() ? null : lack(wanted, found);
                if (lack != null) {
                    lacking.computeIfAbsent(lack, _ -> new TreeSet<>()).add(function.start());
                }
                String expected = lack == null ? text(wanted, function.isSignal(), found) : "none";
                if (!found.equals(expected)) {
                    differences.add(
                            Long.toHexString(address)
                                    + ": "
                                    + found
                                    + " (expected: "
                                    + expected
                                    + ")");
                }
            }
            end = function.end() + bias;
            ends.put(start, end);
            row++;
        }
        expectNone(table, end, told, differences);
        // No row of ours is at a place where readelf has none: each is the start of one of its
        // rows, or the end of a function, or of code that only a symbol tells of.
        Set<Long> places = new HashSet<>();
        for (FramesInterp.Function function : sorted) {
            long bias = codeOffset(elf, function.start()) - function.start();
            places.add(function.start() + bias);
            places.add(function.end() + bias);
            for (FramesInterp.Row wanted : function.rows()) {
                places.add(wanted.address() + bias);
            }
        }
        for (int i = 0; i < table.size(); i++) {
            long offset = table.offset(i);
            if (places.contains(offset)) {
                continue;
            }
            var before = ends.floorEntry(offset);
            Long symbol = told.floor(offset + BEFORE_SYMBOL_MAX);
            if (symbol != null && (before == null || symbol >= before.getValue())) {
                explained.merge("rows only of symbols", 1, Integer::sum);
            } else {
                differences.add(Long.toHexString(offset) + ": a row (expected: none)");
            }
        }
        System.out.printf(
                "unwind oracle: %s: %d functions, %d rows, %d of ours%s%s%n",
                file.getFileName(),
                row,
                rowsSeen,
                table.size(),
                explained.isEmpty() ? "" : ", explained " + explained,
                table.unexpressed().isEmpty() ? "" : ", not expressed " + table.unexpressed());
        assertThat(differences.stream().limit(DIFFERENCES_SHOWN)).as("%s", file).isEmpty();
        for (var entry : lacking.entrySet()) {
            assertThat(entry.getValue().size())
                    .as("%s: %s, functions at %s", file, entry.getKey(), hex(entry.getValue()))
                    .isLessThanOrEqualTo(mayLack(file, entry.getKey(), row));
        }
    }

    private static List<String> hex(Set<Long> addresses) {
        return addresses.stream().limit(DIFFERENCES_SHOWN).map(Long::toHexString).toList();
    }

    /// How many of a file's functions may have rows that we do not have.
    private static int mayLack(Path file, Lack lack, int functions) {
        String name = file.getFileName().toString();
        return EXPLAINED.stream()
                .filter(each -> each.lack() == lack && name.matches(each.file()))
                .mapToInt(Explained::functionsMax)
                .findFirst()
                .orElse(ALL ? Math.max(LACKING_MIN, functions / LACKING_ONE_IN) : 0);
    }

    private static @Nullable Lack lack(FramesInterp.Row row, String found) {
        if (row.returnAddress().equals("u")) {
            return null;
        }
        if (!row.rsp().equals("u")) {
            return Lack.STACK_POINTER;
        }
        return row.cfa().equals("exp") && found.equals("none") ? Lack.CFA_EXPRESSION : null;
    }

    /// Where functions are by symbols, as offsets in the file, and what a process begins with.
    private static NavigableSet<Long> toldBySymbols(ElfFile elf) throws IOException {
        NavigableSet<Long> told = new TreeSet<>(Set.of(codeOffset(elf, elf.entry())));
        FunctionSymbols.of(elf).forEach((address, _, _) -> told.add(codeOffset(elf, address)));
        return told;
    }

    private static void expectNone(Rows table, long end, Set<Long> told, List<String> differences) {
        String found = text(table, table.ruleAt(end));
        if (end > 0 && !found.equals("none") && !told.contains(end)) {
            differences.add(
                    "after a function, offset "
                            + Long.toHexString(end)
                            + ": "
                            + found
                            + " (expected: none)");
        }
    }

    private static final List<String> REGISTERS =
            List.of(
                    "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10",
                    "r11", "r12", "r13", "r14", "r15", "rip");

    /// A rule of ours in readelf's words: CFA, rbp, rbx if we keep it, return address.
    private static String text(Rows table, int rule) {
        if ((rule & Rule.LONG) == 0) {
            int slot = rule >> 10;
            return ((rule & 0x200) != 0 ? "rbp+" : "rsp+")
                    + 8 * (rule & 0x1ff)
                    + (slot == 0 ? " u" : " c-" + 8 * slot)
                    + " c-8";
        }
        int[] words = table.longRule(rule);
        int kind = words[0] & 0xff;
        int rbpHow = (words[0] >> 16) & 0xff;
        int offset = (short) words[3];
        String rbp =
                switch (rbpHow) {
                    case Rule.RBP_AT_CFA -> "c" + signed(offset);
                    case Rule.RBP_AT_RBP, Rule.RBP_AT_RSP -> "exp";
                    case Rule.RBP_IN_REGISTER -> REGISTERS.get(offset);
                    default -> "u";
                };
        String returnAddress =
                words[0] >>> 24 == Rule.RETURN_IN_REGISTER
                        ? REGISTERS.get(words[3] >>> 16)
                        : "c" + signed(words[3] >> 16);
        String rbx =
                kind != Rule.KIND_REGISTER || words[2] == 0
                        ? ""
                        : words[2] == Rule.RBX_SAME ? " rbx u" : " rbx c" + signed(words[2]);
        return switch (kind) {
            case Rule.KIND_NONE -> "none";
            case Rule.KIND_END -> "end";
            case Rule.KIND_SIGNAL -> "signal";
            case Rule.KIND_REGISTER ->
                    REGISTERS.get((words[0] >> 8) & 0xff)
                            + signed(words[1])
                            + ' '
                            + rbp
                            + rbx
                            + ' '
                            + returnAddress;
            default -> "exp " + rbp + ' ' + returnAddress;
        };
    }

    private static String signed(int number) {
        return (number < 0 ? "" : "+") + number;
    }

    /// What readelf says, in the same words. What an expression is, it does not say here.
    private static String text(FramesInterp.Row row, boolean isSignal, String found) {
        if (row.returnAddress().equals("u")) {
            return "end";
        }
        if (isSignal) {
            return "signal";
        }
        String rbx = found.contains(" rbx ") ? " rbx " + row.rbx() : "";
        return row.cfa() + ' ' + row.rbp() + rbx + ' ' + row.returnAddress();
    }
}

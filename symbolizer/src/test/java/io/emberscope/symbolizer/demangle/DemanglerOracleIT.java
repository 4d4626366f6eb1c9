package io.emberscope.symbolizer.demangle;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.Pinned;
import io.emberscope.symbolizer.demangle.Demangler.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every name in large binaries as we read it, and as `llvm-cxxfilt` (C++) and the crate
/// `rustc-demangle` (Rust) do. `-Doracle.files=all` takes every ELF file of this machine,
/// `-Dmutations=N` and `-Dseed=N` more damaged names, and others.
class DemanglerOracleIT {
    private static final boolean ALL = "all".equals(System.getProperty("oracle.files"));
    private static final int MUTATIONS = Integer.getInteger("mutations", 100_000);
    private static final long SEED = Long.getLong("seed", 7);
    private static final int DIFFERENCES_SHOWN = 10;

    /// Names of a binary of which LLVM reads none and we do, or reads wrongly: at most one in.
    private static final int EXPLAINED_ONE_IN = 200;

    /// The standard library of C++ has 71 names of functions of transactions.
    private static final int EXPLAINED_MIN = 75;

    /// Damaged names that may be read otherwise without a reason that is named: at most one in.
    private static final int MUTATIONS_UNEXPLAINED_ONE_IN = 5_000;

    private static final int MUTATED_CHARS_MAX = 200;

    private static final String LIBRARIES = "/usr/lib/x86_64-linux-gnu:";
    private static final String TOOLCHAINS =
            System.getProperty("user.home") + "/.rustup/toolchains:*/lib/";

    private static final List<Pinned> PINNED =
            List.of(
                    new Pinned("libc6", LIBRARIES + "libc.so.6"),
                    new Pinned("libstdc++6", LIBRARIES + "libstdc++.so.6"),
                    new Pinned("openssl", LIBRARIES + "libcrypto.so.3"),
                    new Pinned("libpython3-dev", LIBRARIES + "libpython3*.so.1.0"),
                    new Pinned("llvm", LIBRARIES + "libLLVM-*.so.1", LIBRARIES + "libLLVM.so.*.*"),
                    new Pinned(
                            "llvm-19",
                            "/usr/lib/llvm-19:lib/libLLVM.so.19.1",
                            LIBRARIES + "libLLVM.so.19.1"),
                    new Pinned("clang", "/usr/lib:llvm-*/lib/libclang-cpp.so.*"),
                    new Pinned(
                            "openjdk-17-jre-headless",
                            "/usr/lib/jvm:java-*-openjdk-*/lib/server/libjvm.so"),
                    new Pinned(
                            "the JDK of this test",
                            System.getProperty("java.home") + ":lib/server/libjvm.so"),
                    new Pinned("nodejs", "/usr/bin:node", "/usr/local/bin:node"),
                    new Pinned("chromium", "/usr/lib/chromium:chromium"),
                    new Pinned(
                            "rustc",
                            TOOLCHAINS + "librustc_driver-*.so",
                            TOOLCHAINS + "libLLVM.so.*",
                            LIBRARIES + "librustc_driver-*.so"));

    @TempDir static Path directory;
    private static Oracles oracles;

    @BeforeAll
    static void buildOracles() throws Exception {
        oracles = Oracles.in(directory);
    }

    static List<Path> files() throws IOException {
        if (ALL) {
            try (Stream<Path> all = Files.walk(Path.of("/usr"), 20)) {
                return all.filter(DemanglerOracleIT::isElf).toList();
            }
        }
        return Pinned.files(PINNED);
    }

    private static boolean isElf(Path path) {
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try (var in = Files.newInputStream(path)) {
            byte[] start = in.readNBytes(4);
            return start.length == 4 && start[0] == 0x7f && start[1] == 'E' && start[2] == 'L';
        } catch (IOException _) {
            return false;
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyNameOfABinaryIsReadAsTheOraclesDo(Path file) throws Exception {
        compare(file.getFileName().toString(), oracles.namesOf(file));
    }

    @ParameterizedTest
    @MethodSource("compilers")
    void everyNameThatACompilerMakesIsReadAsTheOraclesDo(List<String> compiler) throws Exception {
        Path object = Files.createTempFile(directory, "heavy", ".o");
        List<String> command = new ArrayList<>(compiler);
        command.addAll(List.of("-o", object.toString()));
        Oracles.run(command);
        List<String> names = oracles.namesOf(object);
        assertThat(names).hasSizeGreaterThan(100);
        compare(compiler.toString(), names);
    }

    static Stream<List<String>> compilers() {
        String cpp = "src/test/resources/demangle/heavy.cc";
        String rust = "src/test/resources/demangle/heavy.rs";
        List<String> rustc = List.of(Oracles.RUSTC, "--edition=2021", "-Zunstable-options", rust);
        String mangling = "-Csymbol-mangling-version=";
        return Stream.of(
                List.of("clang++", "-std=c++20", "-w", "-c", cpp),
                List.of("g++", "-std=c++20", "-w", "-c", cpp),
                Stream.concat(rustc.stream(), Stream.of(mangling + "v0")).toList(),
                Stream.concat(rustc.stream(), Stream.of(mangling + "legacy")).toList());
    }

    /// Why we may read a name of C++ otherwise than LLVM 19 does.
    private enum Reason {
        /// It reads none, where `c++filt` reads what we do: functions of transactions, literals of
        /// types such as `char8_t`, newer types of floating point, `co_await` in an expression, and
        /// templates that are members of local classes, such as generic lambdas of Clang.
        REFUSED,
        /// Substitutions of `_BitInt`, and calls in parentheses, which Clang makes.
        REFUSED_BY_BOTH,
        /// It forgets that a template parameter that is a template can be substituted, and takes
        /// the next one for it.
        TEMPLATE_PARAMETER,
    }

    private static final Pattern BY_BOTH = Pattern.compile("D[BU]|cp");
    private static final Pattern TEMPLATE_PARAMETER = Pattern.compile("T[0-9A-Z]*_I");

    private record Difference(String name, String expected, String found) {
        @Override
        public String toString() {
            return "%n%s%n  %s%n  (expected: %s)".formatted(name, found, expected);
        }
    }

    private static void compare(String what, List<String> names) throws Exception {
        List<String> cpp = new ArrayList<>();
        List<String> rust = new ArrayList<>();
        for (String name : names) {
            if (isRust(name)) {
                rust.add(name);
            } else if (name.startsWith("_Z") || name.startsWith("___Z")) {
                cpp.add(name);
            } else {
                assertThat(Demangler.demangle(name, Mode.FULL)).isSameAs(name);
            }
            String simple = Demangler.demangle(name, Mode.SIMPLIFIED);
            boolean isRead = !Demangler.demangle(name, Mode.FULL).equals(name);
            assertThat(!simple.equals(name)).as(name).isEqualTo(isRead);
        }
        List<Difference> differences = rustDifferences(rust);
        assertThat(differences.stream().limit(DIFFERENCES_SHOWN)).as(what).isEmpty();
        List<Difference> unexplained = new ArrayList<>();
        int[] explained = explain(cpp, unexplained);
        System.out.printf(
                "demangler oracle: %s: %d names, %d of Rust, %d of C++, of which LLVM %s%n",
                what,
                names.size(),
                rust.size(),
                cpp.size(),
                "refuses %d, both %d, reads otherwise %d"
                        .formatted(explained[0], explained[1], explained[2]));
        assertThat(unexplained.stream().limit(DIFFERENCES_SHOWN)).as(what).isEmpty();
        assertThat(explained[0] + explained[1] + explained[2])
                .as(what)
                .isLessThanOrEqualTo(Math.max(EXPLAINED_MIN, cpp.size() / EXPLAINED_ONE_IN));
    }

    private static final Pattern LEGACY = Pattern.compile("_?_ZN.*17h[0-9a-f]{16}E(\\..*)?");

    private static boolean isRust(String name) {
        return name.startsWith("_R") || name.startsWith("__R") || LEGACY.matcher(name).matches();
    }

    private static List<Difference> rustDifferences(List<String> names) throws Exception {
        List<String> expected = oracles.rust(names);
        List<Difference> differences = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String found = Demangler.demangle(names.get(i), Mode.FULL);
            if (!found.equals(expected.get(i))) {
                differences.add(new Difference(names.get(i), expected.get(i), found));
            }
        }
        return differences;
    }

    /// Counts differences by reason; adds the others to a list.
    private static int[] explain(List<String> names, List<Difference> unexplained)
            throws Exception {
        List<String> expected = oracles.llvm(names);
        List<Difference> differences = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String found = Demangler.demangle(names.get(i), Mode.FULL);
            if (!found.equals(expected.get(i))) {
                differences.add(new Difference(names.get(i), expected.get(i), found));
            }
        }
        List<String> second = oracles.gnu(differences.stream().map(Difference::name).toList());
        int[] counts = new int[Reason.values().length];
        for (int i = 0; i < differences.size(); i++) {
            Difference difference = differences.get(i);
            boolean refused = difference.expected().equals(difference.name());
            if (TEMPLATE_PARAMETER.matcher(difference.name()).find()) {
                counts[2]++;
            } else if (refused && !second.get(i).equals(difference.name())) {
                counts[0]++;
            } else if (refused && BY_BOTH.matcher(difference.name()).find()) {
                counts[1]++;
            } else {
                unexplained.add(difference);
            }
        }
        return counts;
    }

    /// The table of names that [CppNamesTest] has is what the oracle says.
    @Test
    void theTableOfNamesIsWhatTheOracleSays() throws Exception {
        List<Difference> unexplained = new ArrayList<>();
        int[] explained = explain(NameTable.cpp().map(NameTable::mangled).toList(), unexplained);
        assertThat(unexplained).isEmpty();
        assertThat(explained).containsExactly(5, 2, 1);
    }

    /// Names with a few characters changed: what we read is what the oracle reads, and what it
    /// refuses we leave as it is.
    @Test
    void damagedNamesOfCppAreReadAsTheOracleDoes() throws Exception {
        List<String> seeds = new ArrayList<>(NameTable.cpp().map(NameTable::mangled).toList());
        for (Path file : Pinned.found(LIBRARIES + "libstdc++.so.6")) {
            seeds.addAll(oracles.namesOf(file));
        }
        List<String> names =
                mutated(seeds.stream().filter(each -> each.startsWith("_Z")).toList()).stream()
                        .filter(each -> each.startsWith("_Z"))
                        .filter(each -> !LEGACY.matcher(each).matches())
                        .toList();
        List<Difference> unexplained = new ArrayList<>();
        int[] explained = explain(names, unexplained);
        long read = names.stream().filter(e -> !Demangler.demangle(e, Mode.FULL).equals(e)).count();
        System.out.printf(
                "demangler oracle: damaged names of C++: %d, %d read, explained %s, unexplained %d%n",
                names.size(), read, Arrays.toString(explained), unexplained.size());
        assertThat(read).isGreaterThan(names.size() / 50);
        assertThat(unexplained.size())
                .as("seed %d: %s", SEED, unexplained.stream().limit(DIFFERENCES_SHOWN).toList())
                .isLessThanOrEqualTo(names.size() / MUTATIONS_UNEXPLAINED_ONE_IN);
    }

    /// Where the crate writes that something is wrong or too large, we leave the name as it is.
    private static final Pattern MARKED_AS_WRONG =
            Pattern.compile("\\{(invalid syntax|recursion limit reached|size limit reached)}|\\?");

    @Test
    void damagedNamesOfRustAreReadAsTheOracleDoes() throws Exception {
        Path program = Files.createTempFile(directory, "heavy", "");
        List<String> seeds = new ArrayList<>();
        for (String mangling : List.of("v0", "legacy")) {
            Oracles.run(
                    List.of(
                            Oracles.RUSTC,
                            "--edition=2021",
                            "-Zunstable-options",
                            "-Csymbol-mangling-version=" + mangling,
                            "src/test/resources/demangle/heavy.rs",
                            "-o",
                            program.toString()));
            oracles.namesOf(program).stream().filter(e -> isRust(e)).forEach(seeds::add);
        }
        List<String> names = mutated(seeds).stream().filter(DemanglerOracleIT::isRust).toList();
        List<Difference> differences = rustDifferences(names);
        List<Difference> unexplained = unexplainedOfRust(differences);
        System.out.printf(
                "demangler oracle: damaged names of Rust: %d, explained %d, unexplained %d%n",
                names.size(), differences.size() - unexplained.size(), unexplained.size());
        assertThat(unexplained.size())
                .as("seed %d: %s", SEED, unexplained.stream().limit(DIFFERENCES_SHOWN).toList())
                .isLessThanOrEqualTo(names.size() / MUTATIONS_UNEXPLAINED_ONE_IN);
        assertThat(differences.size()).isLessThanOrEqualTo(names.size() / 20);
    }

    private static List<Difference> unexplainedOfRust(List<Difference> differences)
            throws Exception {
        List<String> asCpp = oracles.llvm(differences.stream().map(Difference::name).toList());
        List<Difference> unexplained = new ArrayList<>();
        for (int i = 0; i < differences.size(); i++) {
            Difference difference = differences.get(i);
            // A hash that is damaged is none, and the name one of C++.
            boolean isCpp = asCpp.get(i).equals(difference.found());
            if (!MARKED_AS_WRONG.matcher(difference.expected()).find()
                    && (difference.name().startsWith("_R") || !isCpp)) {
                unexplained.add(difference);
            }
        }
        return unexplained;
    }

    /// Names that the demanglers of GNU and of Rust are tested with, as Debian's `binutils-source`
    /// and `librust-rustc-demangle-dev` have them.
    @Test
    void namesOfPublicTestsAreReadAsTheOraclesDo() throws Exception {
        for (Path archive : Pinned.found("/usr/src/binutils:binutils-*.tar.xz")) {
            Oracles.run(
                    List.of(
                            "tar",
                            "xf",
                            archive.toString(),
                            "--directory=" + directory,
                            "--wildcards",
                            "*/libiberty/testsuite/demangle-expected",
                            "*/libiberty/testsuite/rust-demangle-expected"));
        }
        StringBuilder texts = new StringBuilder();
        for (String pattern :
                List.of(
                        directory + ":*/libiberty/testsuite/*-expected",
                        "/usr/share/cargo/registry:rustc-demangle-*/src/*.rs")) {
            for (Path file : Pinned.found(pattern)) {
                texts.append(Files.readString(file)).append('\n');
            }
        }
        List<String> names =
                NAME.matcher(texts).results().map(MatchResult::group).distinct().toList();
        List<String> rust = names.stream().filter(DemanglerOracleIT::isRust).toList();
        List<String> cpp = names.stream().filter(name -> !isRust(name)).toList();
        assertThat(rust.size()).isGreaterThan(60);
        assertThat(cpp.size()).isGreaterThan(300);
        List<Difference> unexplained = unexplainedOfRust(rustDifferences(rust));
        int[] explained = explain(cpp, unexplained);
        System.out.printf(
                "demangler oracle: public tests: %d names of Rust, %d of C++, explained %s%n",
                rust.size(), cpp.size(), Arrays.toString(explained));
        assertThat(unexplained).isEmpty();
    }

    private static final Pattern NAME = Pattern.compile("(?<![\\w.$])_{1,2}(?:Z|R)[\\w.$]+");

    private static List<String> mutated(List<String> all) {
        List<String> seeds = all.stream().filter(e -> e.length() <= MUTATED_CHARS_MAX).toList();
        assertThat(seeds).hasSizeGreaterThan(100);
        Random random = new Random(SEED);
        Set<String> names = new LinkedHashSet<>();
        String letters = "0123456789_EISTNKCDLXABFGHJMOPQRUVWYZabcdefghijklmnopqrstuvwxyz$.";
        while (names.size() < MUTATIONS) {
            StringBuilder name = new StringBuilder(seeds.get(random.nextInt(seeds.size())));
            for (int i = random.nextInt(3); i >= 0; i--) {
                int at = 2 + random.nextInt(name.length() - 1);
                char letter = letters.charAt(random.nextInt(letters.length()));
                switch (random.nextInt(4)) {
                    case 0 -> name.insert(Math.min(at, name.length()), letter);
                    case 1 -> name.delete(at, at + 1 + random.nextInt(4));
                    case 2 -> {
                        String other = seeds.get(random.nextInt(seeds.size()));
                        int from = random.nextInt(other.length());
                        int to = Math.min(other.length(), from + random.nextInt(20));
                        name.insert(Math.min(at, name.length()), other.substring(from, to));
                    }
                    default -> name.replace(at, at + 1, String.valueOf(letter));
                }
            }
            names.add(name.toString());
        }
        return List.copyOf(names);
    }
}

package io.emberscope.collector.chains;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/// Builds the programs of `src/test/chains` in all ways that matter to an unwinder.
public final class ChainPrograms {
    private static final Path SOURCES = Path.of("src/test/chains").toAbsolutePath();

    /// Built once for all tests; see [#hash].
    private static final Path BUILT = Path.of("target", "chains").toAbsolutePath();

    /// Where toolchains are that do not put themselves on the path.
    private static final List<Path> USUAL_PLACES =
            List.of(
                    Path.of("/usr/local/go/bin"),
                    Path.of(System.getProperty("user.home"), ".cargo", "bin"));

    private static final List<String> WITH_FRAME_POINTERS =
            List.of("-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer");
    private static final List<String> WITHOUT_TABLES =
            List.of("-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-exceptions");
    private static final List<String> LEAVES_WITH_FRAMES = List.of("-DLEAVES_WITH_FRAMES");

    private ChainPrograms() {}

    /// What is run in the directory of a build, so that it makes the file of the build's name.
    ///
    /// @param name of the directory and of the file
    /// @param scenarios of the program, or empty if it is to be asked for them
    private record Build(String name, List<List<String>> commands, List<String> scenarios) {
        private Build {
            commands = List.copyOf(commands);
            scenarios = List.copyOf(scenarios);
        }

        String tool() {
            return commands.getFirst().getFirst();
        }
    }

    /// Every scenario of every build whose toolchain is there; of the others it tells on standard
    /// error. What was built before, of the same sources by the same tool, is not built again.
    public static List<ChainProgram> all() throws IOException, InterruptedException {
        return some(_ -> true);
    }

    /// The scenarios of some builds, by their names, such as `basic-gcc-O2`.
    public static List<ChainProgram> some(Predicate<String> builds)
            throws IOException, InterruptedException {
        List<Callable<List<ChainProgram>>> built = new ArrayList<>();
        for (Build build : builds()) {
            if (!builds.test(build.name())) {
                continue;
            }
            Optional<Path> tool = find(build.tool());
            if (tool.isPresent()) {
                built.add(() -> programs(build, tool.get()));
            } else {
                System.err.printf(
                        "MISSING TOOLCHAIN: %s: %s is NOT built and NOT tested%n",
                        build.tool(), build.name());
            }
        }
        return onAllCpus(built).stream().flatMap(List::stream).toList();
    }

    /// Runs programs to their ends, one on each CPU at a time.
    ///
    /// @param burn CPU time of each
    /// @param directory where their output is put
    /// @return what they told, in their order
    public static List<Chains> run(List<ChainProgram> programs, Duration burn, Path directory)
            throws IOException, InterruptedException {
        List<Callable<Chains>> runs = new ArrayList<>();
        for (ChainProgram program : programs) {
            runs.add(() -> program.run(burn, directory));
        }
        return onAllCpus(runs);
    }

    private static <T> List<T> onAllCpus(List<Callable<T>> tasks)
            throws IOException, InterruptedException {
        int cpus = Runtime.getRuntime().availableProcessors();
        List<T> results = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(cpus)) {
            for (Future<T> done : executor.invokeAll(tasks)) {
                results.add(done.get());
            }
        } catch (ExecutionException failed) {
            throw new IOException(failed.getCause());
        }
        return results;
    }

    private static List<ChainProgram> programs(Build build, Path tool)
            throws IOException, InterruptedException {
        Path own = BUILT.resolve(build.name() + '-' + hash(build, tool));
        if (!Files.exists(own)) {
            // Under its own name once it is whole.
            Files.createDirectories(BUILT);
            Path part = Files.createTempDirectory(BUILT, build.name());
            for (List<String> command : build.commands()) {
                run(part, command);
            }
            Files.move(part, own, StandardCopyOption.ATOMIC_MOVE);
        }
        Path program = own.resolve(build.name());
        List<String> scenarios =
                build.scenarios().isEmpty()
                        ? run(own, List.of(program.toString(), "scenarios"))
                        : build.scenarios();
        return scenarios.stream()
                .map(
                        scenario ->
                                new ChainProgram(
                                        build.name() + '/' + scenario, program, List.of(scenario)))
                .toList();
    }

    /// Of all that makes a program what it is; of the tool which file it is, and when that changed.
    private static String hash(Build build, Path tool) throws IOException {
        CRC32C hash = new CRC32C();
        try (Stream<Path> sources = Files.list(SOURCES)) {
            for (Path source : sources.sorted().toList()) {
                hash.update(Files.readAllBytes(source));
            }
        }
        Path real = tool.toRealPath();
        String rest = build.commands() + " " + real + Files.getLastModifiedTime(real);
        hash.update(rest.getBytes(StandardCharsets.UTF_8));
        return Long.toHexString(hash.getValue());
    }

    /// The lines that a command prints to its end, which has to be a good one.
    private static List<String> run(Path directory, List<String> command)
            throws IOException, InterruptedException {
        List<String> found = new ArrayList<>(command);
        found.set(0, find(command.getFirst()).orElseThrow().toString());
        ProcessBuilder builder =
                new ProcessBuilder(found).directory(directory.toFile()).redirectErrorStream(true);
        // Go needs nothing from elsewhere, least of all another Go.
        builder.environment().putAll(Map.of("CGO_ENABLED", "0", "GOTOOLCHAIN", "local"));
        Process process = builder.start();
        List<String> lines = process.inputReader(StandardCharsets.UTF_8).readAllLines();
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(
                    "status %d of %s:%n%s"
                            .formatted(
                                    status,
                                    String.join(" ", found),
                                    String.join(System.lineSeparator(), lines)));
        }
        return lines;
    }

    private static Optional<Path> find(String tool) {
        Stream<Path> path =
                Arrays.stream(
                                System.getenv()
                                        .getOrDefault("PATH", "")
                                        .split(Pattern.quote(File.pathSeparator), -1))
                        .map(Path::of);
        return Stream.concat(path, USUAL_PLACES.stream())
                .map(place -> place.resolve(tool))
                .filter(Files::isExecutable)
                .findFirst();
    }

    // ---- the matrix ----

    private static List<Build> builds() {
        List<Build> builds = new ArrayList<>();
        builds.addAll(basic());
        builds.addAll(assembly());
        builds.addAll(libraries());
        builds.addAll(objects());
        builds.add(
                new Build(
                        "bare-gcc-O2",
                        List.of(
                                gcc(
                                        "gcc",
                                        "bare-gcc-O2",
                                        List.of("bare.c"),
                                        "-O2",
                                        "-static",
                                        "-nostdlib",
                                        "-ffreestanding",
                                        "-fno-stack-protector")),
                        List.of("recursion")));
        builds.addAll(rust());
        builds.addAll(go());
        return builds;
    }

    private static List<Build> basic() {
        List<Build> builds = new ArrayList<>();
        for (String compiler : List.of("gcc", "clang")) {
            for (String level : List.of("-O0", "-O1", "-O2", "-O3")) {
                builds.add(basic(compiler, "", level));
            }
            builds.add(basic(compiler, "-fp", "-O2", WITH_FRAME_POINTERS));
            builds.add(basic(compiler, "-omit-fp", "-O0", List.of("-fomit-frame-pointer")));
            builds.add(
                    basic(
                            compiler,
                            "-no-tables",
                            "-O2",
                            WITH_FRAME_POINTERS,
                            WITHOUT_TABLES,
                            LEAVES_WITH_FRAMES));
            builds.add(
                    basic(
                            compiler,
                            "-debug-frame",
                            "-O2",
                            List.of("-g", "-fomit-frame-pointer"),
                            WITHOUT_TABLES));
        }
        builds.add(
                basic(
                        "gcc",
                        "-no-tables",
                        "-O0",
                        WITH_FRAME_POINTERS,
                        WITHOUT_TABLES,
                        LEAVES_WITH_FRAMES));
        builds.add(
                basic(
                        "gcc",
                        "-sync-tables",
                        "-O2",
                        List.of("-fno-asynchronous-unwind-tables", "-funwind-tables")));
        builds.add(basic("gcc", "-no-pie", "-O2", List.of("-no-pie", "-fno-pie")));
        builds.add(basic("gcc", "-no-header", "-O2", List.of("-Wl,--no-eh-frame-hdr")));
        builds.add(basic("gcc", "-one-segment", "-O2", List.of("-Wl,-z,noseparate-code")));
        builds.add(
                basic(
                        "gcc",
                        "-hardened",
                        "-O2",
                        List.of(
                                "-fstack-clash-protection",
                                "-fstack-protector-strong",
                                "-fcf-protection=full",
                                "-D_FORTIFY_SOURCE=2")));
        List<String> linked = List.of("-DLIBRARY_LINKED");
        builds.add(basic("gcc", "-static", "-O2", List.of("-static"), linked));
        builds.add(basic("gcc", "-static-pie", "-O2", List.of("-static-pie"), linked));
        builds.add(basic("musl-gcc", "", "-O2"));
        builds.add(basic("musl-gcc", "-static", "-O2", List.of("-static"), linked));
        return builds;
    }

    @SafeVarargs
    private static Build basic(
            String compiler, String suffix, String level, List<String>... options) {
        String name = "basic-" + compiler + level + suffix;
        List<String> all = new ArrayList<>(List.of(level, "-fno-plt", "-pthread"));
        for (List<String> some : options) {
            all.addAll(some);
        }
        return new Build(
                name,
                List.of(gcc(compiler, name, List.of("basic.c"), all.toArray(new String[0]))),
                List.of());
    }

    private static List<Build> assembly() {
        return Stream.of(
                        List.of("gcc", "-O0"),
                        List.of("gcc", "-O2"),
                        List.of("gcc", "-O2", "-fno-omit-frame-pointer"),
                        List.of("clang", "-O2"))
                .map(
                        options -> {
                            String name =
                                    "asm-%s%s%s"
                                            .formatted(
                                                    options.get(0),
                                                    options.get(1),
                                                    options.size() > 2 ? "-fp" : "");
                            List<String> flags =
                                    new ArrayList<>(options.subList(1, options.size()));
                            flags.add("-fno-plt");
                            return new Build(
                                    name,
                                    List.of(
                                            gcc(
                                                    options.getFirst(),
                                                    name,
                                                    List.of("asm.c", "asm.S"),
                                                    flags.toArray(new String[0]))),
                                    List.of());
                        })
                .toList();
    }

    /// With stubs of all kinds; both the program and its libraries have them.
    private static List<Build> libraries() {
        return List.of(
                library("lazy", "-Wl,-z,lazy"),
                library("now", "-Wl,-z,now"),
                library("ibt", "-fcf-protection=full", "-Wl,-z,lazy,-z,ibtplt"),
                library("ibt-now", "-fcf-protection=full", "-Wl,-z,now,-z,ibtplt"),
                library("no-plt-tables", "-Wl,-z,lazy", "-Wl,--no-ld-generated-unwind-info"));
    }

    private static Build library(String kind, String... options) {
        String name = "host-gcc-O2-" + kind;
        List<String> flags = new ArrayList<>(List.of("-O2"));
        flags.addAll(Arrays.asList(options));
        List<List<String>> commands = new ArrayList<>();
        commands.add(shared("lib", 24, flags));
        commands.add(shared("plugin_a", 200, flags));
        commands.add(shared("plugin_b", 24, flags));
        flags.addAll(List.of("-rdynamic", "liblib.so", "-Wl,-rpath,$ORIGIN"));
        commands.add(gcc("gcc", name, List.of("host.c"), flags.toArray(new String[0])));
        return new Build(name, commands, List.of());
    }

    private static List<String> shared(String names, int frame, List<String> flags) {
        List<String> all =
                new ArrayList<>(
                        List.of("-fPIC", "-shared", "-DNAMES=" + names, "-DFRAME=" + frame));
        all.addAll(flags);
        return gcc("gcc", "lib" + names + ".so", List.of("library.c"), all.toArray(new String[0]));
    }

    private static List<Build> objects() {
        return Stream.of(
                        List.of("g++", "-O0"),
                        List.of("g++", "-O2"),
                        List.of("g++", "-O2", "-static", "-DLIBRARY_LINKED"),
                        List.of("clang++", "-O2"))
                .map(
                        options -> {
                            String name =
                                    "objects-%s%s%s"
                                            .formatted(
                                                    options.get(0).replace("++", "pp"),
                                                    options.get(1),
                                                    options.size() > 2 ? options.get(2) : "");
                            List<String> flags =
                                    new ArrayList<>(options.subList(1, options.size()));
                            flags.addAll(List.of("-fno-plt", "-pthread"));
                            return new Build(
                                    name,
                                    List.of(
                                            gcc(
                                                    options.getFirst(),
                                                    name,
                                                    List.of("objects.cpp"),
                                                    flags.toArray(new String[0]))),
                                    List.of());
                        })
                .toList();
    }

    private static List<Build> rust() {
        String abort = "panic=abort";
        String framePointers = "force-frame-pointers=yes";
        return List.of(
                rust("O0", "opt-level=0"),
                rust("O2", "opt-level=2"),
                rust("O3-fp", "opt-level=3", framePointers),
                rust("O3-abort", "opt-level=3", abort),
                rust(
                        "O3-abort-no-tables",
                        "opt-level=3",
                        abort,
                        "force-unwind-tables=no",
                        framePointers),
                rust("O2-static", "opt-level=2", "target-feature=+crt-static"));
    }

    private static Build rust(String kind, String... options) {
        String name = "rust-" + kind;
        List<String> command = new ArrayList<>(List.of("rustc", "--edition", "2021"));
        for (String option : options) {
            command.addAll(List.of("-C", option));
        }
        command.addAll(List.of("-o", name, SOURCES.resolve("chains.rs").toString()));
        return new Build(name, List.of(command), List.of());
    }

    private static List<Build> go() {
        return List.of(go("go"), go("go-unoptimized", "-gcflags=-N -l"));
    }

    private static Build go(String name, String... options) {
        List<String> command = new ArrayList<>(List.of("go", "build"));
        command.addAll(Arrays.asList(options));
        command.addAll(List.of("-o", name, SOURCES.resolve("chains.go").toString()));
        return new Build(name, List.of(command), List.of());
    }

    /// A compile and link by a compiler with the options of GCC; the options come last, as
    /// libraries may be among them.
    private static List<String> gcc(
            String compiler, String output, List<String> sources, String... options) {
        List<String> command =
                new ArrayList<>(
                        List.of(compiler, "-Wall", "-Wextra", "-Wl,--build-id", "-o", output));
        for (String source : sources) {
            command.add(SOURCES.resolve(source).toString());
        }
        command.addAll(Arrays.asList(options));
        return command;
    }
}

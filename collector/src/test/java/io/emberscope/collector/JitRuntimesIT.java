package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Line;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Functions of run times that are asked to tell names have these, and the time that the program
/// had in them by its own clock: Node.js, the JVM, PHP and Erlang.
@Timeout(240)
@Tag("side-by-side")
final class JitRuntimesIT {
    private static final long MILLI = 1_000_000L;
    private static final long HOT_MILLIS = 4_000;

    /// Of the script, where nearly all of its time goes.
    private static final int NODE_LINE = 3;

    private static final int ERLANG_FIRST = 17;
    private static final int ERLANG_LAST = 20;

    @TempDir private Path directory;

    @Test
    void nodeIsNamedByItsPerfMap() throws Exception {
        assertHot("node-map", node("--perf-basic-prof-only-functions"), "hotFunction");
    }

    @Test
    void nodeIsNamedWithLinesByItsJitDump() throws Exception {
        // Node.js writes it in pieces of 2 MiB, so only the last window has names for sure.
        Received received = node("--perf-prof");
        assertInLine("node-dump", received, "hotFunctionOfTest", "hot.js", NODE_LINE, NODE_LINE);
    }

    private Received node(String option) throws Exception {
        RunningCollector.assumeRoot();
        Path script =
                Files.writeString(
                        directory.resolve("hot.js"),
                        """
                        function hotFunctionOfTest(n) {
                          let x = 0;
                          for (let i = 0; i < n; i++) x = (x * 31 + i) | 0;
                          return x;
                        }
                        let sum = 0;
                        const start = process.cpuUsage().user;
                        while (process.cpuUsage().user - start < %d) sum ^= hotFunctionOfTest(1e6);
                        """
                                .formatted(HOT_MILLIS * 1000));
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink);
                Program node = new Program(directory, "node", option, script)) {
            return received(sink, collector, node);
        }
    }

    @Test
    void theJvmIsNamedByTheMapThatItWasAskedFor() throws Exception {
        RunningCollector.assumeRoot();
        Path source =
                Files.writeString(
                        directory.resolve("Hot.java"),
                        """
                        final class Hot {
                            static long hotFunction(long n) {
                                long x = 0;
                                for (long i = 0; i < n; i++) x = x * 31 + (i ^ x >>> 7);
                                return x;
                            }
                            public static void main(String[] args) throws Exception {
                                long sum = 0;
                                for (int i = 0; i < 300; i++) sum ^= hotFunction(1_000_000);
                                System.out.println("compiled");
                                System.in.read();
                                long start = cpuNanos();
                                while (cpuNanos() - start < %dL) sum ^= hotFunction(1_000_000);
                                System.out.println(sum);
                            }
                            static long cpuNanos() {
                                return java.lang.management.ManagementFactory.getThreadMXBean()
                                        .getCurrentThreadCpuTime();
                            }
                        }
                        """
                                .formatted(HOT_MILLIS * MILLI));
        Path bin = Path.of(System.getProperty("java.home"), "bin");
        CPrograms.finish(CPrograms.start(bin.resolve("javac"), "-d", directory, source));
        try (Sink sink = new Sink();
                Program java =
                        new Program(
                                directory,
                                bin.resolve("java"),
                                "-XX:+PreserveFramePointer",
                                "-cp",
                                directory,
                                "Hot");
                var out = java.process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("compiled");
            try (RunningCollector collector = start(sink)) {
                java.process.outputWriter().append('\n').flush();
                String pid = Long.toString(java.process.pid());
                CPrograms.finish(CPrograms.start(bin.resolve("jcmd"), pid, "Compiler.perfmap"));
                assertThat(java.map()).exists();
                // What is compiled later is in a map that is written anew.
                CPrograms.finish(CPrograms.start(bin.resolve("jcmd"), pid, "Compiler.perfmap"));
                java.finish();
                collector.stop();
                assertHot("java", sink.received(), "hotFunction");
            }
        }
    }

    @Test
    void phpIsNamedByItsPerfMapAndItsWorkersByTheirJitDump() throws Exception {
        RunningCollector.assumeRoot();
        // The map has the id of the process that wrote it first; the dump is mapped by all.
        String workers =
                """
                if (pcntl_fork() == 0) exit(0); // and says in the dump that this is its end
                pcntl_wait($status);
                if (pcntl_fork() == 0) exit(burn() == 1);
                pcntl_wait($status);
                exit($status);
                """;
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink);
                Program traces = php("tracesOfTest", "tracing", 16, "burn();");
                Program functions = php("functionsOfTest", "function", 16, "burn();");
                Program dump = php("workersOfTest", "tracing", 32, workers)) {
            Received received = received(sink, collector, traces, functions, dump);
            assertHot("php-traces", received, "$tracesOfTest$");
            assertHot("php-functions", received, "JIT$functionsOfTest");
            assertHot("php-workers", received, "$workersOfTest$");
        }
    }

    private Program php(String function, String jit, int debug, String main) throws IOException {
        Path script =
                Files.writeString(
                        directory.resolve(function + ".php"),
                        """
                        <?php
                        function %s(int $n): int {
                            $x = 0;
                            for ($i = 0; $i < $n; $i++) $x = ($x * 31 + $i) & 0xffffff;
                            return $x;
                        }
                        function micros(): int {
                            $used = getrusage();
                            return $used["ru_utime.tv_sec"] * 1000000 + $used["ru_utime.tv_usec"];
                        }
                        function burn(): int {
                            $sum = 0;
                            $start = micros();
                            while (micros() - $start < %d) $sum ^= %s(100000);
                            return $sum;
                        }
                        %s
                        """
                                .formatted(function, HOT_MILLIS * 1000, function, main));
        return new Program(
                directory,
                "php",
                "-dopcache.enable_cli=1",
                "-dopcache.file_update_protection=0", // else new files are interpreted
                "-dopcache.jit=" + jit,
                "-dopcache.jit_buffer_size=16M",
                "-dopcache.jit_debug=" + debug,
                script);
    }

    @Test
    void erlangIsNamedWithItsCallersByItsPerfMapAndWithLinesByItsJitDump() throws Exception {
        RunningCollector.assumeRoot();
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink);
                Program map = erlang("mapped", "map");
                Program dump = erlang("dumped", "dump")) {
            Received received = received(sink, collector, map, dump);
            assertHot("erlang-map", received, "$mapped:hot/2");
            assertHot("erlang-map, its caller", received, "$mapped:main/0");
            assertHot("erlang-dump", received, "dumped:hot/2");
            assertInLine(
                    "erlang-dump",
                    received,
                    "dumped:hot/2",
                    "dumped.erl",
                    ERLANG_FIRST,
                    ERLANG_LAST);
        }
    }

    private Program erlang(String module, String option) throws Exception {
        Path source =
                Files.writeString(
                        directory.resolve(module + ".erl"),
                        """
                        -module(%s).
                        -export([main/0]).

                        main() ->
                            {Start, _} = statistics(runtime),
                            Sum = burn(Start, 0),
                            io:format("~p~n", [Sum]).

                        burn(Start, Sum) ->
                            case statistics(runtime) of
                                {Now, _} when Now - Start < %d ->
                                    burn(Start, Sum bxor hot(100000, 0));
                                _ ->
                                    Sum
                            end.

                        hot(0, X) ->
                            X;
                        hot(N, X) ->
                            hot(N - 1, (X * 31 + N) band 16#ffffff).
                        """
                                .formatted(module, HOT_MILLIS));
        CPrograms.finish(CPrograms.start("erlc", "-o", directory, source));
        return new Program(
                directory,
                "erl",
                "+JPperf",
                option,
                "-noshell",
                "-s",
                module,
                "main",
                "-s",
                "init",
                "stop");
    }

    /// What arrived of programs that run to their ends.
    private static Received received(Sink sink, RunningCollector collector, Program... programs)
            throws Exception {
        for (Program program : programs) {
            program.finish();
        }
        collector.stop();
        return sink.received();
    }

    private static void assertHot(String what, Received received, String function) {
        double hot =
                received.nanos(
                        sample -> hasLine(sample, line -> line.function().contains(function)));
        double share = hot / (HOT_MILLIS * MILLI);
        System.out.printf("generated: %s %.3f%n", what, share);
        // Before it is compiled it is interpreted, which takes a moment.
        double chance = Chance.ofTime(HOT_MILLIS * (double) MILLI, Generated.HZ);
        assertThat(share).as(what).isBetween(0.9 - chance, 1.1 + chance);
    }

    private void assertInLine(
            String what, Received received, String function, String file, int first, int last) {
        String path = directory.resolve(file).toString();
        Predicate<Line> isHot = line -> line.function().contains(function);
        double named = received.nanos(sample -> hasLine(sample, isHot));
        double inLine =
                received.nanos(
                        sample ->
                                hasLine(
                                        sample,
                                        isHot.and(line -> line.file().equals(path))
                                                .and(line -> line.line() >= first)
                                                .and(line -> line.line() <= last)));
        System.out.printf(
                "generated: %s %d ms, its lines %d ms%n",
                what, (long) (named / MILLI), (long) (inLine / MILLI));
        assertThat(named).as(what).isGreaterThan(100.0 * MILLI);
        assertThat(inLine).as(what).isGreaterThan(0.8 * named);
    }

    private static boolean hasLine(Received.Sample sample, Predicate<Line> wanted) {
        return sample.frames().stream().flatMap(frame -> frame.lines().stream()).anyMatch(wanted);
    }

    private RunningCollector start(Sink sink) throws Exception {
        return RunningCollector.start(
                directory.resolve("data"), sink.address(), "--frequency=" + Generated.HZ);
    }

    /// A program that tells names; what it told is deleted with it.
    private static final class Program implements AutoCloseable {
        private final Process process;

        Program(Path directory, Object... command) throws IOException {
            process =
                    new ProcessBuilder(Stream.of(command).map(Object::toString).toList())
                            .directory(directory.toFile())
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
        }

        Path map() {
            return Path.of("/tmp/perf-" + process.pid() + ".map");
        }

        void finish() throws InterruptedException {
            CPrograms.finish(process);
        }

        @Override
        public void close() throws IOException {
            process.destroyForcibly().onExit().join();
            Files.deleteIfExists(map());
            Files.deleteIfExists(Path.of("/tmp/jit-" + process.pid() + ".dump"));
        }
    }
}

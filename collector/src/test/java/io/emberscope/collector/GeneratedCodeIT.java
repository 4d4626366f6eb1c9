package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Line;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Code that is made at run time has the names that its process tells: of C programs that know how
/// long they were in it, of Node.js and of the JVM.
@Timeout(240)
final class GeneratedCodeIT {
    private static final long MILLI = 1_000_000L;
    private static final long HOT_MILLIS = 4_000;

    /// Of the script, where nearly all of its time goes.
    private static final int HOT_LINE = 3;

    @TempDir private Path directory;

    @Test
    void functionsHaveTheTimeThatTheProgramHadInThem() throws Exception {
        RunningCollector.assumeRoot();
        Path program = new CPrograms(directory).compile("generated", "generated");
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink);
                Generated plain = Generated.start("plain", program, 3000, "plain");
                Generated user = Generated.start("user", program, 3000, "user", "u");
                Generated late = Generated.start("late", program, 3000, "late", "l");
                // It has ended before its window has, and its file is gone.
                Generated brief = Generated.start("brief", program, 2500, "brief", "d");
                Generated shared = Generated.start("shared", program, 3000, "shared", "z");
                Generated twice = Generated.start("twice", program, 3000, "twice", "m")) {
            List<Generated> all = List.of(plain, user, brief, shared, twice);
            for (Generated each : all) {
                each.finish();
            }
            late.finish();
            collector.stop();
            for (Generated each : all) {
                each.assertNamed(sink.received());
            }
            // A window that was over before the file was there has no names.
            double named =
                    sink.received()
                            .nanos(
                                    sample ->
                                            sample.isIn("late_much") || sample.isIn("late_little"));
            double chance = Chance.ofTime(late.nanos(), Generated.HZ);
            assertThat(named / late.nanos()).isBetween(0.5 - 0.05 - chance, 1.05 + chance);
        }
    }

    @Test
    void aProcessInNamespacesOfItsOwnIsKnownByItsIdThere() throws Exception {
        RunningCollector.assumeRoot();
        Path box = Files.createDirectory(directory.resolve("box"));
        new CPrograms(box).compile("generated", "boxed");
        String inside = "mount --bind '" + box + "' /tmp && exec /tmp/boxed 3000 boxed";
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink);
                Generated boxed =
                        Generated.start(
                                "boxed",
                                "unshare",
                                "-pfm",
                                "--propagation",
                                "private",
                                "sh",
                                "-c",
                                inside)) {
            boxed.finish();
            collector.stop();
            assertThat(box.resolve("perf-1.map")).exists();
            boxed.assertNamed(sink.received());
        }
    }

    @Test
    void nodeIsNamedByItsPerfMap() throws Exception {
        assertHot("node-map", node("--perf-basic-prof-only-functions"));
    }

    @Test
    void nodeIsNamedWithLinesByItsJitDump() throws Exception {
        // Node.js writes it in pieces of 2 MiB, so only the last window has names for sure.
        Received received = node("--perf-prof");
        String file = directory.resolve("hot.js").toString();
        Predicate<Line> isHot = line -> line.function().contains("hotFunctionOfTest");
        double named = received.nanos(sample -> hasLine(sample, isHot));
        double inLoop =
                received.nanos(
                        sample ->
                                hasLine(
                                        sample,
                                        isHot.and(line -> line.file().equals(file))
                                                .and(line -> line.line() == HOT_LINE)));
        System.out.printf(
                "generated: node-dump %d ms, its line %d ms%n",
                (long) (named / MILLI), (long) (inLoop / MILLI));
        assertThat(named).isGreaterThan(100.0 * MILLI);
        assertThat(inLoop).isGreaterThan(0.8 * named);
    }

    private static boolean hasLine(Received.Sample sample, Predicate<Line> wanted) {
        return sample.frames().stream().flatMap(frame -> frame.lines().stream()).anyMatch(wanted);
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
                RunningCollector collector = start(sink)) {
            Process node =
                    new ProcessBuilder("node", option, script.toString())
                            .directory(directory.toFile())
                            .inheritIO()
                            .start();
            CPrograms.finish(node);
            Files.deleteIfExists(Path.of("/tmp/perf-" + node.pid() + ".map"));
            collector.stop();
            return sink.received();
        }
    }

    private static void assertHot(String what, Received received) {
        double hot =
                received.nanos(
                        sample -> hasLine(sample, line -> line.function().contains("hotFunction")));
        double share = hot / (HOT_MILLIS * MILLI);
        System.out.printf("generated: %s %.3f%n", what, share);
        // Before it is compiled it is interpreted, which takes a moment.
        double chance = Chance.ofTime(HOT_MILLIS * (double) MILLI, Generated.HZ);
        assertThat(share).isBetween(0.9 - chance, 1.1 + chance);
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
        Process java =
                CPrograms.start(
                        bin.resolve("java"), "-XX:+PreserveFramePointer", "-cp", directory, "Hot");
        Path map = Path.of("/tmp/perf-" + java.pid() + ".map");
        try (Sink sink = new Sink();
                var out = java.inputReader()) {
            assertThat(out.readLine()).isEqualTo("compiled");
            try (RunningCollector collector = start(sink)) {
                java.outputWriter().append('\n').flush();
                String pid = Long.toString(java.pid());
                CPrograms.finish(CPrograms.start(bin.resolve("jcmd"), pid, "Compiler.perfmap"));
                assertThat(map).exists();
                // What is compiled later is in a map that is written anew.
                CPrograms.finish(CPrograms.start(bin.resolve("jcmd"), pid, "Compiler.perfmap"));
                CPrograms.finish(java);
                collector.stop();
                assertHot("java", sink.received());
            }
        } finally {
            java.destroyForcibly().waitFor();
            Files.deleteIfExists(map);
        }
    }

    private RunningCollector start(Sink sink) throws Exception {
        return RunningCollector.start(
                directory.resolve("data"), sink.address(), "--frequency=" + Generated.HZ);
    }
}

package io.emberscope.symbolizer.jit;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.PathSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files that Node.js, the JVM, PHP and Erlang write: the map beside its own lines, taken from the
/// last on, and the dump beside the map of the same process.
class JitOracleIT {
    private static final int ADDRESSES = 20_000;
    private static final long BYTES_MAX = 64 << 20;
    private static final String NODE = "/usr/bin/node";

    private static final String SCRIPT =
            """
            function inner(n) { let s = 0; for (let i = 0; i < n; i++) s += Math.sqrt(i); return s; }
            function burn(millis) {
                const start = Date.now();
                let s = 0;
                while (Date.now() - start < millis) s += inner(1000);
                return s;
            }
            burn(500);
            """;

    private static final String PHP_SCRIPT =
            """
            <?php
            function inner(int $n): float {
                $s = 0.0;
                for ($i = 0; $i < $n; $i++) $s += sqrt($i);
                return $s;
            }
            function burn(): float {
                $s = 0.0;
                for ($i = 0; $i < 1000; $i++) $s += inner(1000);
                return $s;
            }
            echo burn();
            """;

    private static final String PROGRAM =
            """
            public class Program {
                static long burn(int n) {
                    long s = 0;
                    for (int i = 0; i < n; i++) s += i * 31 ^ s;
                    return s;
                }
                public static void main(String[] arguments) {
                    long s = 0;
                    for (int i = 0; i < 20000; i++) s += burn(1000);
                    System.out.println(s);
                }
            }
            """;

    private record MapLine(long start, long size, String name) {}

    @TempDir Path directory;

    @Test
    void aMapOfNodeIsReadAndItsDumpSaysTheSame() throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of(NODE)), "no node: apt-get install nodejs");
        Files.writeString(directory.resolve("burn.js"), SCRIPT);
        long pid = run(NODE, "--perf-basic-prof", "--perf-prof", "burn.js");
        List<MapLine> lines = compareMap(pid, "/burn.js:2:");

        // Machine code, which the dump has too, and not what an interpreter reads.
        List<MapLine> compiled =
                lines.stream()
                        .filter(
                                line ->
                                        line.name.startsWith("JS:^")
                                                || line.name.startsWith("JS:*"))
                        .toList();
        compareDump(directory.resolve("jit-" + pid + ".dump"), compiled);
    }

    @Test
    void aMapOfPhpIsReadAndItsDumpSaysTheSame() throws Exception {
        Files.writeString(directory.resolve("burn.php"), PHP_SCRIPT);
        long pid =
                run(
                        "php",
                        "-dopcache.enable_cli=1",
                        "-dopcache.file_update_protection=0",
                        "-dopcache.jit=tracing",
                        "-dopcache.jit_buffer_size=16M",
                        "-dopcache.jit_debug=48",
                        "burn.php");
        compareMapAndDump(pid, "$inner$");
    }

    @Test
    void aMapOfErlangIsReadAndItsDumpSaysTheSame() throws Exception {
        long pid = run("erl", "+JPperf", "true", "-noshell", "-s", "init", "stop");
        compareMapAndDump(pid, "$lists:");
    }

    private void compareMapAndDump(long pid, String mustHave) throws IOException {
        Path dump = Path.of("/tmp/jit-" + pid + ".dump");
        try {
            compareDump(dump, compareMap(pid, mustHave));
        } finally {
            Files.deleteIfExists(dump);
        }
    }

    private static void compareDump(Path path, List<MapLine> lines) throws IOException {
        JitCode code = new JitCode(new JitMemory(BYTES_MAX), BYTES_MAX);
        JitDumpReader reader = new JitDumpReader(code);
        try (PathSource dump = PathSource.open(path)) {
            while (reader.read(dump)) {}
        }
        int compared = 0;
        for (MapLine line : lines) {
            JitFrame frame = code.find(line.start + line.size / 2, Long.MAX_VALUE);
            assertThat(frame).as(line.name).isNotNull();
            // Erlang's map has a sign before each name.
            assertThat(frame.function()).isIn(line.name, line.name.replaceFirst("^\\$", ""));
            assertThat(code.find(line.start, 1)).as("before it was made").isNull();
            compared++;
        }
        System.out.printf("jit oracle: dump: %d functions as in the map%n", compared);
        assertThat(compared).isGreaterThan(3);
    }

    @Test
    void aMapOfTheJvmIsRead() throws Exception {
        Files.writeString(directory.resolve("Program.java"), PROGRAM);
        long pid =
                run(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-XX:+UnlockDiagnosticVMOptions",
                        "-XX:+DumpPerfMapAtExit",
                        "Program.java");
        compareMap(pid, "long Program.burn(int)");
    }

    private List<MapLine> compareMap(long pid, String mustHave) throws IOException {
        Path map = Path.of("/tmp/perf-" + pid + ".map");
        List<MapLine> lines = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(map)) {
                String[] words = line.split(" ", 3);
                lines.add(new MapLine(hex(words[0]), hex(words[1]), words[2]));
            }
            JitCode code = new JitCode(new JitMemory(BYTES_MAX), BYTES_MAX);
            PerfMapReader reader = new PerfMapReader(code);
            try (PathSource source = PathSource.open(map)) {
                assertThat(reader.read(source)).isFalse();
            }
            assertThat(reader.passedOver()).isZero();
            assertThat(lines).anyMatch(line -> line.name.contains(mustHave));
            Random random = new Random(1);
            for (int i = 0; i < ADDRESSES; i++) {
                MapLine of = lines.get(random.nextInt(lines.size()));
                long address = of.start - 8 + (long) (random.nextDouble() * (of.size + 16));
                String expected = null;
                for (int j = lines.size() - 1; j >= 0 && expected == null; j--) {
                    MapLine line = lines.get(j);
                    expected =
                            Long.compareUnsigned(address - line.start, line.size) < 0
                                    ? line.name
                                    : null;
                }
                JitFrame frame = code.find(address, 1);
                assertThat(frame == null ? null : frame.function())
                        .as("%x", address)
                        .isEqualTo(expected);
            }
            System.out.printf(
                    "jit oracle: %d addresses of %d lines equal, %d bytes%n",
                    ADDRESSES, lines.size(), code.bytes());
        } finally {
            Files.deleteIfExists(map);
        }
        return lines;
    }

    private static long hex(String text) {
        return Long.parseUnsignedLong(text.replaceFirst("^0x", ""), 16);
    }

    private long run(String... command) throws Exception {
        Process process =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        return process.pid();
    }
}

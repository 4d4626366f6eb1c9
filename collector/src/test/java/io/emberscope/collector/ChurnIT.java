package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.KernelObjects;
import io.emberscope.base.disk.LocalDisk;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The agent starts and stops many times in one process, and gives back all that it took.
@Tag("side-by-side")
final class ChurnIT {
    private static final int ROUNDS =
            Integer.getInteger("churn.rounds", Boolean.getBoolean("long") ? 100 : 70);

    /// Until then caches fill and code is compiled; what grows later is a leak.
    private static final int WARM_ROUNDS = 30;

    private static final int FEW_ROUNDS = 8;

    private static final Pattern STOPPED = Pattern.compile("stopped: samples hits=[1-9]\\d* ");

    @TempDir Path directory;

    @Test
    void nothingIsLeftOfAnAgentThatStopped() throws Exception {
        RunningCollector.assumeRoot();
        Path log = directory.resolve("log");
        Set<String> objects = new TreeSet<>();
        List<Left> left = new ArrayList<>();
        try (Sink sink = new Sink()) {
            Process process = start(sink, log);
            try (BufferedReader lines =
                    new BufferedReader(
                            new InputStreamReader(
                                    process.getInputStream(), StandardCharsets.UTF_8))) {
                while (left.size() < ROUNDS) {
                    String line = lines.readLine();
                    assertThat(line).as(() -> text(log)).isNotNull();
                    String[] words = line.split(" ", -1);
                    if (words[0].equals("left")) {
                        left.add(Left.parse(words));
                    } else {
                        objects.add(line);
                    }
                }
                // Each agent had a program and two maps, and none is there while the process is.
                assertThat(objects).hasSizeGreaterThanOrEqualTo(3 * ROUNDS);
                for (String object : objects) {
                    KernelObjects.assertGone(object);
                }
                assertThat(process.isAlive()).isTrue();
            } finally {
                process.destroyForcibly().waitFor();
            }
        }
        assertThat(STOPPED.matcher(text(log)).results().count()).as(text(log)).isEqualTo(ROUNDS);
        Left warm = left.get(WARM_ROUNDS - 1);
        Left last = left.getLast();
        System.out.println("churn: " + warm + " became " + last);
        int rounds = ROUNDS - WARM_ROUNDS;
        assertThat(left).allSatisfy(round -> assertThat(round.kernelDescriptors).isZero());
        // One in two rounds would be a leak; a connection that is kept open is none.
        assertThat(last.descriptors - warm.descriptors).isLessThan(rounds / 2);
        assertThat(last.threads - warm.threads).isLessThan(rounds / 2);
        // What is on its way to be collected comes and goes; what is kept is in each of a few
        // rounds.
        List<Left> before = left.subList(WARM_ROUNDS - FEW_ROUNDS, WARM_ROUNDS);
        List<Left> after = left.subList(ROUNDS - FEW_ROUNDS, ROUNDS);
        assertThat(least(after, Left::heapBytes) - least(before, Left::heapBytes))
                .isLessThan(rounds * 16L * 1024);
        assertThat(least(after, Left::residentBytes) - least(before, Left::residentBytes))
                .isLessThan(rounds * 64L * 1024);
    }

    private static long least(List<Left> rounds, ToLongFunction<Left> what) {
        return rounds.stream().mapToLong(what).min().orElseThrow();
    }

    /// What a process holds when an agent was stopped.
    ///
    /// @param kernelDescriptors of programs, maps, links and events
    /// @param descriptors all that are open
    /// @param heapBytes of objects that are reachable
    /// @param residentBytes of memory that is no file's, the heap's among them
    private record Left(
            int kernelDescriptors,
            int descriptors,
            int threads,
            long heapBytes,
            long residentBytes) {
        static Left parse(String[] words) {
            return new Left(
                    Integer.parseInt(words[1]),
                    Integer.parseInt(words[2]),
                    Integer.parseInt(words[3]),
                    Long.parseLong(words[4]),
                    Long.parseLong(words[5]));
        }

        @Override
        public String toString() {
            return "left "
                    + kernelDescriptors
                    + ' '
                    + descriptors
                    + ' '
                    + threads
                    + ' '
                    + heapBytes
                    + ' '
                    + residentBytes;
        }
    }

    private Process start(Sink sink, Path log) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + Path.of("jvm.options").toAbsolutePath());
        // A heap that is in memory from the start does not look like growth.
        command.addAll(List.of("-Xms48m", "-XX:+AlwaysPreTouch"));
        command.add("-Dchurn.rounds=" + ROUNDS);
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(Rounds.class.getName(), "collect"));
        command.addAll(List.of("--server", sink.address(), "--frequency=997"));
        command.addAll(List.of("--data", directory.resolve("data").toString()));
        command.addAll(List.of("--metrics-listen", "127.0.0.1:0"));
        return new ProcessBuilder(command).redirectError(log.toFile()).start();
    }

    private static String text(Path log) {
        try {
            return CPrograms.text(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// Starts and stops agents, says what each had in the kernel and what it left, and stays.
    static final class Rounds {
        public static void main(String[] arguments) throws Exception {
            CollectorOptions options = CollectorOptions.parse(arguments, 1, Map.of());
            Log log = new Log(System.err);
            for (int round = 0; round < ROUNDS; round++) {
                Agent agent =
                        new Agent(
                                options,
                                new LocalDisk(),
                                InstantSource.system(),
                                System::nanoTime,
                                log);
                Thread loop = new Thread(() -> run(agent), "loop");
                loop.start();
                KernelObjects.heldBy(ProcessHandle.current().pid()).forEach(System.out::println);
                Thread.sleep(100);
                agent.stop();
                loop.join();
                agent.close();
                System.out.println(left());
            }
            System.in.read();
        }

        private static void run(Agent agent) {
            try {
                agent.run();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        private static Left left() throws Exception {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            List<String> descriptors = descriptors();
            return new Left(
                    (int)
                            descriptors.stream()
                                    .filter(d -> d.matches("anon_inode:.*(bpf|perf).*"))
                                    .count(),
                    descriptors.size(),
                    Thread.activeCount(),
                    runtime.totalMemory() - runtime.freeMemory(),
                    residentBytes());
        }

        private static long residentBytes() throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElseThrow();
        }

        private static List<String> descriptors() throws IOException {
            List<String> targets = new ArrayList<>();
            try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
                for (Path descriptor : open.toList()) {
                    try {
                        targets.add(Files.readSymbolicLink(descriptor).toString());
                    } catch (IOException _) {
                        // The one that listed them is closed by now, or that of another thread.
                    }
                }
            }
            return targets;
        }
    }
}

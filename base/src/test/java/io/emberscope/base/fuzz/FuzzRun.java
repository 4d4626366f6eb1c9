package io.emberscope.base.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Fuzzes one parser, led by coverage, in a JVM of its own with a small heap: ten seconds long, and
/// on until it has tried a thousand inputs, or as `-Dfuzz.seconds` and `-Dfuzz.inputs` say. It
/// fails if `-Dfuzz.seconds.max` are not enough for those. Whatever the target throws is a finding,
/// as is an input that takes longer than `-Dfuzz.timeout` or more memory than there is; the input
/// is then left in `target/fuzz`, and belongs into a test for ever.
///
/// A module that uses it depends on `com.code-intelligence:jazzer` in test scope. A target is a
/// class with a public static method `fuzzerTestOneInput(byte[])`.
public final class FuzzRun {
    private static final int SECONDS = Integer.getInteger("fuzz.seconds", 10);
    private static final long INPUTS = Long.getLong("fuzz.inputs", 1_000);
    private static final int SECONDS_MAX = Integer.getInteger("fuzz.seconds.max", 600);
    private static final int TIMEOUT_SECONDS = Integer.getInteger("fuzz.timeout", 10);
    private static final Pattern DONE = Pattern.compile("Done (\\d+) runs in (\\d+) second");

    private static final String CORPUS = "corpus";
    private static final long ENDING_SECONDS = 120;

    private final Path directory;
    private final List<String> command;
    private long inputs;
    private long seconds;

    private FuzzRun(Path directory, List<String> command) {
        this.directory = directory;
        this.command = command;
    }

    /// Runs the fuzzer and fails if it finds something.
    ///
    /// @param instrumented package whose coverage leads it, such as `io.emberscope.symbolizer`
    /// @param inputBytesMax longest input tried
    /// @param seeds inputs to begin with
    public static void of(
            Class<?> target, String instrumented, int inputBytesMax, List<byte[]> seeds)
            throws IOException, InterruptedException {
        Path directory = Files.createDirectories(Path.of("target/fuzz", target.getSimpleName()));
        Path corpus = Files.createDirectories(directory.resolve(CORPUS));
        for (int i = 0; i < seeds.size(); i++) {
            Files.write(corpus.resolve("seed-" + i), seeds.get(i));
        }
        FuzzRun run = new FuzzRun(directory, command(target, instrumented, inputBytesMax));
        run.go(-1, SECONDS);
        if (run.inputs < INPUTS) {
            run.go(INPUTS - run.inputs, SECONDS_MAX);
        }
        String said =
                "%s: %,d inputs in %d s, %,d a second"
                        .formatted(
                                target.getSimpleName(),
                                run.inputs,
                                run.seconds,
                                run.inputs / Math.max(1, run.seconds));
        System.out.println(said);
        assertThat(run.inputs).as(said).isGreaterThanOrEqualTo(INPUTS);
    }

    /// All but how long.
    private static List<String> command(Class<?> target, String instrumented, int inputBytesMax) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:+EnableDynamicAgentLoading",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target.getName(),
                "--instrumentation_includes=" + instrumented + ".**",
                "--keep_going=1",
                "-timeout=" + TIMEOUT_SECONDS,
                // The heap is the limit. The fuzzer's own measure, ru_maxrss, survives exec and so
                // begins with the size of this process.
                "-rss_limit_mb=0",
                "-max_len=" + inputBytesMax,
                "-print_final_stats=1");
    }

    /// @param inputsMax to try; -1 for as many as there is time for
    private void go(long inputsMax, int secondsMax) throws IOException, InterruptedException {
        Path log = directory.resolve("log.txt");
        List<String> all = new ArrayList<>(command);
        all.addAll(
                List.of(
                        "--reproducer_path=" + directory,
                        "-artifact_prefix=" + directory + "/",
                        "-runs=" + inputsMax,
                        "-max_total_time=" + secondsMax,
                        directory.resolve(CORPUS).toString()));
        Process process =
                new ProcessBuilder(all)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        try {
            boolean ended = process.waitFor(secondsMax + ENDING_SECONDS, TimeUnit.SECONDS);
            String text = Files.readString(log);
            assertThat(ended).as("the fuzzer ends in time: %s", tail(text)).isTrue();
            assertThat(process.exitValue()).as("%s", tail(text)).isZero();
            Matcher done = DONE.matcher(text);
            assertThat(done.find()).as("says how many inputs it tried: %s", tail(text)).isTrue();
            inputs += Long.parseLong(done.group(1));
            seconds += Long.parseLong(done.group(2));
        } finally {
            process.destroyForcibly();
        }
    }

    private static String tail(String text) {
        return text.substring(Math.max(0, text.length() - 6000));
    }
}

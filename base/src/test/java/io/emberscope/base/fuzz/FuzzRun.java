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

/// Fuzzes one parser, led by coverage, in a JVM of its own with a small heap: ten seconds long, or
/// as `-Dfuzz.seconds` or `-Dfuzz.runs` say. Whatever the target throws is a finding, as is an
/// input that takes longer than a second or more memory than there is; the input is then left in
/// `target/fuzz`, and belongs into a test for ever.
///
/// A module that uses it depends on `com.code-intelligence:jazzer` in test scope. A target is a
/// class with a public static method `fuzzerTestOneInput(byte[])`.
public final class FuzzRun {
    private static final int SECONDS = Integer.getInteger("fuzz.seconds", 10);
    private static final long RUNS = Long.getLong("fuzz.runs", -1);
    private static final int TIMEOUT_SECONDS = Integer.getInteger("fuzz.timeout", 10);
    private static final Pattern DONE = Pattern.compile("Done (\\d+) runs in (\\d+) second");

    private FuzzRun() {}

    /// Runs the fuzzer and fails if it finds something.
    ///
    /// @param instrumented package whose coverage leads it, such as `io.emberscope.symbolizer`
    /// @param inputBytesMax longest input tried
    /// @param seeds inputs to begin with
    public static void of(
            Class<?> target, String instrumented, int inputBytesMax, List<byte[]> seeds)
            throws IOException, InterruptedException {
        Path directory = Files.createDirectories(Path.of("target/fuzz", target.getSimpleName()));
        Path corpus = Files.createDirectories(directory.resolve("corpus"));
        for (int i = 0; i < seeds.size(); i++) {
            Files.write(corpus.resolve("seed-" + i), seeds.get(i));
        }
        Path log = directory.resolve("log.txt");
        List<String> command =
                new ArrayList<>(
                        List.of(
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
                                "--reproducer_path=" + directory,
                                "-artifact_prefix=" + directory + "/",
                                "-timeout=" + TIMEOUT_SECONDS,
                                // The heap is the limit. The fuzzer's own measure, ru_maxrss,
                                // survives exec and so begins with the size of this process.
                                "-rss_limit_mb=0",
                                "-max_len=" + inputBytesMax,
                                "-print_final_stats=1"));
        command.add(RUNS > 0 ? "-runs=" + RUNS : "-max_total_time=" + SECONDS);
        command.add(corpus.toString());
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        try {
            boolean ended =
                    RUNS > 0
                            ? process.waitFor(24, TimeUnit.HOURS)
                            : process.waitFor(SECONDS + 120L, TimeUnit.SECONDS);
            String text = Files.readString(log);
            assertThat(ended).as("the fuzzer ends in time: %s", tail(text)).isTrue();
            assertThat(process.exitValue()).as("%s", tail(text)).isZero();
            Matcher done = DONE.matcher(text);
            assertThat(done.find()).as("says how many inputs it tried: %s", tail(text)).isTrue();
            System.out.printf(
                    "%s: %s inputs in %s s%n",
                    target.getSimpleName(), done.group(1), done.group(2));
            assertThat(Long.parseLong(done.group(1))).isGreaterThan(1000);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String tail(String text) {
        return text.substring(Math.max(0, text.length() - 6000));
    }
}

package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A run of `generated.c`: it knows how long it was in each of the functions that it put into
/// memory.
final class Generated implements AutoCloseable {
    static final int HZ = 997;

    /// How far a share may be from the true one beside what chance does.
    private static final double OFF_MAX = 0.05;

    private final String name;
    private final Process process;
    private final BufferedReader out;
    private final String[] places;
    private double[] nanos = {};

    private Generated(String name, Process process, BufferedReader out, String[] places) {
        this.name = name;
        this.process = process;
        this.out = out;
        this.places = places;
    }

    /// Starts one and waits until it has made its code.
    ///
    /// @param name that it is told to give its functions
    static Generated start(String name, Object... command) throws Exception {
        Process process = CPrograms.start(command);
        BufferedReader out = process.inputReader();
        return new Generated(name, process, out, words(out));
    }

    private static String[] words(BufferedReader out) throws Exception {
        String line = out.readLine();
        assertThat(line).as("what the program says").isNotNull();
        return line.split(" ", -1);
    }

    /// Where its perf map file is looked for, if it is in no namespace of its own.
    Path map() {
        return Path.of("/tmp/perf-" + process.pid() + ".map");
    }

    /// What a perf map file would say of its functions by other names.
    String lines(String much, String little) {
        return "%s %s %s%n%s %s %s%n"
                .formatted(places[0], places[1], much, places[2], places[3], little);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// Waits for its end.
    Generated finish() throws Exception {
        String[] words = words(out);
        CPrograms.finish(process);
        nanos = new double[] {Double.parseDouble(words[0]), Double.parseDouble(words[1])};
        return this;
    }

    /// Checks that its functions have the time that it had in them, by its own clock.
    void assertNamed(Received received) {
        assertNamed(received, OFF_MAX);
    }

    /// The same, with how far it may be off.
    ///
    /// @param offMax how far from it beside what chance does, as a share of it
    void assertNamed(Received received, double offMax) {
        assertTime(received, name + "_much", nanos[0], offMax);
        assertTime(received, name + "_little", nanos[1], offMax);
    }

    /// Checks the same of one that tells its second function late: a window that was over before
    /// has no name of it.
    ///
    /// @param told share of its time that was after that
    void assertNamedLate(Received received, double told) {
        assertTime(received, name + "_much", nanos[0]);
        double found = received.nanos(sample -> sample.isIn(name + "_little")) / nanos[1];
        System.out.printf("generated: %s_little %.3f%n", name, found);
        double off = OFF_MAX + Chance.ofTime(nanos[1], HZ);
        assertThat(found).as(name + "_little").isBetween(told - off, 1 + off);
    }

    static void assertTime(Received received, String function, double expected) {
        assertTime(received, function, expected, OFF_MAX);
    }

    private static void assertTime(
            Received received, String function, double expected, double offMax) {
        double found = received.nanos(sample -> sample.isIn(function));
        System.out.printf("generated: %s %.3f%n", function, found / expected);
        double chance = Chance.ofTime(expected, HZ);
        assertThat(found / expected).as(function).isCloseTo(1, within(offMax + chance));
    }

    /// Time in its code, by its own clock.
    double nanos() {
        return nanos[0] + nanos[1];
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        Files.deleteIfExists(map());
    }
}

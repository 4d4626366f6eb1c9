package io.emberscope.e2e;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a collector says of its samples when it stops: `stopped: samples hits=1 delivered=...;
/// nanoseconds hits=...`, and then, if there were drops, `dropped samples by reason: ring_full=1`.
///
/// @param reasons dropped samples by reason
record Farewell(Map<String, Long> samples, Map<String, Long> nanos, Map<String, Long> reasons) {
    private static final Pattern LINE =
            Pattern.compile(
                    "stopped: samples ([^;\\n]*); nanoseconds ([^\\n]*)"
                            + "(?:\\n[^\\n]*dropped samples by reason:([^\\n]*))?");
    private static final Pattern NUMBER = Pattern.compile("([a-z_]+)=([0-9]+)");

    /// The last one in a collector's output.
    static Farewell parse(String output) {
        Matcher line = LINE.matcher(output);
        Farewell last = null;
        while (line.find()) {
            String reasons = line.group(3) == null ? "" : line.group(3);
            last = new Farewell(numbers(line.group(1)), numbers(line.group(2)), numbers(reasons));
        }
        if (last == null) {
            throw new AssertionError("no farewell in: " + output);
        }
        return last;
    }

    private static Map<String, Long> numbers(String text) {
        Map<String, Long> numbers = new HashMap<>();
        Matcher number = NUMBER.matcher(text);
        while (number.find()) {
            numbers.put(number.group(1), Long.parseLong(number.group(2)));
        }
        return numbers;
    }

    /// Samples that came in but neither went out, nor were left out or dropped, nor wait in the
    /// spool.
    long samplesUnaccounted() {
        return unaccounted(samples);
    }

    /// The same in nanoseconds.
    long nanosUnaccounted() {
        return unaccounted(nanos);
    }

    /// Dropped samples for which no reason was given.
    long samplesWithoutReason() {
        return samples.get("dropped") - reasons.values().stream().mapToLong(n -> n).sum();
    }

    private static long unaccounted(Map<String, Long> numbers) {
        return numbers.get("hits")
                + numbers.get("restored")
                - numbers.get("delivered")
                - numbers.get("dropped")
                - numbers.get("left_out")
                - numbers.get("spooled");
    }
}

package io.emberscope.server;

import io.emberscope.base.bytes.MalformedInputException;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Amounts as an operator writes them.
final class Quantities {
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,7})(ms|s|m|h|d|w)");
    private static final Pattern BYTES = Pattern.compile("([0-9]{1,7})(k|m|g|t)?i?b?");

    private Quantities() {}

    static Duration duration(String option, String text) throws MalformedInputException {
        Matcher matcher = DURATION.matcher(text);
        if (matcher.matches()) {
            long count = Long.parseLong(matcher.group(1));
            Duration duration =
                    switch (matcher.group(2)) {
                        case "ms" -> Duration.ofMillis(count);
                        case "s" -> Duration.ofSeconds(count);
                        case "m" -> Duration.ofMinutes(count);
                        case "h" -> Duration.ofHours(count);
                        case "d" -> Duration.ofDays(count);
                        default -> Duration.ofDays(7 * count);
                    };
            if (duration.isPositive()) {
                return duration;
            }
        }
        throw new MalformedInputException(
                option + ": \"" + text + "\" (expected: above zero, such as 30s, 12h or 7d)");
    }

    static long bytes(String option, String text) throws MalformedInputException {
        Matcher matcher = BYTES.matcher(text.toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            long count = Long.parseLong(matcher.group(1));
            String unit = matcher.group(2) == null ? "" : matcher.group(2);
            long bytes = count << (10 * " kmgt".indexOf(unit.isEmpty() ? " " : unit));
            if (bytes > 0) {
                return bytes;
            }
        }
        throw new MalformedInputException(
                option + ": \"" + text + "\" (expected: above zero, such as 500MiB or 10GiB)");
    }

    /// A duration in the largest unit that divides it.
    static String text(Duration duration) {
        if (duration.toSeconds() % 86_400 == 0) {
            return duration.toDays() + "d";
        }
        if (duration.toSeconds() % 3_600 == 0) {
            return duration.toHours() + "h";
        }
        return duration.toSeconds() % 60 == 0
                ? duration.toMinutes() + "m"
                : duration.toSeconds() + "s";
    }

    /// A number of bytes in whole GiB or MiB.
    static String text(long bytes) {
        return bytes % (1L << 30) == 0 ? (bytes >> 30) + "GiB" : (bytes >> 20) + "MiB";
    }
}

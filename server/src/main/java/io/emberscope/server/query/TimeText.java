package io.emberscope.server.query;

import io.emberscope.base.bytes.MalformedInputException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Times and durations as people and pages write them.
final class TimeText {
    private static final Pattern MILLIS = Pattern.compile("[0-9]{1,15}");
    private static final Pattern RELATIVE = Pattern.compile("now(?:([+-])(.+))?");
    private static final Pattern DURATION = Pattern.compile("(?:([0-9]{1,9})(ms|s|m|h|d|w))");
    private static final int DURATION_TERMS_MAX = 6;
    private static final int SHOWN_MAX = 60;

    /// The times that profiles may have; what nanoseconds since 1970 can say, with a margin.
    private static final Instant EARLIEST = Instant.EPOCH;

    private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

    private TimeText() {}

    /// The moment that a text names: `now`, `now-1h30m`, epoch milliseconds or RFC 3339.
    ///
    /// @param field the parameter's name, for the message
    static Instant moment(String field, String text, Instant now) throws MalformedInputException {
        Instant moment = parse(field, text, now);
        if (moment.isBefore(EARLIEST) || moment.isAfter(LATEST)) {
            throw new MalformedInputException(
                    field + ": " + shown(text) + " (expected: from 1970 to 2199)");
        }
        return moment;
    }

    /// The duration that a text names, such as `10s` or `1h30m`.
    static Duration duration(String field, String text) throws MalformedInputException {
        Matcher term = DURATION.matcher(text);
        Duration sum = Duration.ZERO;
        int end = 0;
        int terms = 0;
        while (term.find(end) && term.start() == end && terms++ < DURATION_TERMS_MAX) {
            sum = sum.plus(length(Long.parseLong(term.group(1)), term.group(2)));
            end = term.end();
            if (end == text.length()) {
                return sum;
            }
        }
        throw new MalformedInputException(
                field + ": " + shown(text) + " (expected: such as 10s, 15m or 1h30m)");
    }

    private static Instant parse(String field, String text, Instant now)
            throws MalformedInputException {
        Matcher relative = RELATIVE.matcher(text);
        if (relative.matches()) {
            if (relative.group(2) == null) {
                return now;
            }
            Duration distance = duration(field, relative.group(2));
            return relative.group(1).equals("-") ? now.minus(distance) : now.plus(distance);
        }
        if (MILLIS.matcher(text).matches()) {
            return Instant.ofEpochMilli(Long.parseLong(text));
        }
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            throw new MalformedInputException(
                    field
                            + ": "
                            + shown(text)
                            + " (expected: RFC 3339, epoch milliseconds, now or now-15m)",
                    e);
        }
    }

    private static Duration length(long count, String unit) {
        return switch (unit) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            case "d" -> Duration.ofDays(count);
            case "w" -> Duration.ofDays(7 * count);
            default -> throw new IllegalStateException("the pattern has no such unit: " + unit);
        };
    }

    private static String shown(String text) {
        return '"'
                + (text.length() > SHOWN_MAX ? text.substring(0, SHOWN_MAX) + "..." : text)
                + '"';
    }
}

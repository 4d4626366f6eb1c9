package io.emberscope.collector;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Options of a command line, written `--name value` or `--name=value`.
final class Arguments {
    private final List<String> names = new ArrayList<>();
    private final List<String> values = new ArrayList<>();

    private Arguments() {}

    /// Reads options.
    ///
    /// @param from index of the first
    /// @param known names there are; each takes a value
    static Arguments parse(String[] arguments, int from, String... known) throws UsageException {
        Arguments parsed = new Arguments();
        List<String> legal = List.of(known);
        for (int i = from; i < arguments.length; i++) {
            String word = arguments[i];
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (!legal.contains(name)) {
                throw new UsageException(name + ": unknown option (--help shows them)");
            }
            if (equals < 0 && i + 1 == arguments.length) {
                throw new UsageException(name + ": no value");
            }
            parsed.names.add(name);
            parsed.values.add(equals < 0 ? arguments[++i] : word.substring(equals + 1));
        }
        return parsed;
    }

    /// The value given last, or another.
    String get(String name, String otherwise) {
        int at = names.lastIndexOf(name);
        return at < 0 ? otherwise : values.get(at);
    }

    /// A file, or null if the option was not given.
    @Nullable Path path(String name) {
        String value = get(name, "");
        return value.isEmpty() ? null : Path.of(value);
    }

    /// A whole number within bounds.
    int number(String name, int otherwise, int min, int max) throws UsageException {
        String text = get(name, Integer.toString(otherwise));
        boolean negative = text.startsWith("-");
        int digits = digits(negative ? text.substring(1) : text);
        int value = negative ? -digits : digits;
        if (digits < 0 || value < min || value > max) {
            throw new UsageException(name + ": " + text + " (expected: " + min + ".." + max + ")");
        }
        return value;
    }

    /// A number of at most nine digits, or -1 if it is none.
    static int digits(String text) {
        if (text.isEmpty() || text.length() > 9) {
            return -1;
        }
        int number = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            number = number * 10 + (c - '0');
        }
        return number;
    }
}

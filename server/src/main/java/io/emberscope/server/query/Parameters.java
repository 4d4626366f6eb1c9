package io.emberscope.server.query;

import com.linecorp.armeria.common.QueryParams;
import io.emberscope.base.bytes.MalformedInputException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The query parameters of one request. A parameter that is unknown or given twice is refused: a
/// misspelt `selector` that was ignored would answer another question than the one asked.
final class Parameters {
    private static final int SHOWN_MAX = 60;

    private final QueryParams given;

    private Parameters(QueryParams given) {
        this.given = given;
    }

    /// @param known the parameters that the route takes
    static Parameters of(QueryParams given, Set<String> known) throws MalformedInputException {
        for (String name : given.names()) {
            if (!known.contains(name)) {
                throw new MalformedInputException(
                        "parameter: "
                                + shown(name)
                                + " (expected: "
                                + (known.isEmpty() ? "none" : String.join(", ", sorted(known)))
                                + ")");
            }
            List<String> values = given.getAll(name);
            if (values.size() > 1) {
                throw new MalformedInputException(
                        name + ": given " + values.size() + " times (expected: once)");
            }
        }
        return new Parameters(given);
    }

    /// The text of a parameter, or the fallback if it is absent or empty.
    String text(String name, String fallback) {
        String text = given.get(name);
        return text == null || text.isEmpty() ? fallback : text;
    }

    /// The text of a parameter that must be there.
    String required(String name) throws MalformedInputException {
        String text = given.get(name);
        if (text == null || text.isEmpty()) {
            throw new MalformedInputException(name + ": missing (expected: given)");
        }
        return text;
    }

    /// A whole number from 1 to `max`.
    int count(String name, int fallback, int max) throws MalformedInputException {
        String text = given.get(name);
        if (text == null || text.isEmpty()) {
            return fallback;
        }
        if (text.matches("[0-9]{1,9}")) {
            int value = Integer.parseInt(text);
            if (value >= 1 && value <= max) {
                return value;
            }
        }
        throw new MalformedInputException(
                name + ": " + shown(text) + " (expected: a whole number from 1 to " + max + ")");
    }

    /// One of a few words.
    String oneOf(String name, String fallback, List<String> words) throws MalformedInputException {
        String text = text(name, fallback);
        if (!words.contains(text)) {
            throw new MalformedInputException(
                    name + ": " + shown(text) + " (expected: " + String.join(" or ", words) + ")");
        }
        return text;
    }

    /// Whether a parameter is `true`.
    boolean flag(String name) throws MalformedInputException {
        return oneOf(name, "false", List.of("true", "false")).equals("true");
    }

    private static Set<String> sorted(Set<String> names) {
        return new TreeSet<>(names);
    }

    private static String shown(String text) {
        return '"'
                + (text.length() > SHOWN_MAX ? text.substring(0, SHOWN_MAX) + "..." : text)
                + '"';
    }
}

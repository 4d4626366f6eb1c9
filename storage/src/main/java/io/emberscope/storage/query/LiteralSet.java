package io.emberscope.storage.query;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A regular expression that is only a choice of literals, as dashboards write it for the values a
/// user ticked: `web-1|web-2|db`. A set of any length answers in constant time.
final class LiteralSet implements Predicate<String> {
    private static final String META = "\\.+*?()[]{}^$";

    private final Set<String> values;

    private LiteralSet(Set<String> values) {
        this.values = values;
    }

    /// The set, or null if the expression is more than a choice of literals.
    static @Nullable LiteralSet of(String expression) {
        for (int i = 0; i < expression.length(); i++) {
            if (META.indexOf(expression.charAt(i)) >= 0) {
                return null;
            }
        }
        return new LiteralSet(new HashSet<>(List.of(expression.split("\\|", -1))));
    }

    @Override
    public boolean test(String value) {
        return values.contains(value);
    }
}

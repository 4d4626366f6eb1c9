package io.emberscope.storage.query;

import java.util.function.Predicate;

/// One condition on the value of one label.
///
/// @param name the label
/// @param operator how the value is compared
/// @param value what it is compared with
/// @param test holds for a value that is equal to `value` or matched by it, before negation
record LabelMatcher(String name, Operator operator, String value, Predicate<String> test) {
    /// How a matcher compares.
    enum Operator {
        EQUAL("=", false, false),
        NOT_EQUAL("!=", true, false),
        MATCHES("=~", false, true),
        NOT_MATCHES("!~", true, true);

        private final String text;
        private final boolean negated;
        private final boolean regex;

        Operator(String text, boolean negated, boolean regex) {
            this.text = text;
            this.negated = negated;
            this.regex = regex;
        }

        boolean isRegex() {
            return regex;
        }
    }

    boolean matches(String candidate) {
        return test.test(candidate) != operator.negated;
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        if (SelectorParser.isPlainName(name)) {
            out.append(name);
        } else {
            quote(out, name);
        }
        out.append(operator.text);
        quote(out, value);
        return out.toString();
    }

    private static void quote(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> out.append(c);
            }
        }
        out.append('"');
    }
}

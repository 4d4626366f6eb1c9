package io.emberscope.storage.query;

import org.jspecify.annotations.Nullable;

/// Judges a regular expression before it is compiled. RE2/J matches in linear time, but it compiles
/// by recursion over parentheses and by copying what is repeated, so `((a{1000}){1000}){1000}`
/// would take all memory and ten thousand parentheses all stack.
///
/// The count is never below the size of the compiled program's repeated parts. A text that is no
/// legal expression may get any count; the compiler refuses it later.
final class RegexCost {
    private static final int DEPTH_MAX = 100;
    private static final long COST_MAX = 20_000;

    private final String expression;
    private final long[] costs = new long[DEPTH_MAX + 1];
    private int depth;
    private int position;

    private RegexCost(String expression) {
        this.expression = expression;
    }

    /// What is wrong with the expression, as `found (expected: rule)`, or null.
    static @Nullable String complaint(String expression) {
        return new RegexCost(expression).judge();
    }

    private @Nullable String judge() {
        long last = 0;
        while (position < expression.length()) {
            char c = expression.charAt(position++);
            switch (c) {
                case '(' -> {
                    if (depth == DEPTH_MAX) {
                        return "parentheses (expected: at most " + DEPTH_MAX + " deep)";
                    }
                    costs[++depth] = 0;
                    last = 0;
                }
                case ')' -> {
                    if (depth > 0) {
                        last = costs[depth--] + 2;
                        costs[depth] += last;
                    }
                }
                case '[' -> {
                    skipClass();
                    last = 1;
                    costs[depth]++;
                }
                case '\\' -> {
                    skipEscape();
                    last = 1;
                    costs[depth]++;
                }
                case '{' -> {
                    long times = repeats();
                    // The first copy is counted already. The copies count towards what a second
                    // repetition of the same thing would repeat.
                    costs[depth] += last * (times - 1);
                    last *= times;
                }
                default -> {
                    if ("*+?".indexOf(c) < 0) {
                        last = 1;
                    }
                    costs[depth]++;
                }
            }
            if (costs[depth] > COST_MAX || last > COST_MAX) {
                return "size (expected: at most "
                        + COST_MAX
                        + " places once repetitions are written out)";
            }
        }
        return null;
    }

    /// The larger number of a `{n,m}` that starts here, or 1 if it is text.
    private long repeats() {
        int at = position;
        long most = 1;
        long number = 0;
        while (at < expression.length()) {
            char c = expression.charAt(at++);
            if (c >= '0' && c <= '9') {
                number = Math.min(number * 10 + (c - '0'), 1_000_000);
                most = Math.max(most, number + 1);
            } else if (c == ',') {
                number = 0;
            } else if (c == '}') {
                position = at;
                return most;
            } else {
                return 1;
            }
        }
        return 1;
    }

    private void skipClass() {
        int at = position;
        if (at < expression.length() && expression.charAt(at) == '^') {
            at++;
        }
        if (at < expression.length() && expression.charAt(at) == ']') {
            at++;
        }
        while (at < expression.length() && expression.charAt(at) != ']') {
            if (expression.startsWith("[:", at)) {
                int close = expression.indexOf(":]", at + 2);
                at = close < 0 ? at + 1 : close + 2;
            } else {
                at += expression.charAt(at) == '\\' ? 2 : 1;
            }
        }
        position = Math.min(expression.length(), at + 1);
    }

    private void skipEscape() {
        if (position >= expression.length()) {
            return;
        }
        char c = expression.charAt(position++);
        if (c == 'Q') {
            int end = expression.indexOf("\\E", position);
            costs[depth] += (end < 0 ? expression.length() : end) - position;
            position = end < 0 ? expression.length() : end + 2;
        } else if ((c == 'p' || c == 'P' || c == 'x')
                && position < expression.length()
                && expression.charAt(position) == '{') {
            int end = expression.indexOf('}', position);
            position = end < 0 ? expression.length() : end + 1;
        }
    }
}

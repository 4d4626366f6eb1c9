package io.emberscope.storage.query;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.storage.query.LabelMatcher.Operator;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Reads the text of a [Selector]. One parser reads one text.
final class SelectorParser {
    private static final int TEXT_LENGTH_MAX = 128 << 10;
    private static final int MATCHERS_MAX = 64;
    private static final int SHOWN_MAX = 40;

    private final String text;
    private int position;

    SelectorParser(String text) {
        this.text = text;
    }

    List<LabelMatcher> parse() throws MalformedInputException {
        if (text.length() > TEXT_LENGTH_MAX) {
            throw new MalformedInputException(
                    "selector: "
                            + text.length()
                            + " characters (expected: at most "
                            + TEXT_LENGTH_MAX
                            + ")");
        }
        List<LabelMatcher> matchers = new ArrayList<>();
        skipSpace();
        expect('{', "{");
        skipSpace();
        while (!take('}')) {
            if (matchers.size() == MATCHERS_MAX) {
                throw wrong("at most " + MATCHERS_MAX + " matchers");
            }
            matchers.add(matcher());
            skipSpace();
            if (!take(',')) {
                expect('}', ", or }");
                break;
            }
            skipSpace();
        }
        skipSpace();
        if (position < text.length()) {
            throw wrong("the end after }");
        }
        return matchers;
    }

    static boolean isPlainName(String name) {
        if (name.isEmpty() || !isNameStart(name.charAt(0))) {
            return false;
        }
        for (int i = 1; i < name.length(); i++) {
            if (!isNamePart(name.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private LabelMatcher matcher() throws MalformedInputException {
        String name = name();
        skipSpace();
        Operator operator = operator();
        skipSpace();
        int at = position;
        if (position >= text.length() || !isQuote(text.charAt(position))) {
            throw wrong("a value in quotes");
        }
        String value = quoted();
        return new LabelMatcher(
                name, operator, value, operator.isRegex() ? regex(value, at) : value::equals);
    }

    private String name() throws MalformedInputException {
        if (position < text.length() && isQuote(text.charAt(position))) {
            String name = quoted();
            if (name.isEmpty()) {
                throw wrong("a label name before this");
            }
            return name;
        }
        int start = position;
        if (position >= text.length() || !isNameStart(text.charAt(position))) {
            throw wrong("a label name or }");
        }
        while (position < text.length() && isNamePart(text.charAt(position))) {
            position++;
        }
        return text.substring(start, position);
    }

    private Operator operator() throws MalformedInputException {
        if (take('=')) {
            return take('~') ? Operator.MATCHES : Operator.EQUAL;
        }
        if (position + 1 < text.length() && text.charAt(position) == '!') {
            char second = text.charAt(position + 1);
            if (second == '=' || second == '~') {
                position += 2;
                return second == '=' ? Operator.NOT_EQUAL : Operator.NOT_MATCHES;
            }
        }
        throw wrong("one of =, !=, =~, !~");
    }

    private Predicate<String> regex(String expression, int at) throws MalformedInputException {
        LiteralSet literals = LiteralSet.of(expression);
        if (literals != null) {
            return literals;
        }
        String tooMuch = RegexCost.complaint(expression);
        if (tooMuch != null) {
            throw new MalformedInputException(
                    "selector: regular expression at " + (at + 1) + ": " + tooMuch);
        }
        try {
            return Pattern.compile(expression, Pattern.DOTALL)::matches;
        } catch (PatternSyntaxException e) {
            throw new MalformedInputException(
                    "selector: regular expression at "
                            + (at + 1)
                            + ": "
                            + shown(String.valueOf(e.getDescription()))
                            + " (expected: RE2 syntax)",
                    e);
        }
    }

    /// A text in double or single quotes with Go's escapes, or in backquotes without.
    private String quoted() throws MalformedInputException {
        char quote = text.charAt(position);
        int start = position++;
        StringBuilder out = new StringBuilder();
        while (position < text.length()) {
            char c = text.charAt(position);
            if (c == quote) {
                position++;
                return out.toString();
            }
            if (c == '\\' && quote != '`') {
                escape(out);
            } else if (c == '\n' && quote != '`') {
                throw wrong("no line break inside quotes; write \\n");
            } else {
                out.append(c);
                position++;
            }
        }
        position = start;
        throw wrong("a closing " + quote);
    }

    private void escape(StringBuilder out) throws MalformedInputException {
        int start = position;
        position++;
        char c = position < text.length() ? text.charAt(position++) : 0;
        switch (c) {
            case 'a' -> out.append('\u0007');
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'n' -> out.append('\n');
            case 'r' -> out.append('\r');
            case 't' -> out.append('\t');
            case 'v' -> out.append('\u000b');
            case '\\', '"', '\'' -> out.append(c);
            case 'x' -> out.appendCodePoint(number(start, 2, 16, 0x7f));
            case 'u' -> out.appendCodePoint(number(start, 4, 16, Character.MAX_CODE_POINT));
            case 'U' -> out.appendCodePoint(number(start, 8, 16, Character.MAX_CODE_POINT));
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                position--;
                out.appendCodePoint(number(start, 3, 8, 0x7f));
            }
            default -> {
                position = start;
                throw wrong("a known escape such as \\\\, \\\" or \\n");
            }
        }
    }

    private int number(int start, int digits, int radix, int max) throws MalformedInputException {
        long value = 0;
        for (int i = 0; i < digits; i++) {
            int digit =
                    position < text.length() ? Character.digit(text.charAt(position), radix) : -1;
            if (digit < 0) {
                position = start;
                throw wrong("an escape of " + digits + " digits");
            }
            value = value * radix + digit;
            position++;
        }
        boolean surrogate = value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE;
        if (value > max || surrogate) {
            position = start;
            throw wrong("an escape for a character up to U+" + Integer.toHexString(max));
        }
        return (int) value;
    }

    private void skipSpace() {
        while (position < text.length() && " \t\r\n".indexOf(text.charAt(position)) >= 0) {
            position++;
        }
    }

    private boolean take(char c) {
        if (position < text.length() && text.charAt(position) == c) {
            position++;
            return true;
        }
        return false;
    }

    private void expect(char c, String rule) throws MalformedInputException {
        if (!take(c)) {
            throw wrong(rule);
        }
    }

    private MalformedInputException wrong(String rule) {
        String found =
                position < text.length() ? '"' + shown(text.substring(position)) + '"' : "the end";
        return new MalformedInputException(
                "selector: " + found + " at " + (position + 1) + " (expected: " + rule + ")");
    }

    private static String shown(String found) {
        return found.length() > SHOWN_MAX ? found.substring(0, SHOWN_MAX) + "..." : found;
    }

    private static boolean isQuote(char c) {
        return c == '"' || c == '\'' || c == '`';
    }

    private static boolean isNameStart(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    }

    private static boolean isNamePart(char c) {
        return isNameStart(c) || (c >= '0' && c <= '9');
    }
}

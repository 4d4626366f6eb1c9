package io.emberscope.symbolizer.demangle;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// The values of constant generic arguments in [RustV0].
final class RustConstants {
    /// Hexadecimal digits of a number that is written in decimal.
    private static final int DECIMAL_DIGITS_MAX = 16;

    private RustConstants() {}

    static void constant(RustV0 parser, boolean inExpression) {
        parser.enter();
        int tag = parser.next();
        switch (tag) {
            case 'p' -> parser.write("_");
            case 'h', 't', 'm', 'y', 'o', 'j' -> number(parser);
            case 'a', 's', 'l', 'x', 'n', 'i' -> {
                parser.write(parser.eat('n') ? "-" : "");
                number(parser);
            }
            case 'b' -> parser.write(bool(parser));
            case 'c' -> character(parser);
            case 'R' -> {
                if (parser.eat('e')) {
                    string(parser);
                } else {
                    compound(parser, tag, inExpression);
                }
            }
            case 'e', 'Q', 'A', 'T', 'V' -> compound(parser, tag, inExpression);
            default -> throw new Refused();
        }
        parser.leave();
    }

    /// What stands in braces where a type could stand too.
    private static void compound(RustV0 parser, int tag, boolean inExpression) {
        parser.write(inExpression ? "" : "{");
        switch (tag) {
            case 'e' -> {
                parser.write("*");
                string(parser);
            }
            case 'R', 'Q' -> {
                parser.write(tag == 'R' ? "&" : "&mut ");
                parser.constant(true);
            }
            case 'A' -> {
                parser.write("[");
                parser.list(() -> parser.constant(true), ", ");
                parser.write("]");
            }
            case 'T' -> tuple(parser, ",)");
            default -> {
                parser.path(true);
                fields(parser);
            }
        }
        parser.write(inExpression ? "" : "}");
    }

    private static void tuple(RustV0 parser, String closeOfOne) {
        parser.write("(");
        int count = parser.list(() -> parser.constant(true), ", ");
        parser.write(count == 1 ? closeOfOne : ")");
    }

    private static void fields(RustV0 parser) {
        switch (parser.next()) {
            case 'U' -> {}
            case 'T' -> tuple(parser, ")");
            case 'S' -> {
                parser.write(" { ");
                parser.list(
                        () -> {
                            parser.plainIdentifier();
                            parser.write(": ");
                            parser.constant(true);
                        },
                        ", ");
                parser.write(" }");
            }
            default -> throw new Refused();
        }
    }

    /// Reads hexadecimal digits up to `_`.
    ///
    /// @return where they begin; they end before the parser's position
    private static int digits(RustV0 parser) {
        int from = parser.at;
        while (true) {
            int c = parser.next();
            if (c == '_') {
                return from;
            }
            if (digit(c) < 0) {
                throw new Refused();
            }
        }
    }

    private static int digit(int c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    }

    private static void number(RustV0 parser) {
        int from = digits(parser);
        int end = parser.at - 1;
        while (from < end && parser.name[from] == '0') {
            from++;
        }
        if (parser.isSilent()) {
            return;
        }
        if (end - from > DECIMAL_DIGITS_MAX) {
            parser.out().add("0x").add(parser.name, from, end);
        } else {
            parser.out().add(Long.toUnsignedString(value(parser, from, end)));
        }
    }

    private static long value(RustV0 parser, int from, int end) {
        long value = 0;
        for (int i = from; i < end; i++) {
            value = value << 4 | digit(parser.name[i]);
        }
        return value;
    }

    /// A number that is not large; others are refused.
    private static int small(RustV0 parser) {
        int from = digits(parser);
        int end = parser.at - 1;
        while (from < end && parser.name[from] == '0') {
            from++;
        }
        if (end - from > 6) {
            throw new Refused();
        }
        return (int) value(parser, from, end);
    }

    private static String bool(RustV0 parser) {
        return switch (small(parser)) {
            case 0 -> "false";
            case 1 -> "true";
            default -> throw new Refused();
        };
    }

    private static void character(RustV0 parser) {
        int codePoint = small(parser);
        if (codePoint > Character.MAX_CODE_POINT
                || Character.getType(codePoint) == Character.SURROGATE) {
            throw new Refused();
        }
        if (!parser.isSilent()) {
            parser.out().add('\'');
            escaped(codePoint, '\'', parser.out());
            parser.out().add('\'');
        }
    }

    /// A string, of which each byte is two digits.
    private static void string(RustV0 parser) {
        int from = parser.at;
        digits(parser);
        int end = parser.at - 1;
        if ((end - from) % 2 != 0) {
            throw new Refused();
        }
        byte[] bytes = new byte[(end - from) / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) value(parser, from + 2 * i, from + 2 * i + 2);
        }
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException _) {
            throw new Refused();
        }
        if (!parser.isSilent()) {
            parser.out().add('"');
            text.codePoints().forEach(each -> escaped(each, '"', parser.out()));
            parser.out().add('"');
        }
    }

    /// A character as Rust shows it between quotes.
    private static void escaped(int codePoint, char quote, Text out) {
        switch (codePoint) {
            case 0 -> out.add("\\0");
            case '\t' -> out.add("\\t");
            case '\r' -> out.add("\\r");
            case '\n' -> out.add("\\n");
            case '\\' -> out.add("\\\\");
            case '\'', '"' -> {
                if (codePoint == quote) {
                    out.add('\\');
                }
                out.add((char) codePoint);
            }
            default -> {
                if (isShown(codePoint)) {
                    out.addCodePoint(codePoint);
                } else {
                    out.add("\\u{").add(Integer.toHexString(codePoint)).add('}');
                }
            }
        }
    }

    private static boolean isShown(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.SPACE_SEPARATOR -> codePoint == ' ';
            case Character.UNASSIGNED,
                    Character.PRIVATE_USE,
                    Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK ->
                    false;
            default -> Punycode.isLegible(codePoint);
        };
    }
}

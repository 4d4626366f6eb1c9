package io.emberscope.cli;

import java.util.Locale;

/// Amounts and names as people read them.
final class Texts {
    private static final double THOUSAND = 1000;
    private static final String[] DECIMAL = {"", "k", "M", "G", "T", "P"};
    private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    private static final double NANOS_PER_MICRO = 1e3;
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;
    private static final long SECONDS_PER_MINUTE = 60;
    private static final long SECONDS_PER_HOUR = 3600;

    private Texts() {}

    /// A value in a profile's unit.
    static String amount(long value, String unit) {
        return switch (unit) {
            case "nanoseconds" -> duration(value);
            case "bytes" -> scaled(value, 1024, BINARY);
            default -> scaled(value, THOUSAND, DECIMAL);
        };
    }

    /// So many things of a kind.
    static String count(long count, String kind) {
        return String.format(Locale.ROOT, "%,d %s%s", count, kind, count == 1 ? "" : "s");
    }

    /// A part of a whole in per cent, with one digit after the point.
    static String percent(long part, long whole) {
        return whole == 0
                ? "0.0%"
                : String.format(Locale.ROOT, "%.1f%%", 100.0 * part / (double) whole);
    }

    /// The same, but never all or nothing of it when it is not.
    static String honestPercent(long part, long whole) {
        String text = percent(part, whole);
        if (part > 0 && text.equals("0.0%")) {
            return "<0.1%";
        }
        return part < whole && text.equals("100.0%") ? ">99.9%" : text;
    }

    /// The text without what a terminal would obey instead of show: names come from strangers.
    static String printable(String text) {
        int at = 0;
        while (at < text.length() && text.charAt(at) >= ' ' && text.charAt(at) <= '~') {
            at++;
        }
        if (at == text.length()) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints()
                .forEach(
                        c -> {
                            int type = Character.getType(c);
                            boolean shown =
                                    type != Character.CONTROL
                                            && type != Character.FORMAT
                                            && type != Character.SURROGATE
                                            && type != Character.LINE_SEPARATOR
                                            && type != Character.PARAGRAPH_SEPARATOR;
                            out.appendCodePoint(shown ? c : 0xfffd);
                        });
        return out.toString();
    }

    /// The text in at most that many characters; what is cut is marked.
    static String fit(String text, int width) {
        int length = text.codePointCount(0, text.length());
        if (length <= width) {
            return text;
        }
        return width <= 1 ? "…" : text.substring(0, text.offsetByCodePoints(0, width - 1)) + "…";
    }

    /// The same for paths, whose end tells most: the beginning is cut.
    static String fitEnd(String text, int width) {
        int length = text.codePointCount(0, text.length());
        if (length <= width) {
            return text;
        }
        return width <= 1
                ? "…"
                : "…" + text.substring(text.offsetByCodePoints(0, length - width + 1));
    }

    private static String duration(long nanos) {
        if (nanos < NANOS_PER_MICRO) {
            return nanos + "ns";
        }
        if (nanos < NANOS_PER_MILLI) {
            return three(nanos / NANOS_PER_MICRO) + "us";
        }
        if (nanos < NANOS_PER_SECOND) {
            return three(nanos / NANOS_PER_MILLI) + "ms";
        }
        long seconds = Math.round(nanos / NANOS_PER_SECOND);
        if (seconds < SECONDS_PER_MINUTE) {
            return three(nanos / NANOS_PER_SECOND) + "s";
        }
        if (seconds < SECONDS_PER_HOUR) {
            return String.format(
                    Locale.ROOT,
                    "%dm%02ds",
                    seconds / SECONDS_PER_MINUTE,
                    seconds % SECONDS_PER_MINUTE);
        }
        return String.format(
                Locale.ROOT,
                "%dh%02dm",
                seconds / SECONDS_PER_HOUR,
                seconds % SECONDS_PER_HOUR / SECONDS_PER_MINUTE);
    }

    private static String scaled(long value, double step, String[] units) {
        double scaled = value;
        int unit = 0;
        while (Math.abs(scaled) >= step && unit < units.length - 1) {
            scaled /= step;
            unit++;
        }
        return (unit == 0 ? Long.toString(value) : three(scaled)) + units[unit];
    }

    /// Three digits, wherever the point is.
    private static String three(double value) {
        double size = Math.abs(value);
        String form = size < 10 ? "%.2f" : size < 100 ? "%.1f" : "%.0f";
        return String.format(Locale.ROOT, form, value);
    }

    /// The last part of a path.
    static String fileName(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /// The text at the right end of a column.
    static String right(String text, int width) {
        return " ".repeat(Math.max(0, width - text.length())) + text;
    }

    /// A cell of comma-separated values. A spreadsheet takes one that begins with one of these
    /// signs for a formula.
    static String quoted(String text) {
        boolean formula = !text.isEmpty() && "=+-@\t\r".indexOf(text.charAt(0)) >= 0;
        return '"' + (formula ? "'" : "") + text.replace("\"", "\"\"") + '"';
    }

    /// The text in lines of whole words, each after an indent.
    static String wrapped(String text, String indent, int width) {
        StringBuilder out = new StringBuilder();
        StringBuilder line = new StringBuilder(indent);
        for (String word : text.split(" ", -1)) {
            if (line.length() > indent.length() && line.length() + 1 + word.length() > width) {
                out.append(line).append('\n');
                line = new StringBuilder(indent);
            }
            line.append(line.length() > indent.length() ? " " : "").append(word);
        }
        return out.append(line).append('\n').toString();
    }
}

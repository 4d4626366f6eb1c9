package io.emberscope.symbolizer.demangle;

/// Identifiers that are not ASCII, as Rust mangles them: RFC 3492, with `_` for the delimiter.
final class Punycode {
    /// Characters of one identifier; longer ones stay encoded.
    private static final int CHARACTERS_MAX = 128;

    private static final int BASE = 36;
    private static final int T_MIN = 1;
    private static final int T_MAX = 26;
    private static final int SKEW = 38;
    private static final int DAMP = 700;
    private static final int INITIAL_BIAS = 72;
    private static final int INITIAL_CODE_POINT = 0x80;

    private final int[] characters = new int[CHARACTERS_MAX];
    private int count;

    /// Writes what `start` to `end` encodes; if it encodes nothing that can be shown, `punycode{`,
    /// itself and `}`.
    static void write(byte[] bytes, int start, int end, Text out) {
        int delimiter = end - 1;
        while (delimiter >= start && bytes[delimiter] != '_') {
            delimiter--;
        }
        int encoded = delimiter < start ? start : delimiter + 1;
        if (encoded == end) {
            throw new Refused();
        }
        Punycode decoder = new Punycode();
        if (decoder.decode(bytes, start, Math.max(start, delimiter), encoded, end)) {
            for (int i = 0; i < decoder.count; i++) {
                out.addCodePoint(decoder.characters[i]);
            }
            return;
        }
        out.add("punycode{");
        if (delimiter > start) {
            out.add(bytes, start, delimiter).add('-');
        }
        out.add(bytes, encoded, end).add('}');
    }

    private boolean decode(byte[] bytes, int start, int plainEnd, int encoded, int end) {
        for (int i = start; i < plainEnd; i++) {
            if (!insert(count, bytes[i])) {
                return false;
            }
        }
        int at = encoded;
        int bias = INITIAL_BIAS;
        long codePoint = INITIAL_CODE_POINT;
        long position = 0;
        boolean first = true;
        while (at < end) {
            long delta = 0;
            long weight = 1;
            for (int k = BASE; ; k += BASE) {
                int digit = at < end ? digit(bytes[at++]) : -1;
                if (digit < 0) {
                    return false;
                }
                delta += digit * weight;
                int threshold = Math.clamp(k - bias, T_MIN, T_MAX);
                if (digit < threshold) {
                    break;
                }
                weight *= BASE - threshold;
                if (weight > Integer.MAX_VALUE || delta > Integer.MAX_VALUE) {
                    return false;
                }
            }
            position += delta;
            codePoint += position / (count + 1);
            position %= count + 1;
            if (codePoint > Character.MAX_CODE_POINT
                    || !isLegible((int) codePoint)
                    || !insert((int) position, (int) codePoint)) {
                return false;
            }
            position++;
            bias = bias(delta, first);
            first = false;
        }
        return true;
    }

    private int bias(long delta, boolean first) {
        long rest = delta / (first ? DAMP : 2);
        rest += rest / count;
        int k = 0;
        while (rest > (BASE - T_MIN) * T_MAX / 2) {
            rest /= BASE - T_MIN;
            k += BASE;
        }
        return k + (int) ((BASE - T_MIN + 1) * rest / (rest + SKEW));
    }

    private static int digit(byte b) {
        if (b >= 'a' && b <= 'z') {
            return b - 'a';
        }
        return b >= '0' && b <= '9' ? b - '0' + 26 : -1;
    }

    private boolean insert(int position, int codePoint) {
        if (count == CHARACTERS_MAX) {
            return false;
        }
        System.arraycopy(characters, position, characters, position + 1, count - position);
        characters[position] = codePoint;
        count++;
        return true;
    }

    /// Whether a character may stand in a name: neither half of one, nor one that nobody sees and
    /// that may change what is seen around it.
    static boolean isLegible(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            default -> true;
        };
    }
}

package io.emberscope.symbolizer.demangle;

/// Rust's older mangling. It has the form of a nested name of C++ whose last part is a hash, in
/// whose other parts signs are words between dollars: `_ZN4core3fmt17h0123456789abcdefE`.
///
/// The hash is left out. What C++ would read otherwise is taken for Rust if it ends in such a hash,
/// as there is no other sign.
final class RustLegacy {
    /// `17h`, 16 hexadecimal digits and `E`.
    private static final int HASH_BYTES = 20;

    private static final int HASH_DIGITS = 16;

    private RustLegacy() {}

    /// Where the path ends, before its hash; negative if this is no name of this kind.
    ///
    /// @param start of the first part, after `_ZN`
    private static int hashAt(byte[] name, int start) {
        int at = start;
        int parts = 0;
        while (at < name.length && name[at] != 'E') {
            int length = 0;
            int partAt = at;
            while (at < name.length && name[at] >= '0' && name[at] <= '9') {
                length = length * 10 + name[at++] - '0';
                if (length > name.length) {
                    return -1;
                }
            }
            if (at == partAt || length > name.length - at) {
                return -1;
            }
            at += length;
            parts++;
            if (parts > 1 && at < name.length && name[at] == 'E' && isHash(name, partAt, at)) {
                return partAt;
            }
        }
        return -1;
    }

    private static boolean isHash(byte[] name, int start, int end) {
        if (end - start != HASH_BYTES - 1 || name[start + 2] != 'h') {
            return false;
        }
        for (int i = end - HASH_DIGITS; i < end; i++) {
            if (Character.digit(name[i], 16) < 0) {
                return false;
            }
        }
        return true;
    }

    /// Writes the name.
    ///
    /// @param start of the first part, after `_ZN`
    /// @return where the suffix begins; negative if this is no name of this kind, of which then
    ///   nothing was written
    static int write(byte[] name, int start, Text out) {
        int end = hashAt(name, start);
        if (end < 0 || !isAscii(name)) {
            return -1;
        }
        int at = start;
        while (at < end) {
            int length = 0;
            while (name[at] >= '0' && name[at] <= '9') {
                length = length * 10 + name[at++] - '0';
            }
            if (out.length() > 0) {
                out.add("::");
            }
            writePart(name, at, at + length, out);
            at += length;
        }
        if (out.simplified) {
            leaveOutGenerics(out);
        }
        return end + HASH_BYTES;
    }

    static boolean isAscii(byte[] name) {
        for (byte b : name) {
            if (b < 0) {
                return false;
            }
        }
        return true;
    }

    private static void writePart(byte[] name, int start, int end, Text out) {
        // An underscore lets a part that begins with a sign begin as an identifier does.
        int at =
                end - start > 1 && name[start] == '_' && name[start + 1] == '$' ? start + 1 : start;
        while (at < end) {
            byte b = name[at];
            if (b == '.') {
                boolean two = at + 1 < end && name[at + 1] == '.';
                out.add(two ? "::" : ".");
                at += two ? 2 : 1;
            } else if (b == '$') {
                int close = at + 1;
                while (close < end && name[close] != '$') {
                    close++;
                }
                int sign = close == end ? -1 : sign(name, at + 1, close);
                if (sign < 0) {
                    out.add(name, at, end);
                    return;
                }
                out.addCodePoint(sign);
                at = close + 1;
            } else {
                int plain = at;
                while (at < end && name[at] != '.' && name[at] != '$') {
                    at++;
                }
                out.add(name, plain, at);
            }
        }
    }

    /// The sign that a word stands for; negative if there is none.
    private static int sign(byte[] name, int start, int end) {
        if (end - start > 1 && name[start] == 'u') {
            return codePoint(name, start + 1, end);
        }
        if (end - start == 1) {
            return name[start] == 'C' ? ',' : -1;
        }
        if (end - start != 2) {
            return -1;
        }
        return switch (name[start] << 8 | name[start + 1]) {
            case 'S' << 8 | 'P' -> '@';
            case 'B' << 8 | 'P' -> '*';
            case 'R' << 8 | 'F' -> '&';
            case 'L' << 8 | 'T' -> '<';
            case 'G' << 8 | 'T' -> '>';
            case 'L' << 8 | 'P' -> '(';
            case 'R' << 8 | 'P' -> ')';
            default -> -1;
        };
    }

    private static int codePoint(byte[] name, int start, int end) {
        int codePoint = 0;
        for (int i = start; i < end; i++) {
            byte b = name[i];
            int digit = b >= '0' && b <= '9' ? b - '0' : b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
            codePoint = codePoint * 16 + digit;
            if (digit < 0 || codePoint > Character.MAX_CODE_POINT) {
                return -1;
            }
        }
        return Punycode.isLegible(codePoint) ? codePoint : -1;
    }

    /// Takes out what is between angle brackets that follow a word.
    private static void leaveOutGenerics(Text out) {
        int length = out.length();
        int kept = 0;
        int open = 0;
        for (int i = 0; i < length; i++) {
            byte b = out.at(i);
            boolean arrow = b == '>' && i > 0 && out.at(i - 1) == '-';
            if (b == '<' && (open > 0 || isWord(kept == 0 ? 0 : out.at(kept - 1)))) {
                open++;
            } else if (b == '>' && !arrow && open > 0) {
                open--;
            } else if (open == 0) {
                out.set(kept++, b);
            }
        }
        // A part that was cut, as those of compilers are, may have brackets that do not close.
        out.cutTo(kept);
    }

    private static boolean isWord(int b) {
        return b < 0 || b == '_' || Character.isLetterOrDigit(b);
    }
}

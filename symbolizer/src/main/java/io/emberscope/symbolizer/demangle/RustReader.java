package io.emberscope.symbolizer.demangle;

/// The place in a name of Rust that is being read.
class RustReader {
    private static final int END = -1;

    final byte[] name;
    private final int start;
    int at;

    /// @param start after the `_R`, from where backreferences are counted
    RustReader(byte[] name, int start) {
        this.name = name;
        this.start = start;
        this.at = start;
    }

    int peek() {
        return at < name.length ? name[at] : END;
    }

    boolean eat(char c) {
        if (peek() == c) {
            at++;
            return true;
        }
        return false;
    }

    int next() {
        if (at == name.length) {
            throw new Refused();
        }
        return name[at++];
    }

    /// A number, unsigned.
    final long base62() {
        if (eat('_')) {
            return 0;
        }
        long value = 0;
        while (true) {
            int c = next();
            int digit;
            if (c == '_') {
                return plusOne(value);
            } else if (c >= '0' && c <= '9') {
                digit = c - '0';
            } else if (c >= 'a' && c <= 'z') {
                digit = c - 'a' + 10;
            } else if (c >= 'A' && c <= 'Z') {
                digit = c - 'A' + 36;
            } else {
                throw new Refused();
            }
            long most = Long.divideUnsigned(-1 - digit, 62);
            if (Long.compareUnsigned(value, most) > 0) {
                throw new Refused();
            }
            value = value * 62 + digit;
        }
    }

    private static long plusOne(long unsigned) {
        if (unsigned == -1) {
            throw new Refused();
        }
        return unsigned + 1;
    }

    final long optional(char tag) {
        return eat(tag) ? plusOne(base62()) : 0;
    }

    final long disambiguator() {
        return optional('s');
    }

    /// Reads a backreference, whose tag was read.
    final int target() {
        int tagAt = at - 1 - start;
        long target = base62();
        if (target < 0 || target >= tagAt) {
            throw new Refused();
        }
        return start + (int) target;
    }
}

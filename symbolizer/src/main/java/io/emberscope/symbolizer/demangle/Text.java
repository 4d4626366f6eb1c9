package io.emberscope.symbolizer.demangle;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A name that is being written, in UTF-8, and the bounds of all that it takes. Substitutions and
/// backreferences let a short name stand for one without end; whoever goes over a bound is refused.
final class Text {
    /// Bytes of a demangled name: several times what the longest known ones need.
    static final int BYTES_MAX = 1 << 17;

    /// How deep what is parsed, and what is written, may be nested. Real names need a third of
    /// this; a thread with a stack of 512 KiB has room for it.
    static final int DEPTH_MAX = 384;

    /// Steps of writing a name. What writes nothing, such as an empty pack, is a step too.
    static final int STEPS_MAX = 1 << 19;

    /// Whether parameters, template arguments and the like are left out.
    final boolean simplified;

    private byte[] bytes;
    private int length;
    private int depth;
    private int steps;

    Text(int bytesExpected, boolean simplified) {
        this.bytes = new byte[bytesExpected];
        this.simplified = simplified;
    }

    /// One level deeper; every call has a call of [#leave].
    void enter() {
        if (++depth > DEPTH_MAX || ++steps > STEPS_MAX) {
            throw new Refused();
        }
    }

    void leave() {
        depth--;
    }

    int length() {
        return length;
    }

    /// The last byte; zero if there is none.
    byte last() {
        return length == 0 ? 0 : bytes[length - 1];
    }

    byte at(int index) {
        return bytes[index];
    }

    void set(int index, byte b) {
        bytes[index] = b;
    }

    /// Forgets what was written after `length` bytes.
    void cutTo(int length) {
        this.length = length;
    }

    Text add(char ascii) {
        reserve(1);
        bytes[length++] = (byte) ascii;
        return this;
    }

    Text add(String ascii) {
        int count = ascii.length();
        reserve(count);
        for (int i = 0; i < count; i++) {
            bytes[length + i] = (byte) ascii.charAt(i);
        }
        length += count;
        return this;
    }

    Text add(byte[] from, int start, int end) {
        reserve(end - start);
        System.arraycopy(from, start, bytes, length, end - start);
        length += end - start;
        return this;
    }

    Text add(long number) {
        return add(Long.toString(number));
    }

    Text addCodePoint(int codePoint) {
        if (codePoint < 0x80) {
            return add((char) codePoint);
        }
        byte[] encoded = Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
        return add(encoded, 0, encoded.length);
    }

    private void reserve(int count) {
        if (count > bytes.length - length) {
            if (count > BYTES_MAX - length) {
                throw new Refused();
            }
            bytes = Arrays.copyOf(bytes, Math.min(BYTES_MAX, Math.max(2 * length, length + count)));
        }
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}

package io.emberscope.symbolizer.demangle;

import java.util.ArrayList;
import java.util.List;

/// A mangled name of C++ that is being read: the place in it, and what later parts refer to.
final class Mangled {
    private static final int END = 0;

    /// What the name of a namespace without a name begins with.
    private static final String ANONYMOUS = "_GLOBAL__N";

    /// How deep types, expressions and names in names may be nested. Real names need a seventh of
    /// this; a thread with a stack of 512 KiB has room for it.
    static final int DEPTH_MAX = 128;

    final byte[] bytes;
    final Text out;
    int at;

    /// What `S_` and its like refer to, in the order in which it came.
    final List<Node> substitutions = new ArrayList<>();

    final TemplateScope templates = new TemplateScope();

    Mangled(byte[] bytes, int at, Text out) {
        this.bytes = bytes;
        this.at = at;
        this.out = out;
    }

    void enter() {
        out.enter(DEPTH_MAX);
    }

    void leave() {
        out.leave();
    }

    /// The next byte; zero after the last.
    int peek() {
        return peek(0);
    }

    int peek(int ahead) {
        return at + ahead < bytes.length ? bytes[at + ahead] : END;
    }

    int next() {
        if (at >= bytes.length) {
            throw new Refused();
        }
        return bytes[at++];
    }

    boolean eat(char c) {
        if (peek() == c) {
            at++;
            return true;
        }
        return false;
    }

    boolean eat(char c, char d) {
        if (peek() == c && peek(1) == d) {
            at += 2;
            return true;
        }
        return false;
    }

    boolean eat(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (peek(i) != text.charAt(i)) {
                return false;
            }
        }
        at += text.length();
        return true;
    }

    void expect(char c) {
        if (!eat(c)) {
            throw new Refused();
        }
    }

    static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    /// What was read from `start` on.
    NameNodes.Word word(int start) {
        return new NameNodes.Word(bytes, start, at);
    }

    /// Digits as they stand; there may be none.
    Node digits() {
        int start = at;
        while (isDigit(peek())) {
            at++;
        }
        return word(start);
    }

    /// A number, whose sign is `n` where it is mangled; there may be no digit.
    Node signed() {
        boolean negative = eat('n');
        Node digits = digits();
        return negative ? new TypeNodes.Affixed("-", digits, "") : digits;
    }

    /// A number, of which there must be a digit; none is larger than the name is long, or what it
    /// counts is not there.
    int count() {
        if (!isDigit(peek())) {
            throw new Refused();
        }
        int value = 0;
        while (isDigit(peek())) {
            value = Math.min(value * 10 + next() - '0', Integer.MAX_VALUE / 100);
        }
        return value;
    }

    /// A name with its length before it.
    Node sourceName() {
        NameNodes.Word name = bareName();
        return startsWith(name.start(), ANONYMOUS)
                ? new NameNodes.Fixed("(anonymous namespace)")
                : name;
    }

    /// The same where no name of a namespace can be.
    NameNodes.Word bareName() {
        int length = count();
        if (length == 0 || length > bytes.length - at) {
            throw new Refused();
        }
        at += length;
        return word(at - length);
    }

    private boolean startsWith(int start, String text) {
        if (text.length() > at - start) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (bytes[start + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /// A number in base 36 up to `_`, counted from one; zero if there is only the `_`.
    int sequenceNumber() {
        if (eat('_')) {
            return 0;
        }
        int value = 0;
        while (true) {
            int c = next();
            if (c == '_') {
                return value + 1;
            }
            boolean letter = c >= 'A' && c <= 'Z';
            if (!letter && !isDigit(c)) {
                throw new Refused();
            }
            value = value * 36 + (letter ? c - 'A' + 10 : c - '0');
            if (value > bytes.length) {
                throw new Refused();
            }
        }
    }

    /// An index up to `_`, where none is the first.
    ///
    /// @return counted from zero
    int index() {
        if (eat('_')) {
            return 0;
        }
        int index = count() + 1;
        expect('_');
        return index;
    }

    /// Remembers what may be substituted.
    Node substitutable(Node node) {
        substitutions.add(node);
        return node;
    }
}

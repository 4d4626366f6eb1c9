package io.emberscope.symbolizer.demangle;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// A name that is being written, in UTF-8, and the bounds of all that it takes. Substitutions and
/// backreferences let a short name stand for one without end; whoever goes over a bound is refused.
final class Text {
    /// Bytes of a demangled name: several times what the longest known ones need.
    static final int BYTES_MAX = 1 << 17;

    /// How deep the nodes that are written may be nested: substitutions may make it many times what
    /// is parsed.
    private static final int NODES_DEPTH_MAX = 512;

    /// Steps of writing a name. What writes nothing, such as an empty pack, is a step too.
    static final int STEPS_MAX = 1 << 16;

    /// Whether parameters, template arguments and the like are left out.
    final boolean simplified;

    /// Means that no pack is being expanded.
    static final int NO_PACK = -1;

    /// Which element of the pack that is being expanded is written, and how many it has.
    int packIndex = NO_PACK;

    int packSize = NO_PACK;

    /// Zero directly between the angle brackets of template arguments, where a bare `>` would end
    /// them.
    int parentheses = 1;

    private byte[] bytes;
    private int length;
    private int depth;
    private int nodesDepth;
    private int steps;

    Text(int bytesExpected, boolean simplified) {
        this.bytes = new byte[bytesExpected];
        this.simplified = simplified;
    }

    /// What writes nothing is a step as well.
    void step() {
        if (++steps > STEPS_MAX) {
            throw new Refused();
        }
    }

    /// What is parsed is one level deeper; every call has a call of [#leave].
    ///
    /// @param depthMax levels that are allowed
    void enter(int depthMax) {
        if (++depth > depthMax) {
            throw new Refused();
        }
        step();
    }

    void leave() {
        depth--;
    }

    private void enterNode() {
        if (++nodesDepth > NODES_DEPTH_MAX) {
            throw new Refused();
        }
        step();
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

    Text write(Node node) {
        enterNode();
        node.left(this);
        node.right(this);
        nodesDepth--;
        return this;
    }

    void left(Node node) {
        enterNode();
        node.left(this);
        nodesDepth--;
    }

    void right(Node node) {
        enterNode();
        node.right(this);
        nodesDepth--;
    }

    boolean hasRight(Node node) {
        enterNode();
        boolean has = node.hasRight(this);
        nodesDepth--;
        return has;
    }

    boolean isArray(Node node) {
        enterNode();
        boolean is = node.isArray(this);
        nodesDepth--;
        return is;
    }

    boolean isFunction(Node node) {
        enterNode();
        boolean is = node.isFunction(this);
        nodesDepth--;
        return is;
    }

    /// The node that a placeholder stands for.
    Node resolved(Node node) {
        enterNode();
        Node resolved = node.resolved(this);
        nodesDepth--;
        return resolved;
    }

    Text open() {
        parentheses++;
        return add('(');
    }

    Text close() {
        parentheses--;
        return add(')');
    }

    /// Writes an operand, in parentheses unless it binds more tightly than `precedence`.
    void operand(Node node, int precedence) {
        if (node.precedence() >= precedence) {
            open().write(node).close();
        } else {
            write(node);
        }
    }

    /// With a comma between them. A pack without elements writes nothing, and has no comma.
    Text list(Node[] nodes) {
        boolean first = true;
        for (Node node : nodes) {
            int before = length;
            if (!first) {
                add(", ");
            }
            int start = length;
            operand(node, Node.COMMA);
            if (length == start) {
                length = before;
            } else {
                first = false;
            }
        }
        return this;
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

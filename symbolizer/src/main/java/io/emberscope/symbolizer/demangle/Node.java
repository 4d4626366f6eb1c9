package io.emberscope.symbolizer.demangle;

import org.jspecify.annotations.Nullable;

/// A part of a C++ name: a name, a type or an expression. As declarations of C++ are written around
/// what they declare, a node writes itself in two parts: `int (*` is left of what a pointer to an
/// array is called, `) [3]` is right of it.
interface Node {
    Node[] NONE = {};

    // How tightly an expression binds, from the tightest on.
    int PRIMARY = 0;
    int POSTFIX = 1;
    int UNARY = 2;
    int CAST = 3;
    int MEMBER_POINTER = 4;
    int MULTIPLICATIVE = 5;
    int ADDITIVE = 6;
    int SHIFT = 7;
    int SPACESHIP = 8;
    int RELATIONAL = 9;
    int EQUALITY = 10;
    int AND = 11;
    int XOR = 12;
    int OR = 13;
    int AND_IF = 14;
    int OR_IF = 15;
    int CONDITIONAL = 16;
    int ASSIGN = 17;
    int COMMA = 18;
    int ANY = 19;

    void left(Text out);

    default void right(Text out) {}

    default int precedence() {
        return PRIMARY;
    }

    /// Whether there is something on the right.
    default boolean hasRight(Text out) {
        return false;
    }

    default boolean isArray(Text out) {
        return false;
    }

    default boolean isFunction(Text out) {
        return false;
    }

    /// The node that this one stands for, if it is a placeholder.
    default Node resolved(Text out) {
        return this;
    }

    /// What the last part of this name is the name of: itself, or a part of it. A constructor is
    /// called so.
    default @Nullable Node lastPart() {
        return null;
    }

    /// Writes this name as a constructor has it, if it has no last part.
    default void constructor(Text out) {}
}

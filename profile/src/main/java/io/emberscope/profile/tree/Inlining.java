package io.emberscope.profile.tree;

/// Whether a compiler put a function's code into that of its caller, over all of a node's stacks.
public enum Inlining {
    /// It was called.
    NONE(0),
    /// It was called in some, and inlined in others.
    SOME(1),
    /// It was inlined.
    ALL(2);

    /// Codes are below this.
    static final int CODES = 3;

    private final int code;

    Inlining(int code) {
        this.code = code;
    }

    /// The number in `docs/formats/flamegraph.md`.
    public int code() {
        return code;
    }

    /// The one with that number.
    static Inlining of(int code) {
        for (Inlining inlining : values()) {
            if (inlining.code == code) {
                return inlining;
            }
        }
        throw new IllegalArgumentException("inlining: " + code + " (expected: < " + CODES + ")");
    }
}

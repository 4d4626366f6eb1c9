package io.emberscope.symbolizer.unwind;

/// Why code that a binary says how to unwind has no rule in our table: the walk goes by the frame
/// pointer there, or not on.
public enum Unexpressed {
    /// The CFA is computed in a way we have no form for.
    CFA_EXPRESSION,
    /// The return address is.
    RETURN_ADDRESS,
    /// The caller's stack pointer is not the CFA: code that switches stacks.
    STACK_POINTER,
    /// A signal's frame that is laid out in another way than Linux does it.
    SIGNAL_FRAME,
    /// A number that our form has no room for.
    RANGE,
    /// There are too many different rules.
    TOO_MANY_RULES,
    /// Only the caller's frame pointer: it is lost, the rest is known.
    FRAME_POINTER,
    /// A function without call frame instructions whose code does not tell for certain.
    UNCLEAR_CODE,
    /// One beyond what is read of such code.
    TOO_MUCH_CODE
}

package io.emberscope.symbolizer.unwind;

/// How a rule of an unwind table is written: in 16 bits if it is usual, else as the number of four
/// words. The program that walks stacks knows the same; `docs/formats/unwind-table.md` says it all.
public final class Rule {
    /// Nothing is known: the walk tries the frame pointer.
    public static final int NONE = 0x8000;

    /// The outermost frame.
    public static final int END = 0x8001;

    /// Set if the lower bits are the number of a long rule.
    public static final int LONG = 0x8000;

    /// Words of a long rule.
    public static final int LONG_WORDS = 4;

    /// Long rules of a table at most.
    static final int LONG_RULES_MAX = 0x8000;

    static final int KIND_NONE = 0;
    static final int KIND_END = 1;
    static final int KIND_REGISTER = 2;
    static final int KIND_DEREF = 3;
    static final int KIND_PLT = 4;
    static final int KIND_SIGNAL = 5;

    /// In the second word of a rule of [#KIND_NONE] that is not [#NONE]: there is a function, of
    /// which nothing is known.
    static final int BY_POINTER = 1;

    static final int RBP_SAME = 0;
    static final int RBP_AT_CFA = 1;
    static final int RBP_AT_RBP = 2;
    static final int RBP_UNDEFINED = 3;
    static final int RBP_AT_RSP = 4;
    static final int RBP_IN_REGISTER = 5;

    /// In the third word of a rule of [#KIND_REGISTER]: the caller's rbx is as it was. A negative
    /// number means that it is at the CFA plus that, 0 that it is lost.
    static final int RBX_SAME = 1;

    static final int RETURN_AT_CFA = 0;
    static final int RETURN_IN_REGISTER = 1;

    // Numbers of registers as DWARF has them (System V psABI for AMD64, figure 3.36).
    static final int RBX = 3;
    static final int RBP = 6;
    static final int RSP = 7;
    static final int RIP = 16;

    private static final int CFA_WORDS_MAX = 0x1ff;
    private static final int CFA_OF_RBP = 0x200;
    private static final int RBP_SHIFT = 10;
    private static final int RBP_SLOT_MAX = 31;

    /// The short rule, or -1 if there is none. The return address is at the CFA minus eight.
    ///
    /// @param cfaRegister the CFA is this register
    /// @param cfaOffset plus this
    /// @param rbpOffset the caller's rbp is at the CFA plus this; 0 if rbp is as it was
    static int brief(int cfaRegister, long cfaOffset, int rbpOffset) {
        long words = cfaOffset >> 3;
        int slot = -rbpOffset >> 3;
        if ((cfaRegister != RSP && cfaRegister != RBP)
                || (cfaOffset & 7) != 0
                || words < 1
                || words > CFA_WORDS_MAX
                || (rbpOffset & 7) != 0
                || slot == 1
                || slot < 0
                || slot > RBP_SLOT_MAX) {
            return -1;
        }
        return (int) words | (cfaRegister == RBP ? CFA_OF_RBP : 0) | (slot << RBP_SHIFT);
    }

    /// The first word of a long rule.
    static int what(int kind, int register, int rbp, int returnAddress) {
        return kind | (register << 8) | (rbp << 16) | (returnAddress << 24);
    }

    /// The last word of a long rule.
    static int offsets(int rbp, int returnAddress) {
        return (rbp & 0xffff) | (returnAddress << 16);
    }

    /// A rule in words, for people: `rsp+16 rbp=cfa-16`.
    ///
    /// @param words the four of a long rule; not looked at for a short one
    public static String toString(int rule, int[] words) {
        if ((rule & LONG) == 0) {
            int slot = rule >> RBP_SHIFT;
            return ((rule & CFA_OF_RBP) != 0 ? "rbp+" : "rsp+")
                    + 8 * (rule & CFA_WORDS_MAX)
                    + (slot == 0 ? "" : " rbp=cfa-" + 8 * slot);
        }
        int rbp = (words[0] >> 16) & 0xff;
        int rbpOffset = (short) words[3];
        String cfa =
                switch (words[0] & 0xff) {
                    case KIND_NONE -> words[1] == BY_POINTER ? "by pointer" : "none";
                    case KIND_END -> "end";
                    case KIND_REGISTER ->
                            "r" + ((words[0] >> 8) & 0xff) + plus(words[1]) + rbx(words[2]);
                    case KIND_DEREF ->
                            "*(r"
                                    + ((words[0] >> 8) & 0xff)
                                    + plus(words[1])
                                    + ")"
                                    + plus(words[2]);
                    case KIND_PLT -> "plt" + plus(words[1]) + " from " + words[2];
                    case KIND_SIGNAL -> "signal" + plus(words[1]);
                    default -> "?";
                };
        return cfa
                + switch (rbp) {
                    case RBP_AT_CFA -> " rbp=cfa" + plus(rbpOffset);
                    case RBP_AT_RBP -> " rbp=*(rbp" + plus(rbpOffset) + ")";
                    case RBP_UNDEFINED -> " rbp=?";
                    case RBP_AT_RSP -> " rbp=*(rsp" + plus(rbpOffset) + ")";
                    case RBP_IN_REGISTER -> " rbp=r" + rbpOffset;
                    default -> "";
                }
                + (words[0] >>> 24 == RETURN_IN_REGISTER
                        ? " return=r" + (words[3] >>> 16)
                        : words[3] >> 16 == -8 || isWhole(words[0] & 0xff)
                                ? ""
                                : " return=cfa" + plus(words[3] >> 16));
    }

    /// Whether a kind says where the return address is.
    private static boolean isWhole(int kind) {
        return kind == KIND_NONE || kind == KIND_END || kind == KIND_SIGNAL;
    }

    private static String rbx(int how) {
        return how == 0 ? "" : how == RBX_SAME ? " rbx=same" : " rbx=cfa" + plus(how);
    }

    private static String plus(int number) {
        return (number < 0 ? "" : "+") + number;
    }

    private Rule() {}
}

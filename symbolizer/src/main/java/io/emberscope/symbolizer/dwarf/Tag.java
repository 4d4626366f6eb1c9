package io.emberscope.symbolizer.dwarf;

/// What an entry of debug information describes (DWARF 5, section 7.5.3), as far as it matters
/// here.
final class Tag {
    private static final int CLASS_TYPE = 0x02;
    private static final int ENUMERATION_TYPE = 0x04;
    private static final int STRUCTURE_TYPE = 0x13;
    private static final int UNION_TYPE = 0x17;
    private static final int INTERFACE_TYPE = 0x38;
    private static final int SUBROUTINE_TYPE = 0x15;
    private static final int ARRAY_TYPE = 0x01;

    static final int INLINED_SUBROUTINE = 0x1d;
    static final int SUBPROGRAM = 0x2e;

    /// Whether it is a type whose parts are described within.
    static boolean isType(int tag) {
        return switch (tag) {
            case CLASS_TYPE,
                    ENUMERATION_TYPE,
                    STRUCTURE_TYPE,
                    UNION_TYPE,
                    INTERFACE_TYPE,
                    SUBROUTINE_TYPE,
                    ARRAY_TYPE ->
                    true;
            default -> false;
        };
    }

    private Tag() {}
}

package io.emberscope.symbolizer.dwarf;

/// What is said of an entry (DWARF 5, section 7.5.4), as far as it matters here.
final class Attribute {
    static final int SIBLING = 0x01;
    static final int NAME = 0x03;
    static final int STMT_LIST = 0x10;
    static final int LOW_PC = 0x11;
    static final int HIGH_PC = 0x12;
    static final int LANGUAGE = 0x13;
    static final int COMP_DIR = 0x1b;
    static final int ABSTRACT_ORIGIN = 0x31;
    static final int DECLARATION = 0x3c;
    static final int SPECIFICATION = 0x47;
    static final int ENTRY_PC = 0x52;
    static final int RANGES = 0x55;
    static final int CALL_FILE = 0x58;
    static final int CALL_LINE = 0x59;
    static final int LINKAGE_NAME = 0x6e;
    static final int STR_OFFSETS_BASE = 0x72;
    static final int ADDR_BASE = 0x73;
    static final int RNGLISTS_BASE = 0x74;
    static final int DWO_NAME = 0x76;
    static final int MIPS_LINKAGE_NAME = 0x2007;
    static final int GNU_DWO_NAME = 0x2130;
    static final int GNU_DWO_ID = 0x2131;
    static final int GNU_RANGES_BASE = 0x2132;
    static final int GNU_ADDR_BASE = 0x2133;

    private Attribute() {}
}

package io.emberscope.symbolizer.dwarf;

/// How the value of an attribute is written (DWARF 5, section 7.5.6), and how long that is.
final class Form {
    static final int ADDR = 0x01;
    static final int BLOCK2 = 0x03;
    static final int BLOCK4 = 0x04;
    static final int DATA2 = 0x05;
    static final int DATA4 = 0x06;
    static final int DATA8 = 0x07;
    static final int STRING = 0x08;
    static final int BLOCK = 0x09;
    static final int BLOCK1 = 0x0a;
    static final int DATA1 = 0x0b;
    static final int FLAG = 0x0c;
    static final int SDATA = 0x0d;
    static final int STRP = 0x0e;
    static final int UDATA = 0x0f;
    static final int REF_ADDR = 0x10;
    static final int REF1 = 0x11;
    static final int REF2 = 0x12;
    static final int REF4 = 0x13;
    static final int REF8 = 0x14;
    static final int REF_UDATA = 0x15;
    static final int INDIRECT = 0x16;
    static final int SEC_OFFSET = 0x17;
    static final int EXPRLOC = 0x18;
    static final int FLAG_PRESENT = 0x19;
    static final int STRX = 0x1a;
    static final int ADDRX = 0x1b;
    static final int REF_SUP4 = 0x1c;
    static final int STRP_SUP = 0x1d;
    static final int DATA16 = 0x1e;
    static final int LINE_STRP = 0x1f;
    static final int REF_SIG8 = 0x20;
    static final int IMPLICIT_CONST = 0x21;
    static final int LOCLISTX = 0x22;
    static final int RNGLISTX = 0x23;
    static final int REF_SUP8 = 0x24;
    static final int STRX1 = 0x25;
    static final int STRX2 = 0x26;
    static final int STRX3 = 0x27;
    static final int STRX4 = 0x28;
    static final int ADDRX1 = 0x29;
    static final int ADDRX2 = 0x2a;
    static final int ADDRX3 = 0x2b;
    static final int ADDRX4 = 0x2c;
    static final int GNU_ADDR_INDEX = 0x1f01;
    static final int GNU_STR_INDEX = 0x1f02;
    static final int GNU_REF_ALT = 0x1f20;
    static final int GNU_STRP_ALT = 0x1f21;

    // What #length answers for forms whose length is not known before they are read.
    static final int LEB = -1;
    static final int TEXT = -2;
    static final int SIZED_BY_1 = -3;
    static final int SIZED_BY_2 = -4;
    static final int SIZED_BY_4 = -5;
    static final int SIZED_BY_LEB = -6;
    static final int NAMED_WITHIN = -7;
    static final int UNKNOWN = -8;

    /// How many bytes values of that form have, or how to learn it.
    static int length(int form, int addressBytes, int offsetBytes, int version) {
        return switch (form) {
            case FLAG_PRESENT, IMPLICIT_CONST -> 0;
            case DATA1, FLAG, REF1, STRX1, ADDRX1 -> 1;
            case DATA2, REF2, STRX2, ADDRX2 -> 2;
            case STRX3, ADDRX3 -> 3;
            case DATA4, REF4, STRX4, ADDRX4, REF_SUP4 -> 4;
            case DATA8, REF8, REF_SIG8, REF_SUP8 -> 8;
            case DATA16 -> 16;
            case ADDR -> addressBytes;
            case STRP, LINE_STRP, SEC_OFFSET, STRP_SUP, GNU_REF_ALT, GNU_STRP_ALT -> offsetBytes;
            case REF_ADDR -> version <= 2 ? addressBytes : offsetBytes;
            case SDATA,
                    UDATA,
                    REF_UDATA,
                    STRX,
                    ADDRX,
                    LOCLISTX,
                    RNGLISTX,
                    GNU_ADDR_INDEX,
                    GNU_STR_INDEX ->
                    LEB;
            case STRING -> TEXT;
            case BLOCK1 -> SIZED_BY_1;
            case BLOCK2 -> SIZED_BY_2;
            case BLOCK4 -> SIZED_BY_4;
            case BLOCK, EXPRLOC -> SIZED_BY_LEB;
            case INDIRECT -> NAMED_WITHIN;
            default -> UNKNOWN;
        };
    }

    /// Whether it is a number as such.
    static boolean isConstant(int form) {
        return switch (form) {
            case DATA1, DATA2, DATA4, DATA8, SDATA, UDATA, IMPLICIT_CONST -> true;
            default -> false;
        };
    }

    /// Whether it is an address, or the number of one in `.debug_addr`.
    static boolean isAddress(int form) {
        return form == ADDR || isAddressIndex(form);
    }

    /// Whether it is the number of an address in `.debug_addr`.
    static boolean isAddressIndex(int form) {
        return switch (form) {
            case ADDRX, ADDRX1, ADDRX2, ADDRX3, ADDRX4, GNU_ADDR_INDEX -> true;
            default -> false;
        };
    }

    /// Whether it is the number of a text in `.debug_str_offsets`.
    static boolean isTextIndex(int form) {
        return switch (form) {
            case STRX, STRX1, STRX2, STRX3, STRX4, GNU_STR_INDEX -> true;
            default -> false;
        };
    }

    /// Whether it is a place in a section (DWARF 2 and 3 wrote those as numbers).
    static boolean isOffset(int form) {
        return form == SEC_OFFSET || form == DATA4 || form == DATA8;
    }

    private Form() {}
}

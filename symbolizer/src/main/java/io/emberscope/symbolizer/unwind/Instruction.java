package io.emberscope.symbolizer.unwind;

/// One x86-64 instruction, as far as the stack goes: how long it is, which of the general registers
/// it writes, its operands in parts. What it does not know, it refuses.
///
/// Opcodes: Intel's manual, volume 2, appendix A.
final class Instruction {
    static final int RSP = 4;
    static final int RBP = 5;

    /// In [#map]: opcodes behind the byte 0x0f, and vector instructions.
    static final int ESCAPE = 0x0f;

    private static final int VECTOR = 0xff;
    private static final int BYTES_MAX = 15;

    // What follows an opcode, and which operand it writes if that is a general register.
    // .  nothing                          b w z o e  8, 16, 32 bits, an address, enter's numbers
    // M  modrm                            R E X  modrm; writes reg, rm, both
    // m r y  as M R E, then 8 bits        k i  as R E, then 32 bits
    // f F  test, not, neg and others      U  writes a register in the opcode
    // n N  as U, then 8 or up to 64 bits  j J  a distance of 8 or 32 bits
    // -  not known, or a prefix
    private static final String PLAIN =
            "EERRbz--EERRbz--EERRbz--EERRbz--EERRbz--EERRbz--EERRbz--MMMMbz--"
                    + "----------------........UUUUUUUU---R----zkbr....jjjjjjjjjjjjjjjj"
                    + "yi-yMMXXEERRERME.UUUUUUU..-.....oooo....bz......nnnnnnnnNNNNNNNN"
                    + "yyw.--yie.w..b-.EEEE---.MMMMMMMMjjjjbbbbJJ-j....-.--..fF......EE";

    private static final String ESCAPED =
            "EERR-.....-.-M.-MMMMMMMMMMMMMMEMEEMM----MMMMRRMM......-.--------"
                    + "RRRRRRRRRRRRRRRRRMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMmmmmMMM.----MMEM"
                    + "JJJJJJJJJJJJJJJJEEEEEEEEEEEEEEEE--.MyE----.EyEEREERERRRRRMyERRRR"
                    + "XXmMmrmEUUUUUUUUMMMMMMMRMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM-";

    // Vector instructions that write a general register, reg and perhaps another, or rm; map and
    // opcode.
    private static final String VECTOR_WRITES_REG =
            " 12c 12d 150 178 179 193 1c5 1d7 2f2 2f3 2f5 2f6 2f7 3f0 52c 52d 578 579 ";
    private static final String VECTOR_WRITES_RM = " 17e 314 315 316 317 57e ";

    /// In bytes.
    int length;

    /// 0 for opcodes of one byte, [#ESCAPE], 0x38 or 0x3a for those behind two escapes, or others.
    int map;

    int opcode;

    /// Whether its operands have 64 bits, or 16.
    boolean isWide;

    boolean isNarrow;

    boolean hasIndex;
    int reg;

    /// A register in the opcode or, if that is what follows the opcode, in an operand.
    int rm;

    /// Whether an operand that may be memory is [#rm] itself.
    boolean isRegister;

    /// The register that an address is relative to; -1 if there is none, or also an index.
    int base;

    int displacement;
    int immediate;

    /// The general registers it writes, as bits; all that it may write where that is not clear.
    int written;

    private byte[] code = {};
    private int at;
    private int end;
    private int rex;
    private boolean isRepeated;
    private boolean hasShortAddress;

    /// Reads the instruction at a place.
    ///
    /// @return whether it is known and ends in time
    boolean read(byte[] bytes, int from, int to) {
        code = bytes;
        at = from;
        end = Math.min(to, from + BYTES_MAX);
        rex = 0;
        isNarrow = false;
        isRepeated = false;
        hasShortAddress = false;
        isRegister = false;
        hasIndex = false;
        reg = 0;
        rm = 0;
        base = -1;
        displacement = 0;
        immediate = 0;
        written = 0;
        int first = u8();
        while (isPrefix(first)) {
            isNarrow |= first == 0x66;
            hasShortAddress |= first == 0x67;
            isRepeated |= first == 0xf3;
            first = u8();
        }
        if ((first & 0xf0) == 0x40) {
            rex = first;
            first = u8();
        }
        isWide = (rex & 8) != 0;
        isNarrow &= !isWide;
        boolean isVector = first == 0xc4 || first == 0xc5 || first == 0x62;
        boolean isKnown = isVector ? vector(first) : general(first);
        length = at - from;
        return isKnown && at <= end;
    }

    /// Whether it is an exclusive or of a register with itself.
    boolean isZeroing(int register) {
        return map == 0
                && (opcode == 0x31 || opcode == 0x33)
                && isRegister
                && reg == register
                && rm == register;
    }

    private static boolean isPrefix(int b) {
        return switch (b) {
            case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3 -> true;
            default -> false;
        };
    }

    private boolean general(int first) {
        map = 0;
        opcode = first;
        char form = PLAIN.charAt(first);
        if (first == ESCAPE) {
            map = ESCAPE;
            opcode = u8();
            form = ESCAPED.charAt(opcode);
            if (opcode == 0x38) {
                map = opcode;
                opcode = u8();
                form = opcode == 0xf0 || opcode == 0xf1 || opcode == 0xf6 ? 'R' : 'M';
            } else if (opcode == 0x3a) {
                map = opcode;
                opcode = u8();
                form = opcode >= 0x14 && opcode <= 0x17 ? 'y' : 'm';
            } else if (opcode == 0x7e && isRepeated) {
                form = 'M'; // between vector registers
            }
        }
        rm = (opcode & 7) | (rex & 1) << 3;
        if ("MREXmrykifF".indexOf(form) >= 0) {
            modrm();
        }
        switch (form) {
            case 'R', 'r', 'k' -> written = bit(reg);
            case 'E', 'y', 'i', 'f', 'F' -> written = isRegister && writesRm() ? bit(rm) : 0;
            case 'X' -> written = bit(reg) | (isRegister ? bit(rm) : 0);
            case 'n' -> written = bit(rm);
            case 'U', 'N' -> written = 1 << rm;
            default -> {}
        }
        switch (form) {
            case 'b', 'm', 'r', 'y', 'n', 'j' -> immediate = (byte) u8();
            case 'w' -> at += Short.BYTES;
            case 'z', 'i', 'k' -> number();
            case 'J' -> immediate = i32();
            case 'N' -> {
                if (isWide) {
                    at += Long.BYTES;
                } else {
                    number();
                }
            }
            case 'o' -> at += hasShortAddress ? Integer.BYTES : Long.BYTES;
            case 'e' -> at += Short.BYTES + 1;
            case 'f' -> at += (reg & 6) == 0 ? 1 : 0;
            case 'F' -> {
                if ((reg & 6) == 0) {
                    number();
                }
            }
            default -> {}
        }
        // Processors differ in what a distance of 16 bits is; XOP instructions look like other
        // pops.
        return form != '-'
                && !((form == 'J' || form == 'j') && isNarrow)
                && !(map == 0 && opcode == 0x8f && (reg & 7) != 0);
    }

    /// Of the groups of instructions that share an opcode.
    private boolean writesRm() {
        int group = reg & 7;
        return switch (map << 8 | opcode) {
            case 0x80, 0x81, 0x83 -> group != 7; // cmp
            case 0xf6, 0xf7 -> group == 2 || group == 3; // not, neg
            case 0xff -> group < 2; // inc, dec
            case 0x0f01 -> group == 4; // smsw
            case 0x0fba -> group != 4; // bt
            default -> true;
        };
    }

    private boolean vector(int first) {
        int second = u8();
        int kind = 1;
        int other = ~second; // its bits, like those that extend registers, are inverted
        if (first == 0xc5) {
            rex = (~second >> 5) & 4;
        } else {
            kind = second & (first == 0x62 ? 7 : 0x1f);
            rex = (~second >> 5) & 7;
            other = ~u8();
            isWide = (other & 0x80) == 0;
            at += first == 0x62 ? 1 : 0;
        }
        map = VECTOR;
        opcode = u8();
        if (kind == 1 && opcode == 0x77) {
            return true; // vzeroupper
        }
        modrm();
        if (kind == 3 || (kind == 1 && "mr".indexOf(ESCAPED.charAt(opcode)) >= 0)) {
            at++;
        }
        String number = " " + kind + Integer.toHexString(opcode) + " ";
        if (VECTOR_WRITES_REG.contains(number)) {
            written = 1 << reg | (kind == 2 ? 1 << ((other >> 3) & 15) : 0);
        } else if (VECTOR_WRITES_RM.contains(number)) {
            written = isRegister ? 1 << rm : 0;
        }
        return kind >= 1 && kind <= 6 && kind != 4;
    }

    private void modrm() {
        int b = u8();
        int mode = b >> 6;
        reg = ((b >> 3) & 7) | (rex & 4) << 1;
        rm = (b & 7) | (rex & 1) << 3;
        isRegister = mode == 3;
        if (isRegister) {
            return;
        }
        base = rm;
        boolean hasLong = mode == 2;
        if ((b & 7) == RSP) {
            int scaled = u8();
            hasIndex = ((scaled >> 3) & 7) != RSP || (rex & 2) != 0;
            base = (scaled & 7) | (rex & 1) << 3;
        }
        if (mode == 0 && (base & 7) == RBP) {
            hasLong = true; // from the next instruction on, or absolute
            base = -1;
        }
        if (hasIndex || hasShortAddress) {
            base = -1;
        }
        if (mode == 1) {
            displacement = (byte) u8();
        } else if (hasLong) {
            displacement = i32();
        }
    }

    /// A register as a bit. Bytes 4 to 7 without a REX prefix are the second ones of 0 to 3.
    private int bit(int register) {
        boolean isByte =
                map == 0
                        ? ((opcode & 1) == 0 && opcode != 0x8c) || (opcode & 0xf8) == 0xb0
                        : map == ESCAPE
                                && ((opcode & 0xf0) == 0x90 || opcode == 0xb0 || opcode == 0xc0);
        return 1 << (isByte && rex == 0 ? register & 3 : register);
    }

    private void number() {
        if (isNarrow) {
            at += Short.BYTES;
        } else {
            immediate = i32();
        }
    }

    private int u8() {
        int value = at < end ? code[at] & 0xff : 0;
        at++;
        return value;
    }

    private int i32() {
        return u8() | u8() << 8 | u8() << 16 | u8() << 24;
    }
}

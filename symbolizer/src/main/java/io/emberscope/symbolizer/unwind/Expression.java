package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.MalformedInputException;

/// The few DWARF expressions that compilers and linkers write into frame sections (DWARF 5, section
/// 2.5), recognised by their shape; nothing is evaluated.
final class Expression {
    private static final int OPERATIONS_MAX = 16;

    private static final int DEREF = 0x06;
    private static final int AND = 0x1a;
    private static final int PLUS = 0x22;
    private static final int PLUS_CONSTANT = 0x23;
    private static final int SHIFT_LEFT = 0x24;
    private static final int GREATER_OR_EQUAL = 0x2a;
    private static final int LITERAL_0 = 0x30;
    private static final int LITERAL_31 = 0x4f;
    private static final int REGISTER_0 = 0x70;
    private static final int REGISTER_31 = 0x8f;

    private final int[] operations = new int[OPERATIONS_MAX];
    private final long[] operands = new long[OPERATIONS_MAX];
    private int count;

    /// Reads one and passes over it, whatever it is.
    void read(FrameBytes bytes) throws MalformedInputException {
        long length = bytes.uleb();
        long end = bytes.position() + length;
        if (length < 0 || length > bytes.remaining()) {
            throw new MalformedInputException(
                    bytes.name()
                            + ": expression of "
                            + Long.toUnsignedString(length)
                            + " bytes (expected: at most "
                            + bytes.remaining()
                            + " left)");
        }
        count = 0;
        while (bytes.position() < end && count < OPERATIONS_MAX) {
            int operation = bytes.u8();
            operations[count] = operation;
            operands[count] = 0;
            if (operation >= REGISTER_0 && operation <= REGISTER_31) {
                operands[count] = bytes.sleb();
            } else if (operation == PLUS_CONSTANT) {
                operands[count] = bytes.uleb();
            } else if (!isPlain(operation)) {
                count = 0;
                break;
            }
            count++;
        }
        if (bytes.position() > end) {
            throw new MalformedInputException(
                    bytes.name() + ": expression (expected: to end at its length)");
        }
        if (bytes.position() < end) {
            count = 0;
            bytes.skip(end - bytes.position());
        }
    }

    private static boolean isPlain(int operation) {
        return switch (operation) {
            case DEREF, AND, PLUS, SHIFT_LEFT, GREATER_OR_EQUAL -> true;
            default -> operation >= LITERAL_0 && operation <= LITERAL_31;
        };
    }

    /// Takes it as the rule for the CFA.
    void toCfa(FrameState state) {
        state.cfa = FrameState.CFA_OTHERWISE;
        if (count == 0 || !isRegister(0)) {
            return;
        }
        state.expressionRegister = operations[0] - REGISTER_0;
        state.expressionOffset = operands[0];
        state.expressionAddend = 0;
        if (count == 1) {
            state.cfa = FrameState.CFA_SUM;
        } else if (operations[1] == DEREF && count == 2) {
            state.cfa = FrameState.CFA_DEREF;
        } else if (operations[1] == DEREF && count == 3 && operations[2] == PLUS_CONSTANT) {
            state.cfa = FrameState.CFA_DEREF;
            state.expressionAddend = operands[2];
        } else if (isLinkageTable()) {
            state.cfa = FrameState.CFA_PLT;
            state.expressionAddend = (long) operations[4] - LITERAL_0;
        }
    }

    /// What linkers write for stubs that push a number, and are 16 bytes each: from the K-th byte
    /// of each on there is a word more: `rsp + 8 + ((rip & 15) >= K) << 3`.
    private boolean isLinkageTable() {
        return count == 9
                && operations[0] == REGISTER_0 + Rule.RSP
                && operations[1] == REGISTER_0 + Rule.RIP
                && operands[1] == 0
                && operations[2] == LITERAL_0 + 15
                && operations[3] == AND
                && operations[4] >= LITERAL_0
                && operations[4] <= LITERAL_0 + 15
                && operations[5] == GREATER_OR_EQUAL
                && operations[6] == LITERAL_0 + 3
                && operations[7] == SHIFT_LEFT
                && operations[8] == PLUS;
    }

    /// Takes it as the place where a register is saved.
    void toRegister(int number, FrameState state) {
        if (count == 1 && operations[0] == REGISTER_0 + Rule.RBP) {
            state.register(number, FrameState.AT_RBP, operands[0]);
        } else if (count == 1 && operations[0] == REGISTER_0 + Rule.RSP) {
            state.register(number, FrameState.AT_RSP, operands[0]);
        } else {
            state.register(number, FrameState.OTHERWISE, 0);
        }
    }

    private boolean isRegister(int index) {
        return operations[index] >= REGISTER_0 && operations[index] <= REGISTER_0 + Rule.RIP;
    }
}

package io.emberscope.symbolizer.unwind;

/// What call frame instructions have said so far about the CFA, the return address, rbp and rbx;
/// the other registers do not matter to the walk.
final class FrameState {
    // How a register of the caller is found.
    static final int SAME = 0;
    static final int AT_CFA = 1;
    static final int AT_RBP = 2;
    static final int UNDEFINED = 3;
    static final int AT_RSP = 4;
    static final int IN_REGISTER = 5;
    static final int OTHERWISE = 6;

    // How the CFA is.
    static final int CFA_REGISTER = 0;
    static final int CFA_DEREF = 1;
    static final int CFA_PLT = 2;
    static final int CFA_SUM = 3; // a register and an offset, as an expression
    static final int CFA_OTHERWISE = 4;

    int cfa = CFA_OTHERWISE;
    int cfaRegister;
    long cfaOffset;

    // Of an expression. It does not change register and offset: instructions that set one of them
    // afterwards take the other as it was before the expression.
    int expressionRegister;
    long expressionOffset;
    long expressionAddend;

    int rbp;
    long rbpOffset;
    int rbx;
    long rbxOffset;
    int rip;
    long ripOffset;
    boolean rspSet;

    void set(FrameState other) {
        cfa = other.cfa;
        cfaRegister = other.cfaRegister;
        cfaOffset = other.cfaOffset;
        expressionRegister = other.expressionRegister;
        expressionOffset = other.expressionOffset;
        expressionAddend = other.expressionAddend;
        rbp = other.rbp;
        rbpOffset = other.rbpOffset;
        rbx = other.rbx;
        rbxOffset = other.rbxOffset;
        rip = other.rip;
        ripOffset = other.ripOffset;
        rspSet = other.rspSet;
    }

    void register(int number, int how, long offset) {
        if (number == Rule.RBP) {
            rbp = how;
            rbpOffset = offset;
        } else if (number == Rule.RIP) {
            rip = how;
            ripOffset = offset;
        } else if (number == Rule.RBX) {
            rbx = how;
            rbxOffset = offset;
        } else if (number == Rule.RSP) {
            rspSet = how != SAME;
        }
    }

    /// The same as in `initial`, for one register.
    void restore(int number, FrameState initial) {
        if (number == Rule.RBP) {
            rbp = initial.rbp;
            rbpOffset = initial.rbpOffset;
        } else if (number == Rule.RIP) {
            rip = initial.rip;
            ripOffset = initial.ripOffset;
        } else if (number == Rule.RBX) {
            rbx = initial.rbx;
            rbxOffset = initial.rbxOffset;
        } else if (number == Rule.RSP) {
            rspSet = initial.rspSet;
        }
    }
}

package io.emberscope.symbolizer.unwind;

import java.io.IOException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/// Turns what call frame instructions say into rules, and keeps the long ones, each once.
final class Rules {
    /// Where Linux puts rsp in a signal's frame, seen from the rsp that the handler returns with:
    /// after the start of `struct ucontext` and 15 words of `struct sigcontext`.
    static final int SIGNAL_RSP = 160;

    private static final int RULES_MIN = 64;

    private final BuildMemory memory;
    private int[] words;
    private int count;

    /// Numbers of long rules plus one, by hash; as large as two for each.
    private int[] slots;

    private final Map<Unexpressed, Long> unexpressed = new EnumMap<>(Unexpressed.class);

    private boolean keepsRbx;
    private boolean needsRbx;

    Rules(BuildMemory memory) throws IOException {
        this.memory = memory;
        words = memory.resized(new int[0], RULES_MIN * Rule.LONG_WORDS);
        slots = memory.resized(new int[0], 2 * RULES_MIN);
        begin();
    }

    /// Begins anew, with rules that say where the caller's rbx is: for binaries in which some CFA
    /// depends on it, like the dynamic linker's, whose functions then all have long rules.
    void keepRbx() throws IOException {
        keepsRbx = true;
        count = 0;
        Arrays.fill(slots, 0);
        unexpressed.clear();
        begin();
    }

    private void begin() throws IOException {
        add(Rule.KIND_NONE, 0, 0, 0);
        add(Rule.what(Rule.KIND_END, 0, 0, 0), 0, 0, 0);
    }

    /// Whether a CFA depends on rbx.
    boolean needsRbx() {
        return needsRbx;
    }

    /// The rule for a state.
    int of(FrameState state, boolean signal) throws IOException {
        if (state.rip == FrameState.UNDEFINED) {
            return Rule.END;
        }
        if (signal) {
            return signal(state);
        }
        if (state.rspSet) {
            return none(Unexpressed.STACK_POINTER);
        }
        if (!keepsRbx
                && state.cfa == FrameState.CFA_REGISTER
                && state.rip == FrameState.AT_CFA
                && state.ripOffset == -8
                && (state.rbp == FrameState.SAME
                        || (state.rbp == FrameState.AT_CFA
                                && state.rbpOffset < 0
                                && state.rbpOffset > -1024))) {
            int offset = state.rbp == FrameState.SAME ? 0 : (int) state.rbpOffset;
            int rule = Rule.brief(state.cfaRegister, state.cfaOffset, offset);
            if (rule >= 0) {
                return rule;
            }
        }
        return extended(state);
    }

    private int signal(FrameState state) throws IOException {
        if (state.cfa == FrameState.CFA_DEREF
                && state.expressionRegister == Rule.RSP
                && state.expressionOffset == SIGNAL_RSP
                && state.expressionAddend == 0) {
            return signalFrame();
        }
        return none(Unexpressed.SIGNAL_FRAME);
    }

    /// The rule for a frame of Go's whose stack pointer is so far under its return address.
    int ofGo(long distance) throws IOException {
        FrameState state = new FrameState();
        state.cfa = FrameState.CFA_REGISTER;
        state.cfaRegister = Rule.RSP;
        state.cfaOffset = distance + 8;
        state.rip = FrameState.AT_CFA;
        state.ripOffset = -8;
        if (distance >= 8) {
            state.rbp = FrameState.AT_CFA;
            state.rbpOffset = -16;
        }
        return of(state, false);
    }

    /// The rule for a state of [StackDepths]: by rbp if that is possible, as rsp is not sure where
    /// the function called went by frame pointers and had moved its stack.
    int ofDepths(long depths) throws IOException {
        int rsp = StackDepths.rsp(depths);
        int frame = StackDepths.frame(depths);
        int slot = StackDepths.slot(depths);
        if (rsp == 0 && frame == 0) {
            return byPointer();
        }
        FrameState state = new FrameState();
        state.cfa = FrameState.CFA_REGISTER;
        state.cfaRegister = frame > 0 ? Rule.RBP : Rule.RSP;
        state.cfaOffset = 8L * (frame > 0 ? frame : rsp);
        state.rip = FrameState.AT_CFA;
        state.ripOffset = -8;
        state.rbx = FrameState.UNDEFINED;
        if (slot == StackDepths.LOST) {
            state.rbp = FrameState.UNDEFINED;
        } else if (slot > 0) {
            state.rbp = FrameState.AT_CFA;
            state.rbpOffset = -8L * slot;
        }
        return of(state, false);
    }

    /// The rule for a function of which nothing is known. It does as much as [Rule#NONE], but for
    /// what a return to the first byte of the function behind means: here it was a call's.
    int byPointer() throws IOException {
        return add(Rule.KIND_NONE, Rule.BY_POINTER, 0, 0);
    }

    /// The same, counted.
    int byPointer(Unexpressed reason) throws IOException {
        none(reason);
        return byPointer();
    }

    /// The rule for code that returns from a signal's handler.
    int signalFrame() throws IOException {
        return add(Rule.what(Rule.KIND_SIGNAL, 0, 0, 0), SIGNAL_RSP, 0, 0);
    }

    private int extended(FrameState state) throws IOException {
        boolean isPlain = state.cfa == FrameState.CFA_REGISTER;
        int register = isPlain ? state.cfaRegister : state.expressionRegister;
        long offset = isPlain ? state.cfaOffset : state.expressionOffset;
        int kind;
        switch (state.cfa) {
            case FrameState.CFA_REGISTER, FrameState.CFA_SUM -> kind = Rule.KIND_REGISTER;
            case FrameState.CFA_DEREF -> kind = Rule.KIND_DEREF;
            case FrameState.CFA_PLT -> kind = Rule.KIND_PLT;
            default -> {
                return none(Unexpressed.CFA_EXPRESSION);
            }
        }
        int returnAddress;
        switch (state.rip) {
            case FrameState.AT_CFA -> returnAddress = Rule.RETURN_AT_CFA;
            case FrameState.IN_REGISTER -> returnAddress = Rule.RETURN_IN_REGISTER;
            default -> {
                return none(Unexpressed.RETURN_ADDRESS);
            }
        }
        int rbp;
        switch (state.rbp) {
            case FrameState.SAME -> rbp = Rule.RBP_SAME;
            case FrameState.AT_CFA -> rbp = Rule.RBP_AT_CFA;
            case FrameState.AT_RBP -> rbp = Rule.RBP_AT_RBP;
            case FrameState.AT_RSP -> rbp = Rule.RBP_AT_RSP;
            case FrameState.IN_REGISTER -> rbp = Rule.RBP_IN_REGISTER;
            case FrameState.UNDEFINED -> rbp = Rule.RBP_UNDEFINED;
            default -> {
                rbp = Rule.RBP_UNDEFINED;
                unexpressed.merge(Unexpressed.FRAME_POINTER, 1L, Long::sum);
            }
        }
        long rbpOffset = rbp == Rule.RBP_SAME || rbp == Rule.RBP_UNDEFINED ? 0 : state.rbpOffset;
        if ((int) offset != offset
                || (int) state.expressionAddend != state.expressionAddend
                || (short) rbpOffset != rbpOffset
                || (short) state.ripOffset != state.ripOffset
                || register > Rule.RIP) {
            return none(Unexpressed.RANGE);
        }
        needsRbx |= register == Rule.RBX;
        return add(
                Rule.what(kind, register, rbp, returnAddress),
                (int) offset,
                kind == Rule.KIND_REGISTER ? rbx(state) : (int) state.expressionAddend,
                Rule.offsets((int) rbpOffset, (int) state.ripOffset));
    }

    private int rbx(FrameState state) {
        if (!keepsRbx) {
            return 0;
        }
        if (state.rbx == FrameState.SAME) {
            return Rule.RBX_SAME;
        }
        return state.rbx == FrameState.AT_CFA
                        && state.rbxOffset < 0
                        && state.rbxOffset == (int) state.rbxOffset
                ? (int) state.rbxOffset
                : 0;
    }

    private int none(Unexpressed reason) {
        unexpressed.merge(reason, 1L, Long::sum);
        return Rule.NONE;
    }

    /// The number of the long rule with these words, as a rule.
    private int add(int what, int a, int b, int offsets) throws IOException {
        int hash = ((what * 31 + a) * 31 + b) * 31 + offsets;
        int mask = slots.length - 1;
        int slot = (((hash ^ (hash >>> 15)) * 0x9e37_79b1) >>> 7) & mask;
        while (slots[slot] != 0) {
            int at = (slots[slot] - 1) * Rule.LONG_WORDS;
            if (words[at] == what
                    && words[at + 1] == a
                    && words[at + 2] == b
                    && words[at + 3] == offsets) {
                return Rule.LONG | (slots[slot] - 1);
            }
            slot = (slot + 1) & mask;
        }
        if (count == Rule.LONG_RULES_MAX) {
            return none(Unexpressed.TOO_MANY_RULES);
        }
        if (count * Rule.LONG_WORDS == words.length) {
            words = memory.resized(words, 2 * words.length);
        }
        int at = count * Rule.LONG_WORDS;
        words[at] = what;
        words[at + 1] = a;
        words[at + 2] = b;
        words[at + 3] = offsets;
        slots[slot] = ++count;
        int rule = Rule.LONG | (count - 1);
        if (2 * count > slots.length) {
            grow();
        }
        return rule;
    }

    private void grow() throws IOException {
        slots = memory.resized(slots, 2 * slots.length);
        Arrays.fill(slots, 0);
        int kept = count;
        count = 0;
        for (int i = 0; i < kept; i++) {
            int at = i * Rule.LONG_WORDS;
            add(words[at], words[at + 1], words[at + 2], words[at + 3]);
        }
    }

    /// How many long rules there are.
    int count() {
        return count;
    }

    /// Copies the words of long rules.
    void copy(int from, int rules, int[] target, int at) {
        System.arraycopy(words, from * Rule.LONG_WORDS, target, at, rules * Rule.LONG_WORDS);
    }

    /// How often something could not be expressed.
    Map<Unexpressed, Long> unexpressed() {
        return Map.copyOf(unexpressed);
    }
}

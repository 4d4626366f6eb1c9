package io.emberscope.symbolizer.unwind;

import java.util.Arrays;
import java.util.BitSet;

/// How far rsp is from the CFA at each instruction of a function, found by following its code from
/// where it is entered. Claims only what is certain: an instruction has one depth, whichever way
/// led to it, so that ways that disagree, an unknown instruction, or a return from another depth
/// than that of the entry are a reason to claim nothing of the function.
///
/// What a call goes on to is followed last: the function called may not return, and then something
/// else may lie there. If a jump leads to the same place at another depth, it does not return. And
/// in a function with a jump to one of many places, which are not followed, what lies there may be
/// one of those: only if it would have the same state then, it is claimed.
///
/// A state is a long: words from rsp to the CFA (16 bits, 0 if not known), words from rbp to the
/// CFA (16 bits, 0 if rbp is not used for that), and the word under the CFA that has the caller's
/// rbp (16 bits, 0 if rbp is as it was, [#LOST]).
final class StackDepths {
    /// Code of a function at most.
    static final int BYTES_MAX = 256 * 1024;

    static final int LOST = 0xffff;

    /// Memory for each byte of the longest function read, with its code.
    static final int BYTES_PER_BYTE = 24;

    /// Instructions followed at most for each byte of a function; most are followed once.
    private static final int STEPS_PER_BYTE = 4;

    /// Bytes of a function for each of which it costs a step to begin with it, or anew: for calls
    /// found not to return, and jumps by table.
    private static final int BYTES_PER_STEP = 16;

    private static final int PLACES_MIN = 64;

    private static final int FIELD = 0xffff;
    private static final int FRAME_SHIFT = 16;
    private static final int SLOT_SHIFT = 32;
    private static final long REACHED = 1L << 48;
    private static final long BY_RETURN = 1L << 49;
    private static final long ENTRY = REACHED | 1;
    private static final long SEVERAL = -1;

    private final Instruction instruction = new Instruction();
    private long[] states = new long[1024];

    /// Instructions to follow, and calls to follow after all those.
    private final Places open = new Places();

    private final Places calls = new Places();

    /// Places that only calls that do not return lead to.
    private final BitSet deadEnds = new BitSet();

    /// The state with which there is a jump to one of many places: 0 if there is none, or
    /// [#SEVERAL].
    private long table;

    private boolean hasReturned;
    private boolean isContradicted;
    private boolean beginsAnew;
    private int stepsLeft;
    private byte[] code = {};
    private int length;

    // The state at hand.
    private int rsp;
    private int frame;
    private int slot;

    static int rsp(long state) {
        return (int) state & FIELD;
    }

    static int frame(long state) {
        return (int) (state >>> FRAME_SHIFT) & FIELD;
    }

    static int slot(long state) {
        return (int) (state >>> SLOT_SHIFT) & FIELD;
    }

    /// The state at a place of the function read last; 0 if nothing led there.
    long state(int at) {
        return states[at];
    }

    /// Reads a function.
    ///
    /// @param bytes whose first `size` are its code
    /// @return whether there is no contradiction
    boolean read(byte[] bytes, int size) {
        code = bytes;
        length = size;
        deadEnds.clear();
        table = 0;
        isContradicted = false;
        stepsLeft = STEPS_PER_BYTE * (size + BYTES_PER_STEP);
        if (states.length < size) {
            states = new long[size];
        }
        do {
            follow();
        } while (beginsAnew && !isContradicted);
        return !isContradicted;
    }

    private void follow() {
        Arrays.fill(states, 0, length, 0);
        stepsLeft -= length / BYTES_PER_STEP + 1;
        open.count = 0;
        calls.count = 0;
        hasReturned = false;
        beginsAnew = false;
        reach(0, ENTRY);
        while (!isContradicted && !beginsAnew && open.count + calls.count > 0) {
            // Each branch, of two bytes at least, opens one way more than it ends.
            isContradicted = open.count + calls.count > length / 2 + PLACES_MIN;
            if (open.count > 0) {
                step(open.take());
            } else {
                goOnAfter(calls.take());
            }
        }
    }

    /// Says that a way leads to a place.
    private void reach(long to, long state) {
        if (to < 0 || to >= length) {
            return; // another function's
        }
        int at = (int) to;
        long before = states[at];
        boolean differs = rsp(before) != rsp(state) && rsp(before) != 0 && rsp(state) != 0;
        if (differs && (state & BY_RETURN) != 0) {
            return; // the call before does not return
        }
        if (differs && (before & BY_RETURN) != 0) {
            deadEnds.set(at);
            beginsAnew = true;
            return;
        }
        if (differs && (frame(before) == 0 || frame(before) != frame(state))) {
            isContradicted = true;
            return;
        }
        long merged = before == 0 ? state : merge(before, state);
        if (merged != before) {
            states[at] = merged;
            open.add(at);
        }
    }

    /// What is known whichever of two ways was taken. Knows less each time, so this ends.
    private static long merge(long a, long b) {
        int rsp = rsp(a) == rsp(b) ? rsp(a) : 0;
        int frame = frame(a) == frame(b) ? frame(a) : 0;
        int slot = slot(a) == slot(b) ? slot(a) : LOST;
        return state(rsp, frame, slot) | (a & b & BY_RETURN);
    }

    private static long state(int rsp, int frame, int slot) {
        return REACHED | (long) slot << SLOT_SHIFT | (long) frame << FRAME_SHIFT | rsp;
    }

    private void step(int at) {
        if (stepsLeft-- <= 0 || !instruction.read(code, at, length)) {
            isContradicted = true;
            return;
        }
        rsp = rsp(states[at]);
        frame = frame(states[at]);
        slot = slot(states[at]);
        long next = (long) at + instruction.length;
        long target = next + instruction.immediate;
        switch (Flow.of(instruction)) {
            case NEXT -> {
                apply();
                reach(next, state(rsp, frame, slot));
            }
            case BRANCH -> {
                reach(target, state(rsp, frame, slot));
                reach(next, state(rsp, frame, slot));
            }
            case JUMP -> reach(target, state(rsp, frame, slot));
            case CALL -> {
                // Code that calls the next instruction wants its address.
                isContradicted |= instruction.opcode == 0xe8 && instruction.immediate == 0;
                calls.add(at);
            }
            case POINTER -> {
                boolean isInMemory = !instruction.isRegister && !instruction.hasIndex;
                if (!isInMemory || (instruction.base >= 0 && rsp != 1)) {
                    jumpByTable(state(rsp, frame, slot));
                }
            }
            case RETURN -> isContradicted |= rsp > 1;
            case END -> {}
        }
    }

    private void jumpByTable(long state) {
        long before = table;
        table = before == 0 || before == state ? state : SEVERAL;
        beginsAnew |= table != before && hasReturned;
    }

    private void goOnAfter(int call) {
        instruction.read(code, call, length);
        int next = call + instruction.length;
        long state = states[call] & ~BY_RETURN;
        if (!deadEnds.get(next) && (table == 0 || table == state)) {
            hasReturned = true;
            reach(next, state | BY_RETURN);
        }
    }

    /// Where an instruction goes on.
    enum Flow {
        NEXT,
        CALL,
        BRANCH,
        JUMP,
        /// To a place by its address: one of many in the function, or another function.
        POINTER,
        RETURN,
        END;

        static Flow of(Instruction instruction) {
            int opcode = instruction.opcode;
            if (instruction.map == Instruction.ESCAPE) {
                boolean isTrap = opcode == 0x0b || opcode == 0xb9;
                return isTrap ? END : (opcode & 0xf0) == 0x80 ? BRANCH : NEXT;
            }
            if (instruction.map != 0) {
                return NEXT;
            }
            return switch (opcode) {
                case 0xe8 -> CALL;
                case 0xe9, 0xeb -> JUMP;
                case 0xe0, 0xe1, 0xe2, 0xe3 -> BRANCH;
                case 0xc2, 0xc3 -> RETURN;
                case 0xca, 0xcb, 0xcc, 0xcf, 0xf4 -> END;
                case 0xff ->
                        switch (instruction.reg & 7) {
                            case 2, 3 -> CALL;
                            case 4 -> POINTER;
                            case 5 -> END;
                            default -> NEXT;
                        };
                default -> (opcode & 0xf0) == 0x70 ? BRANCH : NEXT;
            };
        }
    }

    /// What the instruction does to the state.
    private void apply() {
        int opcode = instruction.map == 0 ? instruction.opcode : -1;
        switch (opcode) {
            case 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x68, 0x6a, 0x9c -> push(opcode);
            case 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x8f, 0x9d -> pop();
            case 0xc9 -> leave();
            case 0xc8 -> write(1 << Instruction.RSP | 1 << Instruction.RBP); // enter
            default -> {
                if (opcode == 0xff && (instruction.reg & 7) == 6) {
                    push(opcode);
                } else if (!instruction.isWide || !moves(opcode)) {
                    write(instruction.written);
                }
            }
        }
        // What is below rsp is not kept.
        if (slot != LOST && rsp != 0 && slot > rsp) {
            slot = LOST;
        }
    }

    private void push(int opcode) {
        rsp = rsp == 0 || instruction.isNarrow ? 0 : moved(rsp, -Long.BYTES);
        if (opcode == 0x55 && instruction.rm == Instruction.RBP && slot == 0 && rsp != 0) {
            slot = rsp;
        }
    }

    private void pop() {
        boolean isSaved = slot != 0 && slot == rsp;
        rsp = rsp == 0 || instruction.isNarrow ? 0 : moved(rsp, Long.BYTES);
        write(instruction.written);
        if (isSaved && (instruction.written & 1 << Instruction.RBP) != 0) {
            slot = 0;
        }
    }

    private void leave() {
        boolean isSaved = slot != 0 && slot == frame;
        rsp = frame == 0 ? 0 : moved(frame, Long.BYTES);
        frame = 0;
        slot = isSaved ? 0 : LOST;
    }

    /// Instructions by which functions move rsp and rbp, or keep rbp; false if it is none of them.
    private boolean moves(int opcode) {
        int reg = instruction.reg;
        int rm = instruction.rm;
        boolean isRegister = instruction.isRegister;
        switch (opcode) {
            case 0x81, 0x83 -> {
                boolean isAdd = reg == 0;
                if (!isRegister || !(isAdd || reg == 5)) { // 5: sub
                    return false;
                }
                long by = instruction.immediate;
                assign(rm, moved(words(rm), isAdd ? by : -by));
            }
            case 0x8d -> assign(reg, wordsOfAddress());
            case 0x89 -> {
                if (isRegister) {
                    assign(rm, words(reg));
                } else if (reg == Instruction.RBP && slot == 0) {
                    int to = wordsOfAddress();
                    slot = to > 1 && to <= rsp ? to : 0;
                }
            }
            case 0x8b -> {
                boolean isSaved = !isRegister && slot > 1 && slot == wordsOfAddress();
                assign(reg, isRegister ? words(rm) : 0);
                if (isSaved && reg == Instruction.RBP) {
                    slot = 0;
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void assign(int register, int words) {
        write(1 << register);
        if (register == Instruction.RSP) {
            rsp = words;
        } else if (register == Instruction.RBP) {
            frame = words;
        }
    }

    /// Words from a register to the CFA; 0 if it is not known.
    private int words(int register) {
        return register == Instruction.RSP ? rsp : register == Instruction.RBP ? frame : 0;
    }

    private int wordsOfAddress() {
        return moved(words(instruction.base), instruction.displacement);
    }

    /// Words to the CFA after a move up by some bytes; 0 if that is none of ours.
    private static int moved(int words, long bytes) {
        long now = words - bytes / Long.BYTES;
        return words == 0 || bytes % Long.BYTES != 0 || now < 1 || now >= LOST ? 0 : (int) now;
    }

    private void write(int registers) {
        if ((registers & 1 << Instruction.RSP) != 0) {
            rsp = 0;
        }
        if ((registers & 1 << Instruction.RBP) != 0) {
            frame = 0;
            slot = slot == 0 ? LOST : slot;
        }
    }

    /// Places in the code, the last one first.
    private static final class Places {
        private int[] places = new int[PLACES_MIN];
        private int count;

        void add(int place) {
            if (count == places.length) {
                places = Arrays.copyOf(places, 2 * count);
            }
            places[count++] = place;
        }

        int take() {
            return places[--count];
        }
    }
}

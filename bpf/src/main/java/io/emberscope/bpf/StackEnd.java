package io.emberscope.bpf;

import java.util.List;

/// Why the walk of a user stack ended where it did. All but the first two leave callers out.
public enum StackEnd {
    /// At the outermost frame.
    COMPLETE("complete"),
    /// There is none: a thread of the kernel, or one that is ending or beginning another program.
    NO_STACK("no user stack"),
    /// It has more than [Sample#USER_FRAMES_MAX] frames.
    TRUNCATED("too deep"),
    /// A part of the stack is not in memory, or there is none where it should be.
    STACK_UNREADABLE("stack not in memory"),
    /// A return address is in no executable mapping of the process.
    NO_MAPPING("address in no mapping"),
    /// Code that no unwind table covers, and no frame pointer.
    NO_RULE("no unwind rule"),
    /// The caller's place depends on a register that nobody saved.
    REGISTER_LOST("register lost"),
    /// The caller's frame would lie below its callee's.
    NOT_GROWING("stack not growing"),
    /// The kernel did not know the mappings of the process yet; see [Sample#isResumable].
    PROCESS_UNKNOWN("mappings unknown"),
    /// The unwind table of a binary was not loaded yet; see [Sample#isResumable].
    TABLE_MISSING("unwind table not loaded"),
    /// It is deeper than what was copied of it for [UnwindMemory#resume].
    COPY_CUT("stack copy too short"),
    /// The kernel walked it, by frame pointers, and does not say why it stopped.
    BY_KERNEL("by frame pointers"),
    /// It went by mappings that were no longer true. Nothing in the kernel notices that; whoever
    /// knows better cuts the stack there.
    MAPPINGS_CHANGED("mappings changed"),
    /// There is no frame pointer, and the memory budget had no room for the binary's unwind table.
    TABLE_NO_ROOM("no room for unwind table"),
    /// The kernel was told to do without the mappings of the process, for want of room or because
    /// they cannot be had: there is nothing but the instruction that was interrupted.
    MAPPINGS_NO_ROOM("mappings left out");

    private static final List<StackEnd> ALL = List.of(values());

    private final String text;

    StackEnd(String text) {
        this.text = text;
    }

    /// In a few words.
    public String text() {
        return text;
    }

    /// The number by which the sampler's program knows it.
    public int code() {
        return ALL.indexOf(this);
    }

    /// The one with that number.
    ///
    /// @throws IndexOutOfBoundsException if there is none
    public static StackEnd of(int code) {
        return ALL.get(code);
    }

    static int count() {
        return ALL.size();
    }
}

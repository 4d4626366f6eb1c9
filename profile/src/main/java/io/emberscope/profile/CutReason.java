package io.emberscope.profile;

import java.util.Optional;

/// Why our own collector and codecs leave the callers of a stack out, in words for whoever looks at
/// the profile. Other senders may have reasons of their own.
///
/// Stored by text, in [CutMark]s, so a text never changes.
public enum CutReason {
    TOO_DEEP(
            "too deep",
            "There are more frames than are kept: 1,024 in user space, 127 in the kernel.",
            "Usually deep recursion. The innermost frames are there; nothing can be set."),
    STACK_UNREADABLE(
            "stack not in memory",
            "The next part of the stack was not in memory, or there is none at that address.",
            "Under memory pressure it passes with it. Always in one program, its code moves to"
                    + " another stack in a way that its unwind table does not tell."),
    NO_MAPPING(
            "address in no mapping",
            "What should be the caller's address, or the code that ran, is in nothing that the"
                    + " process is known to have mapped.",
            "The code does not do what its unwind table or frame pointer says: often hand-written"
                    + " assembly, or, in [anon], code made at run time. Build a binary with"
                    + " -fasynchronous-unwind-tables or -fno-omit-frame-pointer; start Java with"
                    + " -XX:+PreserveFramePointer. Or a program has moved its code (mremap): no"
                    + " event tells of that, and it is found after seconds."),
    NO_RULE(
            "no unwind rule",
            "No unwind table covers this code, and it keeps no frame pointer.",
            "Build the binary with -fasynchronous-unwind-tables or -fno-omit-frame-pointer, and do"
                    + " not strip .eh_frame. Some C libraries, such as musl's, come without. Java,"
                    + " whose code is [anon], may need -XX:+PreserveFramePointer. A table that is"
                    + " there but could not be read needs no new build:"
                    + " emberscope_collector_unwind_tables_failed_total counts those files, and the"
                    + " collector's log names them."),
    REGISTER_LOST(
            "register lost",
            "The caller's place depends on a register that nobody had saved.",
            "Seen where unwind tables are incomplete, as in hand-written assembly. Frame pointers"
                    + " (-fno-omit-frame-pointer) help."),
    NOT_GROWING(
            "stack not growing",
            "The caller's frame would lie below the one it called.",
            "The code switches stacks, as coroutines do, or its unwind table is wrong there. A"
                    + " newer compiler or frame pointers may help."),
    PROCESS_UNKNOWN(
            "mappings unknown",
            "What code the process had mapped was not known when the sample was taken.",
            "Rare, and for processes that live for milliseconds; nothing can be set."),
    TABLE_MISSING(
            "unwind table not loaded",
            "The binary's unwind table was not loaded in time.",
            "Usual just after the collector starts. If it stays, see the collector's log for files"
                    + " that it cannot read."),
    COPY_CUT(
            "stack copy too short",
            "The process was new to the sampler, and its stack deeper than what is copied then.",
            "Only the first milliseconds of a process with deep stacks; nothing can be set."),
    MAPPINGS_CHANGED(
            "mappings changed",
            "Other code had just been mapped at an address on the stack.",
            "Passes at once; programs that load and unload libraries all the time have it more."),
    TABLE_NO_ROOM(
            "no room for unwind table",
            "The collector's memory budget had no room for the binary's unwind table, and the code"
                    + " keeps no frame pointer.",
            "Raise the collector's --memory; emberscope_collector_unwind_tables_waiting says how"
                    + " many tables wait for room."),
    MAPPINGS_NO_ROOM(
            "mappings left out",
            "The kernel does not have what the process has mapped, so only the instruction that ran"
                    + " is known: the memory budget has no room for it, it has more than 16,384"
                    + " executable mappings, it changes them too often, or they cannot be read.",
            "emberscope_collector_unwind_processes_refused_total says which; for no_room raise the"
                    + " collector's --memory."),
    NO_STACK(
            "no stack",
            "The sample came without any frame.",
            "The sender could not read the stack; look there.");

    private final String text;
    private final String meaning;
    private final String help;

    CutReason(String text, String meaning, String help) {
        this.text = text;
        this.meaning = meaning;
        this.help = help;
    }

    /// In a few words, as in the mark.
    public String text() {
        return text;
    }

    /// What happened, in a sentence.
    public String meaning() {
        return meaning;
    }

    /// What would make such stacks whole.
    public String help() {
        return help;
    }

    /// The reason with that text, if it is one of ours.
    public static Optional<CutReason> of(String text) {
        for (CutReason reason : values()) {
            if (reason.text.equals(text)) {
                return Optional.of(reason);
            }
        }
        return Optional.empty();
    }
}

package io.emberscope.symbolizer.elf;

/// One program header. All numbers are as the file says, unsigned; nothing was checked but that the
/// header could be read.
///
/// @param type one of the `PT_` numbers
/// @param flags `PF_` bits
/// @param offset where its bytes begin in the file
/// @param address where they are meant to be in memory
/// @param fileSize bytes in the file
/// @param memorySize bytes in memory
/// @param alignment a power of two, or 0
public record Segment(
        int type,
        int flags,
        long offset,
        long address,
        long fileSize,
        long memorySize,
        long alignment) {
    static final int LOAD = 1;
    static final int DYNAMIC = 2;
    static final int NOTE = 4;

    private static final int FLAG_EXECUTE = 1;

    /// Whether it is mapped into memory.
    public boolean isLoaded() {
        return type == LOAD;
    }

    /// Whether its bytes may be executed once loaded.
    public boolean isCode() {
        return type == LOAD && (flags & FLAG_EXECUTE) != 0;
    }

    /// Whether the part of it that is in the file is mapped at `at`. A difference is compared, so
    /// that a segment at the top of the address space, like the kernel's, needs no special care.
    boolean holds(long at) {
        return Long.compareUnsigned(at - address, fileSize) < 0;
    }
}

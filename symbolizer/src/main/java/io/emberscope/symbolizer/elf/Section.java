package io.emberscope.symbolizer.elf;

/// One section header. All numbers are as the file says, unsigned; nothing was checked but that the
/// header could be read.
///
/// @param nameOffset of its name in the section name table
/// @param type one of the `SHT_` numbers
/// @param flags `SHF_` bits
/// @param address in memory, or 0 if it is not loaded
/// @param offset where its bytes begin in the file
/// @param size bytes
/// @param link number of the section that goes with it
/// @param info what it means depends on the type
/// @param alignment a power of two, or 0
/// @param entrySize bytes of each entry, if it is a table
public record Section(
        int nameOffset,
        int type,
        long flags,
        long address,
        long offset,
        long size,
        int link,
        int info,
        long alignment,
        long entrySize) {
    static final int SYMBOLS = 2;
    static final int STRINGS = 3;
    static final int NOTES = 7;
    static final int NO_BITS = 8;
    static final int DYNAMIC_SYMBOLS = 11;

    private static final long FLAG_ALLOCATED = 2;
    private static final long FLAG_EXECUTE = 4;
    private static final long FLAG_COMPRESSED = 0x800;

    /// Whether its bytes are compressed in the file.
    public boolean isCompressed() {
        return (flags & FLAG_COMPRESSED) != 0;
    }

    /// Whether it has bytes in the file.
    public boolean hasBytes() {
        return type != NO_BITS && size != 0;
    }

    /// Whether it is loaded and executable; in a separate debug file it has no bytes.
    public boolean isExecutable() {
        return (flags & (FLAG_ALLOCATED | FLAG_EXECUTE)) == (FLAG_ALLOCATED | FLAG_EXECUTE);
    }

    /// Whether it is loaded, executable, and has bytes in the file.
    public boolean isCode() {
        return type != NO_BITS && isExecutable();
    }
}

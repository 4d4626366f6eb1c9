package io.emberscope.symbolizer.symbols;

/// How much may go into one symbol file. Whoever writes it needs 40 bytes of memory for each text
/// told by itself, 8 for each symbol, a byte for each node of the largest unit, and 8 MiB.
///
/// @param textsMax names and paths
/// @param textBytesMax of all of them, at most 2^32 - 1
/// @param nodesMax functions, those inlined included
/// @param rowsMax rows told
/// @param symbolsMax symbols told
public record SymbolLimits(
        int textsMax, long textBytesMax, int nodesMax, int rowsMax, int symbolsMax) {
    /// For an agent whose whole heap is a few tens of megabytes, and who tells symbols only.
    public static final SymbolLimits OF_AGENT =
            new SymbolLimits(512 * 1024, 64L << 20, 256 * 1024, 1 << 20, 512 * 1024);

    /// For a server.
    public static final SymbolLimits OF_SERVER =
            new SymbolLimits(4 << 20, 2L << 30, 32 << 20, 128 << 20, 4 << 20);

    public SymbolLimits {
        if (textsMax < 0
                || textBytesMax < 0
                || textBytesMax > 0xffff_ffffL
                || nodesMax < 0
                || rowsMax < 0
                || symbolsMax < 0) {
            throw new IllegalArgumentException("limits: (expected: none below 0)");
        }
    }

    static void check(String what, long count, long max) throws SymbolsTooLargeException {
        if (count > max) {
            throw new SymbolsTooLargeException(what + ": more (expected: at most " + max + ")");
        }
    }
}

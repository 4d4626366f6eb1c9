package io.emberscope.symbolizer.symbols;

import java.util.concurrent.atomic.AtomicLong;

/// Memory that symbol files share for what was read last: names, and blocks of the files. Safe for
/// use by several threads.
public final class SymbolMemory {
    private static final int BLOCK_BYTES = 768;
    private static final int NAME_BYTES = 96;

    private final AtomicLong owners = new AtomicLong();

    final Recent<Block> blocks;
    final Recent<String> names;

    /// @param bytesMax memory that is used at most, about; half a MiB is enough to work with
    public SymbolMemory(long bytesMax) {
        if (bytesMax < 1) {
            throw new IllegalArgumentException("memory: " + bytesMax + " (expected: at least 1)");
        }
        blocks = new Recent<>(bytesMax / 4 * 3, BLOCK_BYTES);
        names = new Recent<>(bytesMax / 4, NAME_BYTES);
    }

    /// Bytes in use.
    public long bytes() {
        return blocks.bytes() + names.bytes();
    }

    /// A number for a file, that no other has.
    long newOwner() {
        // Far apart, so that the first blocks of all files do not want the same places.
        return owners.incrementAndGet() * 0x2545_f491_4f6c_dd1dL;
    }
}

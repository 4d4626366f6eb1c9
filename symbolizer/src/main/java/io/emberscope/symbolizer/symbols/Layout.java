package io.emberscope.symbolizer.symbols;

import io.emberscope.symbolizer.elf.OwnAddresses;

/// Numbers of the format, see `docs/formats/symbols.md`.
final class Layout {
    static final int VERSION = 2;

    /// Beginning of the file, and of its end.
    static final long MAGIC = 0x0a4d_5953_424d_4589L; // 0x89 EMBSYM newline, little-endian

    static final int HEAD_BYTES = 16;

    static final int BUILD_ID_BYTES_MAX = 64;
    static final int TREE_BYTES = 2 * Long.BYTES + 2 * Integer.BYTES;
    static final int TREES = 5;
    static final int SEGMENT_BYTES = 3 * Long.BYTES;
    static final int FOOT_BYTES =
            3 * Integer.BYTES
                    + BUILD_ID_BYTES_MAX
                    + OwnAddresses.SEGMENTS_MAX * SEGMENT_BYTES
                    + TREES * TREE_BYTES
                    + 2 * Long.BYTES
                    + 2 * Integer.BYTES;

    /// Longer texts are cut.
    static final int TEXT_BYTES_MAX = 4096;

    /// Functions in one place, each but the outermost inlined into the next.
    static final int DEPTH_MAX = 255;

    static final int CHECKSUM_BYTES = Integer.BYTES;

    /// Things in a block.
    static final int BLOCK_BITS = 6;

    static final int BLOCK = 1 << BLOCK_BITS;

    /// Texts in a block.
    static final int TEXTS_BITS = 5;

    static final int TEXTS = 1 << TEXTS_BITS;

    /// A block is not longer: 32 texts of 4 KiB, and their lengths.
    static final int BLOCK_BYTES_MAX = 132 * 1024;

    /// Levels of blocks above those of the lowest level.
    static final int HEIGHT_MAX = 8;

    // Columns of an index.
    static final int KEY = 0;
    static final int POSITION = 1;
    static final int LENGTH = 2;

    // Columns of ranges.
    static final int START = 0;
    static final int GAP = 1;
    static final int SYMBOL_FUNCTION = 2;
    static final int ROW_NODE = 2;
    static final int ROW_FILE = 3;
    static final int ROW_LINE = 4;

    // Columns of nodes.
    static final int FUNCTION = 0;
    static final int PARENT = 1;
    static final int CALL_FILE = 2;
    static final int CALL_LINE = 3;

    /// Bits that tell kinds of blocks apart.
    static final int CODE_BITS = 3;

    private Layout() {}

    /// What blocks of a tree hold.
    enum Kind {
        INDEX(0, 3, true),
        SYMBOLS(1, 3, true),
        ROWS(2, 5, true),
        NODES(3, 4, false),
        TEXTS(4, 0, false);

        /// Of [#CODE_BITS].
        final int code;

        final int columns;

        /// Whether they are found by the first column, which then grows.
        final boolean isKeyed;

        Kind(int code, int columns, boolean isKeyed) {
            this.code = code;
            this.columns = columns;
            this.isKeyed = isKeyed;
        }

        boolean isRanges() {
            return this == SYMBOLS || this == ROWS;
        }
    }
}

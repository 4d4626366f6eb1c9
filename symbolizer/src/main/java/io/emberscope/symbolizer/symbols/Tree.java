package io.emberscope.symbolizer.symbols;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Finds blocks of the lowest level in a symbol file.
final class Tree {
    private final Layout.Kind kind;
    private final Root root;
    private final Blocks blocks;

    Tree(Layout.Kind kind, Root root, Blocks blocks) {
        this.kind = kind;
        this.root = root;
        this.blocks = blocks;
    }

    /// Things in it.
    int count() {
        return (int) root.count();
    }

    /// The block that may hold `key`; null if all keys are above.
    @Nullable Block find(long key) throws IOException {
        if (root.count() == 0) {
            return null;
        }
        Block block = top();
        for (int height = root.height(); height > 0; height--) {
            int index = block.floor(key);
            if (index < 0) {
                return null;
            }
            block = below(block, index, height);
        }
        return block;
    }

    /// The block that holds a thing by its number, from 0.
    ///
    /// @param bits of the number of things in a block
    Block numbered(int number, int bits) throws IOException {
        if (number < 0 || number >= root.count()) {
            throw blocks.malformed(
                    kind + ": number " + number + " (expected: below " + root.count() + ")");
        }
        Block block = top();
        for (int height = root.height(); height > 0; height--) {
            int index = number >>> (bits + Layout.BLOCK_BITS * (height - 1)) & (Layout.BLOCK - 1);
            check(block, index);
            block = below(block, index, height);
        }
        check(block, number & ((1 << bits) - 1));
        return block;
    }

    private void check(Block block, int index) throws IOException {
        if (index >= block.count()) {
            throw blocks.malformed(
                    kind + ": block of " + block.count() + " (expected: more than " + index + ")");
        }
    }

    private Block top() throws IOException {
        return blocks.get(
                root.height() == 0 ? kind : Layout.Kind.INDEX, root.position(), root.length());
    }

    /// The block that an index tells of.
    ///
    /// @param height of the index
    private Block below(Block index, int at, int height) throws IOException {
        long position = index.get(Layout.POSITION, at);
        Layout.Kind expected = height == 1 ? kind : Layout.Kind.INDEX;
        Block block = blocks.get(expected, position, index.get(Layout.LENGTH, at));
        if (expected.isKeyed && block.get(Layout.KEY, 0) != index.get(Layout.KEY, at)) {
            throw blocks.malformed(
                    "block at "
                            + position
                            + ": begins at 0x"
                            + Long.toHexString(block.get(Layout.KEY, 0))
                            + " (expected: 0x"
                            + Long.toHexString(index.get(Layout.KEY, at))
                            + ")");
        }
        return block;
    }

    /// Goes through its ranges, in order.
    Cursor ranges() {
        return new Cursor();
    }

    /// At one of the ranges, once [#next] was called.
    final class Cursor {
        private final @Nullable Block[] way = new @Nullable Block[Layout.HEIGHT_MAX + 1];
        private final int[] at = new int[Layout.HEIGHT_MAX + 1];
        private @Nullable Block block;
        private int index;

        /// The last byte of the block before.
        private long last;

        /// Goes to the next range.
        ///
        /// @return false if there is none
        boolean next() throws IOException {
            Block before = block;
            if (before == null) {
                return root.count() > 0 && descend(root.height(), top());
            }
            if (++index < before.count()) {
                return true;
            }
            last = before.last(index - 1);
            for (int height = 1; height <= root.height(); height++) {
                Block above = way[height];
                if (above != null && ++at[height] < above.count()) {
                    return descend(height - 1, below(above, at[height], height));
                }
            }
            return false;
        }

        private boolean descend(int from, Block to) throws IOException {
            Block current = to;
            for (int height = from; height > 0; height--) {
                way[height] = current;
                at[height] = 0;
                current = below(current, 0, height);
            }
            if (block != null && Long.compareUnsigned(current.get(Layout.START, 0), last) <= 0) {
                // Or else a file of a few blocks could keep us busy for ever.
                throw blocks.malformed(kind + ": (expected: in order)");
            }
            block = current;
            index = 0;
            return true;
        }

        Block block() {
            if (block == null) {
                throw new IllegalStateException("ranges: at none (expected: next was called)");
            }
            return block;
        }

        int index() {
            return index;
        }

        /// The first byte of the range.
        long start() {
            return block().get(Layout.START, index);
        }

        /// Its last byte.
        long last() {
            return block().last(index);
        }
    }
}

package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Writes blocks and, above them, blocks that tell where they are, up to one that leads to all.
final class TreeWriter {
    private final Output out;
    private final ColumnWriter columns = new ColumnWriter();
    private final List<Level> levels = new ArrayList<>();

    /// Blocks that no block above tells of yet.
    private static final class Level {
        final long[][] places = new long[Layout.Kind.INDEX.columns][Layout.BLOCK];
        int count;
    }

    TreeWriter(Output out) {
        this.out = out;
    }

    /// Writes a block of the lowest level.
    ///
    /// @param key of its first thing; more than that of the block before
    void add(long key, ByteWriter content) throws IOException {
        add(0, key, content);
    }

    private void add(int height, long key, ByteWriter content) throws IOException {
        if (height == levels.size()) {
            levels.add(new Level());
        }
        Level level = levels.get(height);
        if (level.count == Layout.BLOCK) {
            addIndex(height);
        }
        int at = level.count++;
        level.places[Layout.POSITION][at] = out.position();
        level.places[Layout.KEY][at] = key;
        level.places[Layout.LENGTH][at] = out.block(content);
    }

    private void addIndex(int height) throws IOException {
        Level level = levels.get(height);
        ByteWriter content = new ByteWriter().u8(level.count - 1);
        for (long[] column : level.places) {
            columns.write(column, level.count, content);
        }
        level.count = 0;
        add(height + 1, level.places[Layout.KEY][0], content);
    }

    /// Writes what is above all.
    ///
    /// @param count of all things
    Root finish(long count) throws IOException {
        if (levels.isEmpty()) {
            return Root.EMPTY;
        }
        int height = 0;
        while (height < levels.size() - 1 || levels.get(height).count > 1) {
            addIndex(height);
            height++;
        }
        long[][] top = levels.get(height).places;
        return new Root(count, top[Layout.POSITION][0], (int) top[Layout.LENGTH][0], height);
    }
}

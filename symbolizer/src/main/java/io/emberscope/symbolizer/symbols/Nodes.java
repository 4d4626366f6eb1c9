package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/// Functions and what was inlined into them, by number, as they were told.
final class Nodes implements AutoCloseable {
    private static final int RECORD_BYTES = 4 * Integer.BYTES;

    private final int countMax;
    private final Spill spill;
    private int count;

    /// The unit's first node; parents are not before it.
    private int unit;

    /// How many nodes of the unit each is within, itself included.
    private byte[] depths = new byte[64];

    Nodes(int countMax, Disk disk, Path path) {
        this.countMax = countMax;
        this.spill = new Spill(disk, path);
    }

    int size() {
        return count;
    }

    int add(int parent, int function, int callFile, int callLine) throws IOException {
        SymbolLimits.check("nodes", count + 1L, countMax);
        if (parent != CodeSink.NONE && (parent < unit || parent >= count)) {
            throw new IllegalArgumentException(
                    "parent: "
                            + parent
                            + " (expected: one of "
                            + unit
                            + " to "
                            + (count - 1)
                            + ")");
        }
        int depth = parent == CodeSink.NONE ? 1 : 1 + (depths[parent - unit] & 0xff);
        SymbolLimits.check("functions inlined into one another", depth, Layout.DEPTH_MAX);
        if (count - unit == depths.length) {
            depths = Arrays.copyOf(depths, (int) Math.min(2L * depths.length, countMax));
        }
        depths[count - unit] = (byte) depth;
        spill.room(RECORD_BYTES).putInt(parent).putInt(function).putInt(callFile).putInt(callLine);
        return count++;
    }

    void endUnit() {
        unit = count;
    }

    /// Writes them.
    Root write(Texts texts, Output out) throws IOException {
        depths = new byte[0];
        TreeWriter tree = new TreeWriter(out);
        ColumnWriter writer = new ColumnWriter();
        long[][] columns = new long[Layout.Kind.NODES.columns][Layout.BLOCK];
        Spill.Reader all = spill.reader(0, spill.size(), Spill.BUFFER_BYTES);
        for (int first = 0; first < count; first += Layout.BLOCK) {
            int filled = Math.min(Layout.BLOCK, count - first);
            for (int i = 0; i < filled; i++) {
                ByteBuffer node = all.next(RECORD_BYTES);
                int parent = node.getInt();
                columns[Layout.PARENT][i] = parent == CodeSink.NONE ? 0 : first + i - parent;
                columns[Layout.FUNCTION][i] = texts.function(node.getInt());
                columns[Layout.CALL_FILE][i] = texts.file(node.getInt());
                columns[Layout.CALL_LINE][i] = node.getInt();
            }
            ByteWriter content = new ByteWriter().u8(filled - 1);
            for (long[] column : columns) {
                writer.write(column, filled, content);
            }
            tree.add(first, content);
        }
        return tree.finish(count);
    }

    @Override
    public void close() throws IOException {
        spill.close();
    }
}

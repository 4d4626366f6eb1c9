package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteWriter;
import java.io.IOException;

/// Writes a tree of ranges with one or more numbers each, which come in order.
final class RangeWriter {
    private final TreeWriter tree;
    private final ColumnWriter writer = new ColumnWriter();

    /// Start, gap up to the next, numbers.
    private final long[][] columns;

    private final boolean joins;
    private int count;
    private long last;
    private long total;

    /// @param kind of the tree
    /// @param joins whether ranges beside each other with equal numbers become one
    RangeWriter(Layout.Kind kind, boolean joins, Output out) {
        this.tree = new TreeWriter(out);
        this.columns = new long[kind.columns][Layout.BLOCK];
        this.joins = joins;
    }

    void add(long start, long end, long... numbers) throws IOException {
        if (count > 0) {
            if (joins && start == last + 1 && isAsBefore(numbers)) {
                last = end;
                return;
            }
            if (count == Layout.BLOCK) {
                endBlock();
            } else {
                columns[Layout.GAP][count - 1] = start - 1 - last;
            }
        }
        columns[Layout.START][count] = start;
        for (int i = 0; i < numbers.length; i++) {
            columns[Layout.GAP + 1 + i][count] = numbers[i];
        }
        last = end;
        count++;
        total++;
    }

    private boolean isAsBefore(long[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            if (columns[Layout.GAP + 1 + i][count - 1] != numbers[i]) {
                return false;
            }
        }
        return true;
    }

    private void endBlock() throws IOException {
        long start = columns[Layout.START][0];
        columns[Layout.GAP][count - 1] = 0;
        ByteWriter content = new ByteWriter().u8(count - 1).varint(last - start);
        for (long[] column : columns) {
            writer.write(column, count, content);
        }
        count = 0;
        tree.add(start, content);
    }

    Root finish() throws IOException {
        if (count > 0) {
            endBlock();
        }
        return tree.finish(total);
    }
}

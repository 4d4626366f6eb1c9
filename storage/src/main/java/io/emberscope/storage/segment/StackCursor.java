package io.emberscope.storage.segment;

import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.parquet.column.ColumnReader;

/// Goes through stacks.
final class StackCursor extends TableCursor {
    static final Comparator<StackCursor> ORDER =
            ((Comparator<StackCursor>) StackCursor::compareFrames)
                    .thenComparingLong(StackCursor::id);

    private final long[] ids = new long[BATCH_ROWS];
    private final int[] ends = new int[BATCH_ROWS];
    private long[] frames = new long[BATCH_ROWS];
    private List<ColumnReader> readers = List.of();

    StackCursor(TenantSource source) throws IOException {
        super(source, Tables.STACKS, Tables.STACKS_SCHEMA, List.of("stack_id", "frames"));
    }

    long id() {
        return ids[at];
    }

    /// Holds the frames from [#start] up to [#end], leaf first.
    long[] frames() {
        return frames;
    }

    int start() {
        return at == 0 ? 0 : ends[at - 1];
    }

    int end() {
        return ends[at];
    }

    private int compareFrames(StackCursor other) {
        return TableOrder.compareStacks(
                frames, start(), end(), other.frames, other.start(), other.end());
    }

    @Override
    void open(Columns group) throws IOException {
        readers = List.of(group.column("stack_id"), group.column("frames", "list", "element"));
    }

    @Override
    void decode(int rows) {
        ColumnReader id = readers.get(0);
        ColumnReader frame = readers.get(1);
        int used = 0;
        for (int i = 0; i < rows; i++) {
            do {
                if (frame.getCurrentDefinitionLevel() == 1) {
                    if (used == frames.length) {
                        frames = Arrays.copyOf(frames, used * 2);
                    }
                    frames[used++] = frame.getLong();
                }
                frame.consume();
            } while (frame.getCurrentRepetitionLevel() == 1);
            ends[i] = used;
            ids[i] = id.getLong();
            id.consume();
        }
    }
}

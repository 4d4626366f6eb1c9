package io.emberscope.storage.segment;

import io.emberscope.storage.query.Part;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.segment.RowSelection.Piece;
import java.io.IOException;
import java.util.List;

/// Goes through the samples of one row group: only the columns that are needed, only the pages that
/// hold selected rows. What it found stays its own until it is added to the answer.
///
/// @param <T> where values go
abstract class SampleScan<T> implements Part {
    /// Opens and closes the samples of the row group.
    interface Group {
        /// Reads columns of the selected rows, and does something with them.
        void read(List<String> columns, Reading reading) throws IOException;
    }

    /// What is done with columns that were read.
    interface Reading {
        void decode(Columns columns) throws IOException;
    }

    private final Group group;
    private final List<Piece<T>> pieces;
    private final QueryContext context;
    private final long from;
    private final long to;

    SampleScan(Group group, List<Piece<T>> pieces, TimeRange range, QueryContext context) {
        this.group = group;
        this.pieces = pieces;
        this.context = context;
        this.from = range.fromMicros();
        this.to = range.toMicros();
    }

    /// The columns that it needs.
    abstract List<String> columns();

    /// Begins with a row group.
    ///
    /// @param any one of the targets
    abstract void begin(Columns columns, T any) throws IOException;

    /// Makes the pages with a row the current ones.
    ///
    /// @return how many rows all of them have from there on
    abstract int seek(int row) throws IOException;

    /// Takes rows of the current pages.
    abstract void take(T target, int row, int count) throws IOException;

    /// Ends the rows, next to each other, that have a target.
    abstract void end(T target) throws IOException;

    /// Lets go of what only reading needs: many row groups are read before a question is answered.
    abstract void finish();

    @Override
    public final void read() throws IOException {
        group.read(columns(), this::decode);
    }

    @SuppressWarnings("ReferenceEquality") // the same target, not an equal one
    private void decode(Columns columns) throws IOException {
        begin(columns, pieces.getFirst().target());
        for (int i = 0; i < pieces.size(); i++) {
            Piece<T> piece = pieces.get(i);
            int row = piece.from();
            int last = row + piece.length();
            while (row < last) {
                context.check();
                int count = Math.min(seek(row), last - row);
                take(piece.target(), row, count);
                row += count;
            }
            if (i + 1 == pieces.size() || pieces.get(i + 1).target() != piece.target()) {
                end(piece.target());
            }
        }
        finish();
    }

    /// What the query may use.
    final QueryContext context() {
        return context;
    }

    /// Whether a time is inside the range.
    final boolean isInside(long micros) {
        return micros >= from && micros < to;
    }
}

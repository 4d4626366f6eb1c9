package io.emberscope.storage.segment;

import io.emberscope.profile.Line;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.column.ColumnReader;
import org.jspecify.annotations.Nullable;

/// Goes through symbols, frame by frame.
final class SymbolCursor extends TableCursor {
    private final long[] ids = new long[BATCH_ROWS];
    private final List<Line> lines = new ArrayList<>();
    private @Nullable Readers readers;
    private boolean isThere;

    private record Readers(
            ColumnReader id,
            TextColumn function,
            TextColumn systemName,
            TextColumn file,
            ColumnReader line) {}

    SymbolCursor(TenantSource source) throws IOException {
        super(
                source,
                Tables.SYMBOLS,
                Tables.SYMBOLS_SCHEMA,
                List.of("frame_id", "function", "system_name", "file", "line"));
        isThere = next();
    }

    /// The lines of a frame, and goes on behind them. Frames have to come in the order of their
    /// table.
    List<Line> linesOf(long frame) throws IOException {
        if (!isThere || ids[at] != frame) {
            return List.of();
        }
        List<Line> found = new ArrayList<>();
        while (isThere && ids[at] == frame) {
            found.add(lines.get(at));
            isThere = next();
        }
        return found;
    }

    @Override
    void open(Columns group) throws IOException {
        readers =
                new Readers(
                        group.column("frame_id"),
                        group.text("function", TEXTS_KNOWN),
                        group.text("system_name", TEXTS_KNOWN),
                        group.text("file", TEXTS_KNOWN),
                        group.column("line"));
    }

    @Override
    void decode(int rows) {
        lines.clear();
        Readers from = readers;
        for (int i = 0; i < rows && from != null; i++) {
            ids[i] = from.id.getLong();
            lines.add(
                    new Line(
                            from.function.get(),
                            from.systemName.get(),
                            from.file.get(),
                            from.line.getInteger()));
            from.id.consume();
            from.function.consume();
            from.systemName.consume();
            from.file.consume();
            from.line.consume();
        }
    }
}

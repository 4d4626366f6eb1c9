package io.emberscope.storage.segment;

import io.emberscope.profile.Frame;
import java.io.IOException;
import java.util.List;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/// Goes through the ids of frames, in their own table or in that of symbols.
final class IdCursor extends TableCursor {
    private final long[] ids = new long[BATCH_ROWS];
    private final long[] addresses = new long[BATCH_ROWS];
    private @Nullable ColumnReader id;
    private @Nullable NumberColumn address;

    private IdCursor(TenantSource source, String name, MessageType table, List<String> columns)
            throws IOException {
        super(source, name, table, columns);
    }

    static IdCursor ofFrames(TenantSource source) throws IOException {
        return new IdCursor(
                source, Tables.FRAMES, Tables.FRAMES_SCHEMA, List.of("frame_id", "address"));
    }

    static IdCursor ofSymbols(TenantSource source) throws IOException {
        return new IdCursor(source, Tables.SYMBOLS, Tables.SYMBOLS_SCHEMA, List.of("frame_id"));
    }

    long id() {
        return ids[at];
    }

    /// The address of a frame.
    long address() {
        return addresses[at];
    }

    @Override
    void open(Columns group) throws IOException {
        id = group.column("frame_id");
        address = group.number("address", Frame.NO_ADDRESS);
    }

    @Override
    void decode(int rows) {
        for (int i = 0; i < rows && id != null && address != null; i++) {
            ids[i] = id.getLong();
            id.consume();
            addresses[i] = address.next();
        }
    }
}

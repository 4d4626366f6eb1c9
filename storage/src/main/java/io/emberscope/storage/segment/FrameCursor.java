package io.emberscope.storage.segment;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.parquet.column.ColumnReader;
import org.jspecify.annotations.Nullable;

/// Goes through frames, without their lines.
final class FrameCursor extends TableCursor {
    static final Comparator<FrameCursor> ORDER =
            Comparator.comparing(FrameCursor::frame, TableOrder.FRAMES)
                    .thenComparingLong(FrameCursor::id);

    private final long[] ids = new long[BATCH_ROWS];
    private final List<Frame> frames = new ArrayList<>();
    private @Nullable Readers readers;

    private record Readers(
            ColumnReader id,
            TextColumn kind,
            TextColumn buildId,
            TextColumn binary,
            ColumnReader offset,
            NumberColumn address) {}

    FrameCursor(TenantSource source) throws IOException {
        super(
                source,
                Tables.FRAMES,
                Tables.FRAMES_SCHEMA,
                List.of("frame_id", "kind", "build_id", "binary", "offset", "address"));
    }

    long id() {
        return ids[at];
    }

    Frame frame() {
        return frames.get(at);
    }

    @Override
    void open(Columns group) throws IOException {
        readers =
                new Readers(
                        group.column("frame_id"),
                        group.text("kind", TEXTS_KNOWN),
                        group.text("build_id", TEXTS_KNOWN),
                        group.text("binary", TEXTS_KNOWN),
                        group.column("offset"),
                        group.number("address", Frame.NO_ADDRESS));
    }

    @Override
    void decode(int rows) {
        frames.clear();
        Readers from = readers;
        for (int i = 0; i < rows && from != null; i++) {
            ids[i] = from.id.getLong();
            frames.add(
                    new Frame(
                            FrameKind.of(from.kind.get()),
                            from.buildId.get(),
                            from.binary.get(),
                            from.offset.getLong(),
                            from.address.next(),
                            List.of()));
            from.id.consume();
            from.kind.consume();
            from.buildId.consume();
            from.binary.consume();
            from.offset.consume();
        }
    }
}

package io.emberscope.storage.segment;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/// Columns of one row group, read and not yet decoded.
final class Columns {
    private final Path path;
    private final PageReadStore pages;
    private final MessageType schema;
    private final ColumnReadStoreImpl store;

    Columns(Path path, PageReadStore pages, MessageType schema, String createdBy) {
        this.path = path;
        this.pages = pages;
        this.schema = schema;
        this.store = new ColumnReadStoreImpl(pages, new Ignored(schema), schema, createdBy);
    }

    /// How many rows will be read.
    int rows() {
        return Math.toIntExact(pages.getRowCount());
    }

    /// Whether a column was read.
    boolean has(String name) {
        return schema.containsField(name);
    }

    /// The values of a column, by its path.
    ColumnReader column(String... columnPath) throws DamagedSegmentException {
        try {
            return store.getColumnReader(schema.getColumnDescription(columnPath));
        } catch (RuntimeException e) {
            throw damaged(columnPath[0], e);
        }
    }

    /// The values of a required 64-bit column by the page. A column can be had in one way only.
    ///
    /// @param wantsPlaces as in [LongPages]
    LongPages longs(String name, boolean wantsPlaces) throws IOException {
        return new LongPages(
                pages.getPageReader(schema.getColumnDescription(new String[] {name})), wantsPlaces);
    }

    /// The texts of a column; an absent one is empty.
    TextColumn text(String name) throws DamagedSegmentException {
        return new TextColumn(column(name));
    }

    /// The same with another number of texts that are kept.
    TextColumn text(String name, int knownMax) throws DamagedSegmentException {
        return new TextColumn(column(name), knownMax);
    }

    /// The numbers of a column that may be absent, from rows or from the whole file.
    NumberColumn number(String name, long absent) throws DamagedSegmentException {
        return new NumberColumn(has(name) ? column(name) : null, absent);
    }

    /// Decodes; what the decoder throws becomes a [DamagedSegmentException].
    void decode(Decoding decoding) throws IOException {
        try {
            decoding.run();
        } catch (RuntimeException e) {
            throw damaged(schema.getFields().toString(), e);
        }
    }

    /// Steps that read values.
    interface Decoding {
        void run() throws IOException;
    }

    private DamagedSegmentException damaged(String column, RuntimeException cause) {
        return new DamagedSegmentException(path + ": " + column + " cannot be decoded", cause);
    }

    /// Column readers want a converter for each column, which is never called: values are taken by
    /// hand.
    private static final class Ignored extends GroupConverter {
        private final GroupType group;

        Ignored(GroupType group) {
            this.group = group;
        }

        @Override
        public Converter getConverter(int index) {
            Type field = group.getType(index);
            return field.isPrimitive()
                    ? new PrimitiveConverter() {}
                    : new Ignored(field.asGroupType());
        }

        @Override
        public void start() {
            // Never called.
        }

        @Override
        public void end() {
            // Never called.
        }
    }
}

package io.emberscope.storage.iceberg;

import io.emberscope.storage.segment.ColumnFacts;
import io.emberscope.storage.segment.TableFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/// The two Avro files behind a snapshot of an [Iceberg
/// table](https://iceberg.apache.org/spec/#manifests), format version 2: a manifest that lists all
/// data files, and the list of that one manifest.
final class IcebergManifest {
    private static final Schema ENTRY = schema("manifest-entry.avsc");
    private static final Schema FILE = schema("manifest-file.avsc");
    private static final int ADDED = 1;
    private static final int DEFLATE_LEVEL = 6;

    /// What stands between blocks; our files have one block.
    private static final byte[] SYNC = "emberscope-block".getBytes(StandardCharsets.US_ASCII);

    private IcebergManifest() {}

    /// The manifest.
    ///
    /// @param schemaJson the table's schema
    /// @param files by their URIs
    static byte[] entries(
            String schemaJson, Map<String, TableFile> files, long snapshotId, long sequence)
            throws IOException {
        List<GenericRecord> entries = new ArrayList<>();
        files.forEach(
                (uri, file) -> {
                    GenericRecord entry = new GenericData.Record(ENTRY);
                    entry.put("status", ADDED);
                    entry.put("snapshot_id", snapshotId);
                    entry.put("sequence_number", sequence);
                    entry.put("file_sequence_number", sequence);
                    entry.put("data_file", dataFile(uri, file));
                    entries.add(entry);
                });
        return avro(
                ENTRY,
                entries,
                Map.of(
                        "schema",
                        schemaJson,
                        "schema-id",
                        "0",
                        "partition-spec",
                        "[]",
                        "partition-spec-id",
                        "0",
                        "format-version",
                        "2",
                        "content",
                        "data"));
    }

    /// The list of that manifest.
    static byte[] list(
            String manifestUri,
            long manifestBytes,
            int files,
            long rows,
            long snapshotId,
            long sequence)
            throws IOException {
        GenericRecord manifest = new GenericData.Record(FILE);
        manifest.put("manifest_path", manifestUri);
        manifest.put("manifest_length", manifestBytes);
        manifest.put("partition_spec_id", 0);
        manifest.put("content", 0);
        manifest.put("sequence_number", sequence);
        manifest.put("min_sequence_number", sequence);
        manifest.put("added_snapshot_id", snapshotId);
        manifest.put("added_files_count", files);
        manifest.put("existing_files_count", 0);
        manifest.put("deleted_files_count", 0);
        manifest.put("added_rows_count", rows);
        manifest.put("existing_rows_count", 0L);
        manifest.put("deleted_rows_count", 0L);
        return avro(
                FILE,
                List.of(manifest),
                Map.of(
                        "snapshot-id",
                        Long.toString(snapshotId),
                        "sequence-number",
                        Long.toString(sequence),
                        "format-version",
                        "2"));
    }

    private static GenericRecord dataFile(String uri, TableFile file) {
        Schema schema = ENTRY.getField("data_file").schema();
        GenericRecord data = new GenericData.Record(schema);
        data.put("content", 0);
        data.put("file_path", uri);
        data.put("file_format", "PARQUET");
        data.put("partition", new GenericData.Record(schema.getField("partition").schema()));
        data.put("record_count", file.rows());
        data.put("file_size_in_bytes", file.bytes());
        put(data, "column_sizes", file, ColumnFacts::bytes);
        put(data, "value_counts", file, ColumnFacts::values);
        put(data, "null_value_counts", file, ColumnFacts::nulls);
        put(data, "lower_bounds", file, column -> bytes(column.lower()));
        put(data, "upper_bounds", file, column -> bytes(column.upper()));
        data.put("split_offsets", file.offsets());
        return data;
    }

    private static @Nullable Object bytes(byte @Nullable [] bound) {
        return bound == null ? null : ByteBuffer.wrap(bound);
    }

    /// Puts a map from field id to something of the columns, where it is known.
    private static void put(
            GenericRecord data,
            String field,
            TableFile file,
            Function<ColumnFacts, @Nullable Object> value) {
        Schema pair =
                data.getSchema().getField(field).schema().getTypes().getLast().getElementType();
        List<GenericRecord> pairs = new ArrayList<>();
        for (ColumnFacts column : file.columns()) {
            Object known = value.apply(column);
            if (known != null) {
                GenericRecord one = new GenericData.Record(pair);
                one.put("key", column.id());
                one.put("value", known);
                pairs.add(one);
            }
        }
        data.put(field, pairs);
    }

    private static byte[] avro(Schema schema, List<GenericRecord> rows, Map<String, String> about)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DataFileWriter<GenericRecord> writer =
                new DataFileWriter<>(new GenericDatumWriter<>(schema))) {
            writer.setCodec(CodecFactory.deflateCodec(DEFLATE_LEVEL));
            about.forEach(writer::setMeta);
            // The same bytes each time: who reads a file in pieces may get them from two processes.
            writer.create(schema, out, SYNC);
            for (GenericRecord row : rows) {
                writer.append(row);
            }
        }
        return out.toByteArray();
    }

    private static Schema schema(String resource) {
        try (InputStream in = IcebergManifest.class.getResourceAsStream(resource)) {
            return new Schema.Parser().parse(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

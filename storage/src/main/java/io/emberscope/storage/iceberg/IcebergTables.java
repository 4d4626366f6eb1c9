package io.emberscope.storage.iceberg;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.emberscope.profile.ContentHash;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.segment.DamagedSegmentException;
import io.emberscope.storage.segment.Segment;
import io.emberscope.storage.segment.SegmentTables;
import io.emberscope.storage.segment.TableFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The tables of one tenant at one moment, as [Iceberg](https://iceberg.apache.org/spec/) tables of
/// format version 2 with one snapshot each. The files of the segments stay until it is closed. Safe
/// for use by several threads.
///
/// What a reader opens is an object: a data file of a segment, or one of the two files that tell of
/// them. Objects have names, relative to a place that the caller knows.
public final class IcebergTables implements AutoCloseable {
    private static final String DATA = "/data/";
    private static final String METADATA = "/metadata/";
    private static final String MANIFEST = "-manifest.avro";
    private static final String LIST = "-list.avro";
    private static final int FIRST_PARTITION_ID = 999;

    private final TenantId tenant;
    private final String place;
    private final List<Segment> segments;
    private final Runnable release;
    private final long snapshotId;
    private final Set<String> prepared = new HashSet<>();
    private final Map<String, StoredObject> objects = new HashMap<>();

    /// Something that can be read in pieces.
    public interface StoredObject {
        /// Length in bytes.
        long bytes();

        /// Reads a piece.
        ///
        /// @throws DamagedSegmentException if it is not what was written
        byte[] read(long from, int length) throws IOException;
    }

    /// @param place URI under which objects are, with a slash at its end
    /// @param segments oldest first
    /// @param release lets the segments go
    /// @throws DamagedSegmentException if a segment is damaged, as what it holds would be missing
    public IcebergTables(TenantId tenant, String place, List<Segment> segments, Runnable release)
            throws IOException {
        this.tenant = tenant;
        this.place = place;
        this.segments = List.copyOf(segments);
        this.release = release;
        ContentHash hash = new ContentHash();
        hash.add(tenant.value());
        for (Segment segment : segments) {
            String damage = segment.damage();
            if (damage != null) {
                throw new DamagedSegmentException(damage);
            }
            hash.add(segment.name());
        }
        this.snapshotId = hash.finish() & Long.MAX_VALUE;
    }

    /// Changes whenever other files belong to the tables.
    public long snapshotId() {
        return snapshotId;
    }

    /// The object with that name; null if there is none.
    public synchronized @Nullable StoredObject object(String name) throws IOException {
        StoredObject found = objects.get(name);
        if (found == null) {
            // Asked for by somebody who loaded the table from an earlier process.
            for (String table : SegmentTables.names()) {
                if (name.startsWith(table + '/')) {
                    prepare(table);
                    return objects.get(name);
                }
            }
        }
        return found;
    }

    /// Finds the files of a table, which takes reading of each file that was not looked at before.
    public synchronized void prepare(String table) throws IOException {
        if (!prepared.contains(table)) {
            addObjects(table);
            prepared.add(table);
        }
    }

    /// What a table's metadata would be called if it were a file.
    public String metadataLocation(String table) {
        return place + table + METADATA + snapshotId + ".metadata.json";
    }

    /// Writes a table's [metadata](https://iceberg.apache.org/spec/#table-metadata-and-snapshots)
    /// as JSON.
    public void writeMetadata(String table, JsonGenerator json) throws IOException {
        long updated = segments.isEmpty() ? 0 : segments.getLast().storedAtMillis();
        json.writeStartObject();
        json.writeNumberField("format-version", 2);
        json.writeStringField("table-uuid", uuid(table));
        json.writeStringField("location", place + table);
        json.writeNumberField("last-sequence-number", sequence());
        json.writeNumberField("last-updated-ms", updated);
        json.writeArrayFieldStart("schemas");
        int columnIdMax = IcebergSchema.write(SegmentTables.schema(table), json);
        json.writeEndArray();
        json.writeNumberField("last-column-id", columnIdMax);
        json.writeNumberField("current-schema-id", IcebergSchema.ID);
        json.writeArrayFieldStart("partition-specs");
        writeEmpty(json, "spec-id");
        json.writeEndArray();
        json.writeNumberField("default-spec-id", 0);
        json.writeNumberField("last-partition-id", FIRST_PARTITION_ID);
        json.writeArrayFieldStart("sort-orders");
        writeEmpty(json, "order-id");
        json.writeEndArray();
        json.writeNumberField("default-sort-order-id", 0);
        json.writeObjectFieldStart("properties");
        json.writeEndObject();
        json.writeArrayFieldStart("snapshots");
        if (!segments.isEmpty()) {
            writeSnapshot(table, updated, json);
        }
        json.writeEndArray();
        json.writeObjectFieldStart("refs");
        if (!segments.isEmpty()) {
            json.writeObjectFieldStart("main");
            json.writeNumberField("snapshot-id", snapshotId);
            json.writeStringField("type", "branch");
            json.writeEndObject();
        }
        json.writeEndObject();
        if (!segments.isEmpty()) {
            json.writeNumberField("current-snapshot-id", snapshotId);
        }
        json.writeArrayFieldStart("snapshot-log");
        json.writeEndArray();
        json.writeArrayFieldStart("metadata-log");
        json.writeEndArray();
        json.writeEndObject();
    }

    @Override
    public void close() {
        release.run();
    }

    private void writeSnapshot(String table, long updated, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeNumberField("snapshot-id", snapshotId);
        json.writeNumberField("sequence-number", sequence());
        json.writeNumberField("timestamp-ms", updated);
        json.writeStringField("manifest-list", place + listName(table));
        json.writeNumberField("schema-id", IcebergSchema.ID);
        json.writeObjectFieldStart("summary");
        json.writeStringField("operation", "append");
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void writeEmpty(JsonGenerator json, String id) throws IOException {
        json.writeStartObject();
        json.writeNumberField(id, 0);
        json.writeArrayFieldStart("fields");
        json.writeEndArray();
        json.writeEndObject();
    }

    private void addObjects(String table) throws IOException {
        Map<String, TableFile> files = new LinkedHashMap<>();
        long rows = 0;
        for (Segment segment : segments) {
            TableFile file = segment.file(tenant, table);
            if (file != null) {
                String name = table + DATA + segment.name() + ".parquet";
                files.put(place + name, file);
                objects.put(name, object(file));
                rows += file.rows();
            }
        }
        byte[] entries = IcebergManifest.entries(schema(table), files, snapshotId, sequence());
        String manifest = table + METADATA + snapshotId + MANIFEST;
        objects.put(manifest, object(entries));
        byte[] list =
                IcebergManifest.list(
                        place + manifest,
                        entries.length,
                        files.size(),
                        rows,
                        snapshotId,
                        sequence());
        objects.put(listName(table), object(list));
    }

    private String listName(String table) {
        return table + METADATA + snapshotId + LIST;
    }

    private long sequence() {
        return segments.isEmpty() ? 0 : segments.getLast().lastSequence();
    }

    /// The same for the same tenant's table, whenever it is asked.
    private String uuid(String table) {
        String text = "emberscope/" + tenant.value() + '/' + table;
        return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8)).toString();
    }

    private static String schema(String table) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
            IcebergSchema.write(SegmentTables.schema(table), json);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private static StoredObject object(TableFile file) {
        return new StoredObject() {
            @Override
            public long bytes() {
                return file.bytes();
            }

            @Override
            public byte[] read(long from, int length) throws IOException {
                return file.read(from, length);
            }
        };
    }

    private static StoredObject object(byte[] bytes) {
        return new StoredObject() {
            @Override
            public long bytes() {
                return bytes.length;
            }

            @Override
            public byte[] read(long from, int length) {
                byte[] piece = new byte[length];
                System.arraycopy(bytes, Math.toIntExact(from), piece, 0, length);
                return piece;
            }
        };
    }
}

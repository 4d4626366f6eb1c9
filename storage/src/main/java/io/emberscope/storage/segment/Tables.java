package io.emberscope.storage.segment;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;

/// The tables of a segment: their columns, with the field ids by which a catalog will know them,
/// and how they are encoded. A column once given an id keeps it for ever.
final class Tables {
    /// What the name of a table's file ends with.
    static final String SUFFIX = ".parquet";

    static final String SAMPLES = "samples" + SUFFIX;
    static final String SERIES = "series" + SUFFIX;
    static final String STACKS = "stacks" + SUFFIX;
    static final String FRAMES = "frames" + SUFFIX;
    static final String SYMBOLS = "symbols" + SUFFIX;

    /// Labels that are columns of the samples, in the order of the columns.
    static final List<String> LABEL_COLUMNS =
            List.of("service_name", "namespace", "workload", "pod", "container", "node");

    static final MessageType SAMPLES_SCHEMA =
            new MessageType(
                    "samples",
                    timestamp("ts", 1),
                    int32("dur_ms", 2),
                    text(Repetition.REQUIRED, "profile_type", 3),
                    text(Repetition.OPTIONAL, "service_name", 4),
                    text(Repetition.OPTIONAL, "namespace", 5),
                    text(Repetition.OPTIONAL, "workload", 6),
                    text(Repetition.OPTIONAL, "pod", 7),
                    text(Repetition.OPTIONAL, "container", 8),
                    text(Repetition.OPTIONAL, "node", 9),
                    int64("series_id", 10),
                    int64("stack_id", 11),
                    int64("value", 12),
                    int64("period", 13),
                    segment(14));

    static final MessageType SERIES_SCHEMA =
            new MessageType(
                    "series",
                    int64("series_id", 1),
                    text(Repetition.REQUIRED, "profile_type", 2),
                    map("labels", 3, 4, 5),
                    timestamp("first_ts", 6),
                    timestamp("last_ts", 7),
                    int64("samples", 8),
                    segment(9));

    static final MessageType STACKS_SCHEMA =
            new MessageType("stacks", int64("stack_id", 1), list("frames", 2, 3), segment(4));

    static final MessageType FRAMES_SCHEMA =
            new MessageType(
                    "frames",
                    int64("frame_id", 1),
                    text(Repetition.REQUIRED, "kind", 2),
                    text(Repetition.OPTIONAL, "build_id", 3),
                    text(Repetition.OPTIONAL, "binary", 4),
                    int64("offset", 5),
                    Types.optional(PrimitiveTypeName.INT64).id(6).named("address"),
                    segment(7));

    static final MessageType SYMBOLS_SCHEMA =
            new MessageType(
                    "symbols",
                    int64("frame_id", 1),
                    int32("depth", 2),
                    text(Repetition.REQUIRED, "function", 3),
                    text(Repetition.OPTIONAL, "system_name", 4),
                    text(Repetition.OPTIONAL, "file", 5),
                    int32("line", 6),
                    segment(7));

    /// All tables by their files' names, in the order in which a segment has them.
    static final Map<String, MessageType> ALL = all();

    /// Rows of a page: few enough that a query for one series reads little, many enough that the
    /// page headers do not count.
    static final int PAGE_ROWS = 20_000;

    static final int ROW_GROUP_ROWS = 1_000_000;

    /// Rows of a row group of the other tables, whose dictionaries of texts are in memory.
    static final int SMALL_GROUP_ROWS = 60_000;

    /// Encoded bytes at which a row group ends sooner, since it is in memory until then.
    static final int ROW_GROUP_BYTES = 32 << 20;

    /// Stack ids are hashes, so a dictionary that does not hold all of them costs eight bytes a
    /// row.
    private static final int DICTIONARY_BYTES = 16 << 20;

    private static final int PAGE_BYTES = 4 << 20;
    private static final int STATISTICS_BYTES = 64;

    private Tables() {}

    private static Map<String, MessageType> all() {
        Map<String, MessageType> all = new LinkedHashMap<>();
        all.put(SAMPLES, SAMPLES_SCHEMA);
        all.put(SERIES, SERIES_SCHEMA);
        all.put(STACKS, STACKS_SCHEMA);
        all.put(FRAMES, FRAMES_SCHEMA);
        all.put(SYMBOLS, SYMBOLS_SCHEMA);
        return Collections.unmodifiableMap(all);
    }

    /// Version 2 pages; numbers by difference, texts, the frames of stacks and the named columns by
    /// dictionary.
    static ParquetProperties properties(MessageType schema, String... dictionary) {
        ParquetProperties.Builder builder =
                ParquetProperties.builder()
                        .withWriterVersion(WriterVersion.PARQUET_2_0)
                        .withDictionaryEncoding(false)
                        .withDictionaryPageSize(DICTIONARY_BYTES)
                        .withPageSize(PAGE_BYTES)
                        .withPageRowCountLimit(PAGE_ROWS)
                        .withMinRowCountForPageSizeCheck(PAGE_ROWS)
                        .withMaxRowCountForPageSizeCheck(PAGE_ROWS)
                        .withStatisticsTruncateLength(STATISTICS_BYTES)
                        .withColumnIndexTruncateLength(STATISTICS_BYTES)
                        .withPageWriteChecksumEnabled(true);
        schema.getColumns().stream()
                .filter(
                        c ->
                                c.getPrimitiveType().getPrimitiveTypeName()
                                        == PrimitiveTypeName.BINARY)
                .forEach(c -> builder.withDictionaryEncoding(String.join(".", c.getPath()), true));
        builder.withDictionaryEncoding("frames.list.element", true);
        builder.withDictionaryEncoding("segment", true);
        for (String column : dictionary) {
            builder.withDictionaryEncoding(column, true);
        }
        return builder.build();
    }

    /// The same in all rows of a segment, so that its tables can be joined with each other. Files
    /// that were written before there was such a column do not have it.
    private static Type segment(int id) {
        return Types.optional(PrimitiveTypeName.INT64).id(id).named("segment");
    }

    private static Type int64(String name, int id) {
        return Types.required(PrimitiveTypeName.INT64).id(id).named(name);
    }

    private static Type int32(String name, int id) {
        return Types.required(PrimitiveTypeName.INT32).id(id).named(name);
    }

    private static Type timestamp(String name, int id) {
        return Types.required(PrimitiveTypeName.INT64)
                .as(LogicalTypeAnnotation.timestampType(true, TimeUnit.MICROS))
                .id(id)
                .named(name);
    }

    private static PrimitiveType text(Repetition repetition, String name, int id) {
        return Types.primitive(PrimitiveTypeName.BINARY, repetition)
                .as(LogicalTypeAnnotation.stringType())
                .id(id)
                .named(name);
    }

    private static GroupType list(String name, int id, int elementId) {
        return Types.requiredGroup()
                .as(LogicalTypeAnnotation.listType())
                .addField(Types.repeatedGroup().addField(int64("element", elementId)).named("list"))
                .id(id)
                .named(name);
    }

    private static GroupType map(String name, int id, int keyId, int valueId) {
        return Types.requiredGroup()
                .as(LogicalTypeAnnotation.mapType())
                .addField(
                        Types.repeatedGroup()
                                .addField(text(Repetition.REQUIRED, "key", keyId))
                                .addField(text(Repetition.REQUIRED, "value", valueId))
                                .named("key_value"))
                .id(id)
                .named(name);
    }
}

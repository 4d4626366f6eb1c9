package io.emberscope.storage.segment;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.parquet.schema.MessageType;

/// The tables that every segment has.
public final class SegmentTables {
    private static final Map<String, MessageType> SCHEMAS = new TreeMap<>();

    static {
        for (MessageType schema : Tables.ALL.values()) {
            SCHEMAS.put(schema.getName(), schema);
        }
    }

    private SegmentTables() {}

    /// Their names, in order.
    public static List<String> names() {
        return List.copyOf(SCHEMAS.keySet());
    }

    /// The columns of a table, with their field ids.
    ///
    /// @throws IllegalArgumentException if there is no such table
    public static MessageType schema(String table) {
        MessageType schema = SCHEMAS.get(table);
        if (schema == null) {
            throw new IllegalArgumentException(
                    "table: " + table + " (expected: one of " + SCHEMAS.keySet() + ")");
        }
        return schema;
    }
}

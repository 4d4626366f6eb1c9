package io.emberscope.storage.iceberg;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.MapLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;

/// Writes a table's columns as [Iceberg's JSON](https://iceberg.apache.org/spec/#schemas).
final class IcebergSchema {
    static final int ID = 0;

    private final JsonGenerator json;
    private int idMax;

    private IcebergSchema(JsonGenerator json) {
        this.json = json;
    }

    /// Writes the schema.
    ///
    /// @return the largest field id in it
    static int write(MessageType table, JsonGenerator json) throws IOException {
        IcebergSchema schema = new IcebergSchema(json);
        json.writeStartObject();
        json.writeStringField("type", "struct");
        json.writeNumberField("schema-id", ID);
        json.writeArrayFieldStart("fields");
        for (Type field : table.getFields()) {
            json.writeStartObject();
            json.writeNumberField("id", schema.id(field));
            json.writeStringField("name", field.getName());
            json.writeBooleanField("required", field.isRepetition(Repetition.REQUIRED));
            json.writeFieldName("type");
            schema.type(field);
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
        return schema.idMax;
    }

    private int id(Type field) {
        int id = field.getId().intValue();
        idMax = Math.max(idMax, id);
        return id;
    }

    private void type(Type field) throws IOException {
        switch (field.getLogicalTypeAnnotation()) {
            case MapLogicalTypeAnnotation _ -> map(field.asGroupType());
            case ListLogicalTypeAnnotation _ -> list(field.asGroupType());
            case null, default -> json.writeString(primitive(field));
        }
    }

    private void map(GroupType map) throws IOException {
        GroupType pair = map.getType(0).asGroupType();
        json.writeStartObject();
        json.writeStringField("type", "map");
        json.writeNumberField("key-id", id(pair.getType(0)));
        json.writeStringField("key", primitive(pair.getType(0)));
        json.writeNumberField("value-id", id(pair.getType(1)));
        json.writeStringField("value", primitive(pair.getType(1)));
        json.writeBooleanField("value-required", pair.getType(1).isRepetition(Repetition.REQUIRED));
        json.writeEndObject();
    }

    private void list(GroupType list) throws IOException {
        Type element = list.getType(0).asGroupType().getType(0);
        json.writeStartObject();
        json.writeStringField("type", "list");
        json.writeNumberField("element-id", id(element));
        json.writeStringField("element", primitive(element));
        json.writeBooleanField("element-required", element.isRepetition(Repetition.REQUIRED));
        json.writeEndObject();
    }

    private static String primitive(Type field) {
        LogicalTypeAnnotation meaning = field.getLogicalTypeAnnotation();
        return switch (field.asPrimitiveType().getPrimitiveTypeName()) {
            case INT32 -> "int";
            case INT64 ->
                    meaning instanceof TimestampLogicalTypeAnnotation ? "timestamptz" : "long";
            case BINARY -> meaning instanceof StringLogicalTypeAnnotation ? "string" : "binary";
            default -> throw new IllegalStateException("column: " + field);
        };
    }
}

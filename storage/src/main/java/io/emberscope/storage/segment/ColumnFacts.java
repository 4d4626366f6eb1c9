package io.emberscope.storage.segment;

import org.jspecify.annotations.Nullable;

/// What the footer of a table's file says of a column. Bounds are in the form of Iceberg's [single
/// values](https://iceberg.apache.org/spec/#binary-single-value-serialization): numbers
/// little-endian, texts in UTF-8.
///
/// @param id field id of the column
/// @param bytes on disk
/// @param values how many, null ones included
/// @param nulls how many are null
/// @param lower no value is less; null if that is not known
/// @param upper no value is more; null if that is not known
public record ColumnFacts(
        int id,
        long bytes,
        long values,
        long nulls,
        byte @Nullable [] lower,
        byte @Nullable [] upper) {}

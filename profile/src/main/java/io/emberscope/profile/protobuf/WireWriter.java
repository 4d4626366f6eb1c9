package io.emberscope.profile.protobuf;

import io.emberscope.base.bytes.ByteWriter;
import java.nio.charset.StandardCharsets;

/// Writes one protobuf message, field by field, in the order of the calls.
///
/// Fields with their default value (0, empty) are left out, as proto3 does. An embedded message is
/// what is written between [#begin] and [#end]. Not safe for use by several threads.
public final class WireWriter {
    private final ByteWriter out;

    /// A writer of an empty message.
    public WireWriter() {
        out = new ByteWriter();
    }

    /// An integer field; a negative value takes ten bytes.
    public WireWriter varint(int field, long value) {
        if (value != 0) {
            out.varint(tag(field, WireReader.VARINT)).varint(value);
        }
        return this;
    }

    /// A boolean field.
    public WireWriter bool(int field, boolean value) {
        return varint(field, value ? 1 : 0);
    }

    /// A `fixed64` field.
    public WireWriter fixed64(int field, long value) {
        if (value != 0) {
            out.varint(tag(field, WireReader.FIXED64)).i64(value);
        }
        return this;
    }

    /// A `string` field.
    public WireWriter text(int field, String value) {
        return value.isEmpty() ? this : element(field, value);
    }

    /// One more element of a `repeated string` field; it is written even if it is empty.
    public WireWriter element(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    /// A `bytes` field, written even if it is empty.
    public WireWriter bytes(int field, byte[] value) {
        out.varint(tag(field, WireReader.DELIMITED)).varint(value.length).bytes(value);
        return this;
    }

    /// A packed `repeated` integer field.
    public WireWriter packed(int field, int... values) {
        if (values.length > 0) {
            int start = begin(field);
            for (int value : values) {
                out.varint(value);
            }
            end(start);
        }
        return this;
    }

    /// A packed `repeated` integer field with one element, which may be 0.
    public WireWriter packedOne(int field, long value) {
        int start = begin(field);
        out.varint(value);
        return end(start);
    }

    /// Starts an embedded message; the result is for [#end].
    public int begin(int field) {
        out.varint(tag(field, WireReader.DELIMITED));
        return out.size();
    }

    /// Ends the embedded message that was started last.
    public WireWriter end(int start) {
        out.prefixLengthFrom(start);
        return this;
    }

    /// An embedded message without content.
    public WireWriter emptyMessage(int field) {
        return end(begin(field));
    }

    /// The message.
    public byte[] toBytes() {
        return out.toBytes();
    }

    private static long tag(int field, int wireType) {
        return (long) field << 3 | wireType;
    }
}

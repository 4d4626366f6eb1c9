package io.emberscope.profile;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// Builds the 64-bit content id of a frame, stack or series: the first eight bytes, big-endian, of
/// the SHA-256 of its fields in order. A text is written as its UTF-8 length (four bytes) and its
/// bytes, a number as eight bytes. Equal content has equal ids on every machine and for ever, so
/// tables from anywhere merge without renumbering, and nobody can aim for a collision.
///
/// Not safe for use by several threads; keep one per thread or per task and reuse it.
public final class ContentHash {
    private final MessageDigest digest;
    private byte[] buffer = new byte[512];
    private int length;

    /// A builder with no fields yet.
    public ContentHash() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is in every Java platform", e);
        }
    }

    /// Adds a number.
    public ContentHash add(long value) {
        room(Long.BYTES);
        ByteBuffer.wrap(buffer).putLong(length, value);
        length += Long.BYTES;
        return this;
    }

    /// Adds a text.
    public ContentHash add(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        room(Integer.BYTES + utf8.length);
        ByteBuffer.wrap(buffer).putInt(length, utf8.length);
        System.arraycopy(utf8, 0, buffer, length + Integer.BYTES, utf8.length);
        length += Integer.BYTES + utf8.length;
        return this;
    }

    /// The id of the fields added, after which the builder is empty again.
    public long finish() {
        digest.update(buffer, 0, length);
        length = 0;
        return ByteBuffer.wrap(digest.digest()).getLong();
    }

    private void room(int more) {
        if (buffer.length - length < more) {
            buffer = java.util.Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + more));
        }
    }
}

package io.emberscope.base.bytes;

import java.io.Closeable;
import java.io.IOException;

/// Bytes that can be read at any position: a file, an image in memory. Parsers take one of these
/// and never a path, so that whoever opened it decides how that is done safely.
///
/// The bytes may belong to a stranger and may change or shrink between two reads, so what an
/// earlier read said proves nothing about a later one.
public interface ByteSource extends Closeable {
    /// Bytes there were when it was opened.
    long size();

    /// Reads up to `length` bytes from `position` into `target` from `offset` on, without moving
    /// anything that another reader could notice.
    ///
    /// @return bytes read, at least one unless `length` is zero; -1 at the end or beyond it
    /// @throws IOException if the environment failed
    /// @throws IndexOutOfBoundsException if `position` is negative or the range is not inside
    ///   `target` (our own mistake)
    int read(long position, byte[] target, int offset, int length) throws IOException;

    /// Reads exactly `length` bytes from `position` to the beginning of `target`.
    ///
    /// @param field what they are, for the error
    /// @throws MalformedInputException if it ends before
    /// @throws IOException if the environment failed
    default void fill(long position, byte[] target, int length, String field) throws IOException {
        int filled = 0;
        while (filled < length) {
            int count = read(position + filled, target, filled, length - filled);
            if (count <= 0) {
                throw new MalformedInputException(
                        field
                                + ": the file ended at "
                                + (position + filled)
                                + " (expected: "
                                + size()
                                + " bytes, as when it was opened)");
            }
            filled += count;
        }
    }

    /// Whether it is known to have been written to since it was opened. One that cannot tell says
    /// no.
    ///
    /// @throws IOException if the environment failed
    default boolean hasChanged() throws IOException {
        return false;
    }

    /// Lets go of what it holds. Reading afterwards fails. Closing again does nothing.
    @Override
    void close();
}

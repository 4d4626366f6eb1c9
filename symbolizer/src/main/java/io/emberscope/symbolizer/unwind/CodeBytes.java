package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;

/// Reads code of a binary as it is in its file.
///
/// @param source the file
record CodeBytes(ByteSource source) {
    /// Fills the beginning of a buffer.
    ///
    /// @param offset in the file
    /// @throws MalformedInputException if the file ends before
    void read(long offset, byte[] into, int length) throws IOException {
        int filled = 0;
        while (filled < length) {
            int count = source.read(offset + filled, into, filled, length - filled);
            if (count <= 0) {
                throw new MalformedInputException(
                        "code: the file ended at "
                                + (offset + filled)
                                + " (expected: "
                                + length
                                + " bytes from "
                                + offset
                                + ")");
            }
            filled += count;
        }
    }
}

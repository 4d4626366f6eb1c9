package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;

/// Decompresses sections that are compressed in one way. It decides nothing of limits: it is told
/// to stop by an exception of whoever takes the bytes.
public interface Decompressor {
    /// Takes what was decompressed.
    interface Output {
        /// Takes bytes.
        ///
        /// @throws IOException if they cannot be kept or are too many
        void write(byte[] bytes, int offset, int length) throws IOException;
    }

    /// Decompresses a range of the source, with memory that does not depend on its length.
    ///
    /// @param name of the section, for errors
    /// @throws io.emberscope.base.bytes.MalformedInputException if it is not what was compressed
    void decompress(ByteSource source, long offset, long length, String name, Output output)
            throws IOException;
}

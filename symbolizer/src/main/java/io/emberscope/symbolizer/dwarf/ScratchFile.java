package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;

/// A file for what does not fit into memory, written first and then read. Closing it deletes it.
/// Reading is safe for use by several threads, writing is not.
public interface ScratchFile extends ByteSource {
    /// Makes scratch files.
    interface Factory {
        /// Makes one, without bytes.
        ///
        /// @throws IOException if there is no room or no right
        ScratchFile create() throws IOException;
    }

    /// Puts bytes at its end.
    void append(byte[] bytes, int offset, int length) throws IOException;
}

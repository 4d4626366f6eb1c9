package io.emberscope.symbolizer.unwind;

import java.io.IOException;

/// Something in a binary that says how its functions are unwound.
interface FrameSource {
    /// Tells of every function that it describes.
    void index(FunctionIndex functions) throws IOException;

    /// The rows of one function, by address, each holding up to the next.
    ///
    /// @param position as it was told of
    void rows(long position, Rules rules, RowSink sink) throws IOException;

    /// Takes rows.
    interface RowSink {
        /// The rule from an address on.
        ///
        /// @param address not below that of the row before
        void row(long address, int rule) throws IOException;
    }
}

package io.emberscope.symbolizer;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;

/// Opens a binary when its bytes are needed, in whatever way is safe for its owner.
@FunctionalInterface
public interface SourceOpener {
    /// Opens it. The caller closes what it gets.
    ///
    /// @throws IOException if it cannot be opened now; perhaps later, perhaps by another way
    ByteSource open() throws IOException;
}

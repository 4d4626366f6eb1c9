package io.emberscope.symbolizer;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;

/// Opens a binary when its bytes are needed, in whatever way is safe for its owner.
@FunctionalInterface
public interface SourceOpener {
    /// An open binary.
    ///
    /// @param source its bytes
    /// @param isTrusted whether it may speak for every binary that has the same build id, also
    ///   after a restart: a build id is easily copied
    record Opened(ByteSource source, boolean isTrusted) {}

    /// Opens it. The caller closes what it gets.
    ///
    /// @throws IOException if it cannot be opened now; perhaps later, perhaps by another way
    Opened open() throws IOException;
}

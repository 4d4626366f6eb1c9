package io.emberscope.server.symbols;

import java.io.IOException;

/// Whether a query goes on: its client may have left, its time may be over.
public interface QueryEnd {
    /// Goes on, or throws.
    void check() throws IOException;
}

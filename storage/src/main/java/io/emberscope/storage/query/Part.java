package io.emberscope.storage.query;

import java.io.IOException;

/// A piece of the work on one question. Pieces are read by several threads at once, and what was
/// read is added up by the query's own thread, in the order of the pieces, so that an answer does
/// not depend on which thread was faster.
public interface Part {
    /// Reads what the piece needs. Called once, by any thread.
    void read() throws IOException;

    /// Adds what was read to the answer. Called once, by the query's thread, after [#read].
    void add() throws IOException;

    /// A piece that needs no reading.
    static Part of(Adding adding) {
        return new Part() {
            @Override
            public void read() {
                // nothing to read
            }

            @Override
            public void add() throws IOException {
                adding.add();
            }
        };
    }

    /// What adds up without reading.
    @FunctionalInterface
    interface Adding {
        /// Adds to the answer.
        void add() throws IOException;
    }
}

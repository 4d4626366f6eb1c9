package io.emberscope.collector.naming;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.collector.process.Binary;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Opens the files in which profiled processes tell names of code that they made at run time. May
/// never return, so it is called on a thread that can be spared.
public interface JitFiles {
    /// An open file and what tells it from others.
    ///
    /// @param source its bytes
    /// @param device it is on
    /// @param inode its number there
    record OpenFile(ByteSource source, long device, long inode) {}

    /// Takes note of which process it is, so that no other is taken for it later.
    ///
    /// @param generated code of the process
    /// @throws IOException if it is gone, or nothing of it is to be read
    OfProcess of(Binary generated) throws IOException;

    /// The files of one process. Each is opened anew at each call.
    interface OfProcess {
        /// The perf map file, `/tmp/perf-PID.map`; null if there is none.
        ///
        /// @throws StaleFileException if it is of an earlier process with the same id
        /// @throws IOException if there is one that is not to be read
        @Nullable OpenFile perfMap() throws IOException;

        /// The jitdump file that it has mapped; null if it has none.
        ///
        /// @throws IOException if there is one that is not to be read
        @Nullable OpenFile jitDump() throws IOException;
    }

    /// A perf map file was written last before its process began.
    final class StaleFileException extends IOException {
        private static final long serialVersionUID = 1L;

        StaleFileException(String message) {
            super(message);
        }
    }
}

package io.emberscope.collector.unwind;

import io.emberscope.collector.process.Binary;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the unwind table of a binary, on another thread.
public interface TableLoader extends AutoCloseable {
    /// What became of a request.
    ///
    /// @param binary whose table was asked for
    /// @param buildId of the file that was read, in hexadecimal digits; empty if it has none, or if
    ///   it is not root's, as anybody can write a file with any build id
    /// @param blocks the table; empty if there is none or it cannot be had
    /// @param isFailed whether it cannot be had now, but perhaps later
    /// @param isGone whether that is because no process was left through which to open the file
    record Loaded(
            Binary binary, String buildId, List<int[]> blocks, boolean isFailed, boolean isGone) {
        Loaded(Binary binary, String buildId, List<int[]> blocks, boolean isFailed) {
            this(binary, buildId, blocks, isFailed, false);
        }

        static Loaded gone(Binary binary) {
            return new Loaded(binary, "", List.of(), true, true);
        }

        /// Where the code of a block begins in the file.
        static long start(int[] block) {
            return (block[0] & 0xffff_ffffL) << PAGE_SHIFT;
        }

        /// Where it ends.
        static long end(int[] block) {
            return start(block) + ((long) block[1] << PAGE_SHIFT);
        }

        private static final int PAGE_SHIFT = 10;
    }

    /// Asks for a table.
    ///
    /// @return false if it will not be made, for too many are asked for
    boolean request(Binary binary);

    /// The next table that is there, or null.
    @Nullable Loaded poll();

    @Override
    void close();
}

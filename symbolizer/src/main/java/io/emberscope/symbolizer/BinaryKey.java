package io.emberscope.symbolizer;

import java.util.regex.Pattern;

/// What a binary is known by. Equal keys mean equal bytes.
public sealed interface BinaryKey {
    /// A GNU build id. Whether a file has it is checked before a name is taken from that file.
    ///
    /// @param hex lower case
    record BuildId(String hex) implements BinaryKey {
        private static final Pattern LEGAL = Pattern.compile("([0-9a-f]{2}){1,64}");

        public BuildId {
            if (!LEGAL.matcher(hex).matches()) {
                throw new IllegalArgumentException("build id: (expected: " + LEGAL + ')');
            }
        }
    }

    /// A file without a build id, as `fstat` describes it. Whoever opens it vouches that it is that
    /// file.
    ///
    /// @param device it is on
    /// @param inode its number there
    /// @param changedNanos when it was last changed; numbers of deleted files are used again
    /// @param size bytes
    record FileIdentity(long device, long inode, long changedNanos, long size)
            implements BinaryKey {}
}

package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Finds the files that compilers with `-gsplit-dwarf` put debug information into. What they say of
/// where such a file is, is a stranger's word: whoever opens paths decides which.
public interface SplitFiles {
    /// There are none.
    SplitFiles NONE = (id, name, directory) -> null;

    /// Opens the `.dwo` file of a unit. It is closed by whoever reads the debug information.
    ///
    /// @param id that the file has too
    /// @param name of the file, perhaps a path
    /// @param directory that a relative path begins in; empty if unknown
    /// @return null if there is none
    /// @throws IOException if there is one that cannot be read; the unit is counted as missing
    @Nullable ByteSource open(long id, String name, String directory) throws IOException;
}

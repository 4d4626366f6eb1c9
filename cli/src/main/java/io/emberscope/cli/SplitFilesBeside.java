package io.emberscope.cli;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.symbolizer.debugfiles.DebugFiles;
import io.emberscope.symbolizer.dwarf.SplitFiles;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Finds `.dwo` files of a binary that was built here: where its compiler put them, or beside it.
final class SplitFilesBeside implements SplitFiles {
    private final Path binary;
    private final DebugFiles.Opener opener;

    SplitFilesBeside(Path binary, DebugFiles.Opener opener) {
        this.binary = binary;
        this.opener = opener;
    }

    @Override
    public @Nullable ByteSource open(long id, String name, String directory) throws IOException {
        try {
            Path told = Path.of(directory).resolve(name);
            ByteSource found = told.isAbsolute() ? opener.open(told) : null;
            return found != null
                    ? found
                    : opener.open(binary.resolveSibling(String.valueOf(told.getFileName())));
        } catch (InvalidPathException e) {
            throw new IOException("name of a split file: " + e.getReason(), e);
        }
    }
}

package io.emberscope.symbolizer.kernel;

import java.io.IOException;
import java.io.InputStream;

/// Another way to the kernel's symbols, where `/proc/kallsyms` hides their addresses.
@FunctionalInterface
public interface SymbolText {
    /// Opens text of the same form, to be read once.
    ///
    /// @throws IOException if there is none; the message says why
    InputStream open() throws IOException;
}

/// Symbol tables that stripped binaries carry compressed.
@NullMarked
package io.emberscope.symbolizer.minidebug;

import org.jspecify.annotations.NullMarked;

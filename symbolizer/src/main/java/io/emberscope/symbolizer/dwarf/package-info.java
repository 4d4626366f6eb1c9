/// Reads DWARF 2 to 5, the debug information of compiled programs, and tells which function,
/// inlined into which, at which line each instruction belongs to.
@NullMarked
package io.emberscope.symbolizer.dwarf;

import org.jspecify.annotations.NullMarked;

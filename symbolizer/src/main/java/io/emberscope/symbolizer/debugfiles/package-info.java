/// Where the debug information of a binary is, if not in the binary: what the binary says of it,
/// and which files are looked at.
@NullMarked
package io.emberscope.symbolizer.debugfiles;

import org.jspecify.annotations.NullMarked;

/// What programs written in Go know of their own code.
@NullMarked
package io.emberscope.symbolizer.go;

import org.jspecify.annotations.NullMarked;

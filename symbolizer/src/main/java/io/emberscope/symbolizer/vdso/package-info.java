/// Names for places in the code that the kernel maps into every process.
@NullMarked
package io.emberscope.symbolizer.vdso;

import org.jspecify.annotations.NullMarked;

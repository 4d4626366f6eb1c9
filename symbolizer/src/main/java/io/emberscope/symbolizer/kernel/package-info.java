/// Names for places in the running kernel, its modules and its BPF programs.
@NullMarked
package io.emberscope.symbolizer.kernel;

import org.jspecify.annotations.NullMarked;

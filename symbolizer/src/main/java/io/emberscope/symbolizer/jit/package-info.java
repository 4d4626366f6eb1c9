/// Names of code that programs make while they run, as their run times tell them: the perf map
/// files and jitdump files of Linux's perf.
@NullMarked
package io.emberscope.symbolizer.jit;

import org.jspecify.annotations.NullMarked;

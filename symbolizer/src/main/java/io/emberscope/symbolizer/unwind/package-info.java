/// From an instruction to the frame of the function that called: tables made from `.eh_frame`,
/// `.debug_frame` and Go's own, in the form the sampler walks stacks by. [UnwindTable] is the door.
@NullMarked
package io.emberscope.symbolizer.unwind;

import org.jspecify.annotations.NullMarked;

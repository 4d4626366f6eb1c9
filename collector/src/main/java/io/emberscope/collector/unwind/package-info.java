/// Keeps the kernel supplied with what it walks user stacks by: unwind tables of the binaries that
/// are on stacks, and the mappings of the processes that are sampled. [Unwinding] is the door.
@NullMarked
package io.emberscope.collector.unwind;

import org.jspecify.annotations.NullMarked;

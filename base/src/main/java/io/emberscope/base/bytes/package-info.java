/// Bounded readers for bytes that strangers wrote: nothing here trusts a length, an offset or a
/// count.
@NullMarked
package io.emberscope.base.bytes;

import org.jspecify.annotations.NullMarked;

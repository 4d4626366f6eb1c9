/// Threads for reads that may never return.
@NullMarked
package io.emberscope.collector.reader;

import org.jspecify.annotations.NullMarked;

/// Programs whose true stacks are known, and the judge of stacks that were found for them.
@NullMarked
package io.emberscope.collector.chains;

import org.jspecify.annotations.NullMarked;

/// What is sampled, and how much of it: as the operator wishes, within what the agent may cost.
@NullMarked
package io.emberscope.collector.sampling;

import org.jspecify.annotations.NullMarked;

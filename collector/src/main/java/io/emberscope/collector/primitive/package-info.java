/// Hash tables whose keys are plain numbers, so that the way of a sample makes no garbage.
@NullMarked
package io.emberscope.collector.primitive;

import org.jspecify.annotations.NullMarked;

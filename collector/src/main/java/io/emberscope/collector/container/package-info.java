/// The container and the pod that a control group belongs to, read off its path.
@NullMarked
package io.emberscope.collector.container;

import org.jspecify.annotations.NullMarked;

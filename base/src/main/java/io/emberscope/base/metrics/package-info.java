/// Counters and gauges of one process, written in the Prometheus text format.
@NullMarked
package io.emberscope.base.metrics;

import org.jspecify.annotations.NullMarked;

/// What every module may use and what knows none of them: seams to the outside world and the
/// exceptions that say whose fault a failure is.
///
/// - [io.emberscope.base.disk]: files, behind an interface that tests can make fail
/// - [io.emberscope.base.bytes]: bounded readers for bytes that strangers wrote
/// - [io.emberscope.base.metrics]: counters and gauges, written as Prometheus text
@NullMarked
package io.emberscope.base;

import org.jspecify.annotations.NullMarked;

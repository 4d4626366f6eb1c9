/// Sums of CPU time by series and stack, in windows of ten seconds.
///
/// [io.emberscope.collector.aggregate.Windows] takes samples; a full or finished
/// [io.emberscope.collector.aggregate.Window] is handed on and no longer changes.
@NullMarked
package io.emberscope.collector.aggregate;

import org.jspecify.annotations.NullMarked;

/// Who was running and what was mapped where, at the time of each sample.
///
/// - [io.emberscope.collector.process.Timeline] puts samples and side-band events in order of time
/// - [io.emberscope.collector.process.ProcessTable] is what the events tell
/// - [io.emberscope.collector.process.ProcFiles] reads the same from `/proc`, at start and after
///   lost events
@NullMarked
package io.emberscope.collector.process;

import org.jspecify.annotations.NullMarked;

/// The agent of one node: it turns the kernel's samples into profiles and sends them.
///
/// - [io.emberscope.collector.process]: who was running, and what was mapped where
/// - [io.emberscope.collector.container]: the container and pod of a control group
/// - [io.emberscope.collector.aggregate]: sums by series and stack in windows of ten seconds
/// - [io.emberscope.collector.export]: names, encoding, spool and sending
/// - [io.emberscope.collector.doctor]: what this kernel and these privileges allow
@NullMarked
package io.emberscope.collector;

import org.jspecify.annotations.NullMarked;

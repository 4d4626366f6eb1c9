/// The way of a finished window to the server: spooled on disk, then sent, and gone from the disk
/// only once the server has it.
///
/// - [io.emberscope.collector.export.Spool]: batches on disk, oldest first, bounded
/// - [io.emberscope.collector.export.Delivery]: sends them in order, again and again
/// - [io.emberscope.collector.export.HttpSender]: one attempt over HTTP
@NullMarked
package io.emberscope.collector.export;

import org.jspecify.annotations.NullMarked;

/// Names for the frames of a window, and the batch that is made of it.
///
/// Everything that reads files of profiled processes happens on the thread of
/// [io.emberscope.collector.naming.FileReader], which can be abandoned if a file never answers.
@NullMarked
package io.emberscope.collector.naming;

import org.jspecify.annotations.NullMarked;

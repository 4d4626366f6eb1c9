/// The query tool: asks a running server over HTTP and shows the answer in a terminal or saves it.
///
/// [io.emberscope.cli.QueryMain] is where it starts and the only place that touches files.
@NullMarked
package io.emberscope.cli;

import org.jspecify.annotations.NullMarked;

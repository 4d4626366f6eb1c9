/// Benchmarks, each named after the question it answers, over profiles that were recorded on a real
/// machine. `./emberscope bench` runs them.
@NullMarked
package io.emberscope.jmh;

import org.jspecify.annotations.NullMarked;

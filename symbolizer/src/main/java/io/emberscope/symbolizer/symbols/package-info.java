/// What is known of a binary's code, in a file of our own: see `docs/formats/symbols.md`.
@NullMarked
package io.emberscope.symbolizer.symbols;

import org.jspecify.annotations.NullMarked;

/// A reader of ELF files that streams: it keeps what a lookup needs and never the file.
@NullMarked
package io.emberscope.symbolizer.elf;

import org.jspecify.annotations.NullMarked;

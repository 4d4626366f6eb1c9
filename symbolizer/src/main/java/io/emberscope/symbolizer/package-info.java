/// Names for places in code. Everything it reads was written by strangers, so all parsing is
/// bounded and in memory-safe Java, and a file that breaks a rule gives no names instead of wrong
/// ones.
///
/// - [io.emberscope.symbolizer.elf]: binaries: header, segments, build id, functions
/// - [io.emberscope.symbolizer.kernel]: the running kernel, its modules and BPF programs
/// - [io.emberscope.symbolizer.vdso]: the code the kernel maps into every process
/// - [io.emberscope.symbolizer.debugfiles.DebugFiles]: where the debug information of a binary is
/// - [io.emberscope.symbolizer.demangle.Demangler]: what mangled names of C++ and Rust stand for
/// - [io.emberscope.symbolizer.SymbolCache]: the door for binaries, by symbol files on disk
@NullMarked
package io.emberscope.symbolizer;

import org.jspecify.annotations.NullMarked;

/// Names as their programmers wrote them, from what compilers of C++ and Rust make of them. The
/// door is [io.emberscope.symbolizer.demangle.Demangler].
///
/// C++ is the Itanium ABI's mangling with what GCC and Clang add to it: [ItaniumNames] parses a
/// name into a tree of [Node]s, which write themselves into a [Text]. Rust's names are written
/// while they are parsed: [RustV0] and [RustLegacy].
///
/// A name may come from a hostile file. Depth, work and output are bounded by [Text]; whoever meets
/// what is no mangled name throws [Refused], and the door gives the name back as it was.
@NullMarked
package io.emberscope.symbolizer.demangle;

import org.jspecify.annotations.NullMarked;

package io.emberscope.symbolizer;

import org.jspecify.annotations.Nullable;

/// What is known of a place in a binary.
///
/// @param name of the function, as the linker knows it; null if it is not known. It is text from a
///   stranger, though without control characters
/// @param address that the binary itself gives the place (ELF virtual address);
///   [io.emberscope.symbolizer.elf.ElfFile#NOWHERE] if it is not known
public record NamedPlace(@Nullable String name, long address) {}

package io.emberscope.symbolizer.jit;

/// What is known of an instruction of generated code.
///
/// @param function the name that the run time gave it: a stranger's, though legible
/// @param file path of the source; empty if unknown
/// @param line from 1; 0 if unknown
public record JitFrame(String function, String file, int line) {}

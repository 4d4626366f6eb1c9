package io.emberscope.symbolizer.symbols;

import java.io.IOException;

/// Takes what is known of a binary's code: which function, inlined into which, at which line each
/// instruction belongs to. Whoever reads debug information tells it, unit by unit and in any order
/// of addresses; [SymbolFileWriter] makes a file of it.
///
/// Texts and nodes are known by the numbers that they were given, which grow from 0. Addresses are
/// those of the binary itself (ELF virtual addresses), unsigned.
///
/// A method throws [SymbolsTooLargeException] if there is more than fits the limits, and another
/// [IOException] if what was told cannot be kept.
public interface CodeSink {
    /// No text, no node.
    int NONE = -1;

    /// Notes a text: a function's raw name or the path of a source file. The same text has the same
    /// number. It is a stranger's, and is taken as it is, but for its length.
    ///
    /// @param bytes UTF-8, as far as anybody knows
    int text(byte[] bytes, int offset, int length) throws IOException;

    /// Notes a function of a unit, or one that was inlined there.
    ///
    /// @param parent the node it was inlined into; [#NONE] for a function that is called
    /// @param function text of its raw (linkage) name; [#NONE] if it has none
    /// @param callFile text: where in the parent it was inlined; [#NONE] if unknown or no parent
    /// @param callLine line there, from 1; 0 if unknown or no parent
    int node(int parent, int function, int callFile, int callLine) throws IOException;

    /// Says what the code from `start` to before `end` belongs to. What one unit says does not
    /// overlap. Where two units say something of one byte, the one that came first is right.
    ///
    /// @param node innermost function; [#NONE] if only a line is known
    /// @param file text: source file; [#NONE] if unknown
    /// @param line from 1; 0 if unknown
    void row(long start, long end, int node, int file, int line) throws IOException;

    /// Says that the rows of a unit were told.
    void endUnit() throws IOException;
}

package io.emberscope.symbolizer.symbols;

/// Where a tree of blocks begins.
///
/// @param count things in all blocks of the lowest level
/// @param position of the block that leads to all others
/// @param length of that block
/// @param height blocks on the way from it to one of the lowest level
record Root(long count, long position, int length, int height) {
    static final Root EMPTY = new Root(0, 0, 0, 0);
}

package io.emberscope.symbolizer.symbols;

import java.io.IOException;

/// Takes ranges of addresses, by their first and last byte, with what is known of them.
interface RangeVisitor {
    void range(long start, long last, int node, int text, int line) throws IOException;
}

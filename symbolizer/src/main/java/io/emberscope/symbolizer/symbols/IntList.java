package io.emberscope.symbolizer.symbols;

import java.util.Arrays;

/// Numbers that grow in number without being copied, so that there is never need for twice their
/// memory.
final class IntList {
    private static final int CHUNK_BITS = 12;
    private static final int CHUNK = 1 << CHUNK_BITS;

    private int[][] chunks = new int[4][];
    private int size;

    int size() {
        return size;
    }

    int get(int index) {
        return chunks[index >>> CHUNK_BITS][index & (CHUNK - 1)];
    }

    void set(int index, int value) {
        chunks[index >>> CHUNK_BITS][index & (CHUNK - 1)] = value;
    }

    void add(int value) {
        int chunk = size >>> CHUNK_BITS;
        if ((size & (CHUNK - 1)) == 0) {
            if (chunk == chunks.length) {
                chunks = Arrays.copyOf(chunks, 2 * chunk);
            }
            chunks[chunk] = new int[CHUNK];
        }
        chunks[chunk][size++ & (CHUNK - 1)] = value;
    }
}

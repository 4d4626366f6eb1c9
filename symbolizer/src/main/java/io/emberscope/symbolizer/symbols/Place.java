package io.emberscope.symbolizer.symbols;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a place in code belongs to: functions and lines, innermost first. To be used again and
/// again, by one thread.
public final class Place {
    private static final int DEPTH_USUAL = 8;

    private @Nullable String[] functions = new @Nullable String[DEPTH_USUAL];
    private @Nullable String[] files = new @Nullable String[DEPTH_USUAL];
    private int[] lines = new int[DEPTH_USUAL];
    private int depth;

    /// How many functions there are, of which each but the last is inlined into the next; 0 if
    /// nothing is known of the place.
    public int depth() {
        return depth;
    }

    /// The raw (linkage) name of a function; null if it is not known. It is text from a stranger,
    /// though without control characters.
    ///
    /// @param index from 0, which is the innermost
    public @Nullable String function(int index) {
        return functions[Objects.checkIndex(index, depth)];
    }

    /// The source file of the place in function 0, or of the call in another; null if it is not
    /// known.
    public @Nullable String file(int index) {
        return files[Objects.checkIndex(index, depth)];
    }

    /// The line in that file, from 1; 0 if it is not known.
    public int line(int index) {
        return lines[Objects.checkIndex(index, depth)];
    }

    void clear() {
        depth = 0;
    }

    void add(@Nullable String function, @Nullable String file, int line) {
        if (depth == lines.length) {
            functions = Arrays.copyOf(functions, 2 * depth);
            files = Arrays.copyOf(files, 2 * depth);
            lines = Arrays.copyOf(lines, 2 * depth);
        }
        functions[depth] = function;
        files[depth] = file;
        lines[depth] = line;
        depth++;
    }
}

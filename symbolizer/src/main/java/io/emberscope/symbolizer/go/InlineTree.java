package io.emberscope.symbolizer.go;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;

/// The functions inlined into one function, by their numbers: the one entered last. How many there
/// are is not told, so whoever asks for one that is not there gets what comes behind; what cannot
/// be an entry is refused.
final class InlineTree {
    private static final int ENTRY_BYTES_1_18 = 20;
    private static final int ENTRY_BYTES_1_20 = 16;

    private final SectionView data;
    private final SectionView names;
    private final boolean isOld;
    private long start;
    private long codeBytes;
    private long name;
    private long callAt;

    /// @param data that places of trees are counted in
    /// @param names of functions
    InlineTree(SectionView data, SectionView names, GoTable.Version version) {
        this.data = data;
        this.names = names;
        this.isOld = version == GoTable.Version.GO_1_18;
    }

    /// Begins with a function.
    ///
    /// @param treeAt where its tree is
    /// @param ofCode bytes of the function
    void enter(long treeAt, long ofCode) {
        start = treeAt;
        codeBytes = ofCode;
    }

    /// Reads an entry.
    void read(int number) throws IOException {
        long at = start + (long) number * (isOld ? ENTRY_BYTES_1_18 : ENTRY_BYTES_1_20);
        data.check(at, isOld ? ENTRY_BYTES_1_18 : ENTRY_BYTES_1_20);
        // In the old form a number of the parent is before, and file and line are between.
        boolean isPadded =
                isOld
                        ? data.unsigned(at + 3, 1) == 0
                        : data.unsigned(at + 1, 1) == 0 && data.unsigned(at + 2, 2) == 0;
        name = data.unsigned(at + (isOld ? 12 : 4), Integer.BYTES);
        callAt = data.unsigned(at + (isOld ? 16 : 8), Integer.BYTES);
        boolean isName =
                names.holds(name, 1)
                        && (name == 0 || names.unsigned(name - 1, 1) == 0)
                        && names.unsigned(name, 1) != 0;
        if (!isPadded || callAt >= codeBytes || !isName) {
            throw new MalformedInputException(
                    "go inline tree: entry "
                            + number
                            + " at "
                            + at
                            + " (expected: the name of a function, called within "
                            + codeBytes
                            + " bytes)");
        }
    }

    /// Where its name is.
    long name() {
        return name;
    }

    /// The place of an instruction of where it was called, in bytes from the start of the function.
    long callAt() {
        return callAt;
    }
}

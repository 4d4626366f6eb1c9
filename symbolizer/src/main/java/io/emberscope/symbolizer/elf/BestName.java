package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;
import java.util.Arrays;

/// Chooses which of several names an address is known by: the shortest, then the first in the order
/// of bytes.
final class BestName {
    /// Names read for one table; of those beyond, the first in the file is chosen. Real binaries
    /// need one for each tenth function, hostile ones would have us read for minutes.
    static final int NAMES_READ_MAX = 64 * 1024;

    private final FunctionNames names;
    private final ByteSource source;
    private byte[] best = new byte[FunctionNames.NAME_BYTES_MAX];
    private byte[] other = new byte[FunctionNames.NAME_BYTES_MAX];
    private int bestLength;
    private boolean isRead;
    private int reference;
    private int left;

    /// @param namesReadMax at most [#NAMES_READ_MAX]; 0 where it does not matter which name is
    ///   chosen
    BestName(FunctionNames names, ByteSource source, int namesReadMax) {
        this.left = namesReadMax;
        this.names = names;
        this.source = source;
    }

    /// Begins with the first name of an address.
    void first(int of) {
        reference = of;
        isRead = false;
    }

    /// Takes another name of the same address.
    void next(int of) throws IOException {
        if (left <= 0 || of == reference) {
            return;
        }
        if (!isRead) {
            bestLength = names.read(reference, source, best);
            isRead = true;
            left--;
        }
        int length = names.read(of, source, other);
        left--;
        if (isBetter(length)) {
            byte[] worse = best;
            best = other;
            other = worse;
            bestLength = length;
            reference = of;
        }
    }

    private boolean isBetter(int length) {
        if (length == 0 || bestLength == 0) {
            return length != 0; // any name is better than none
        }
        if (length != bestLength) {
            return length < bestLength;
        }
        int compared = Math.min(length, best.length);
        return Arrays.compareUnsigned(other, 0, compared, best, 0, compared) < 0;
    }

    /// The name chosen.
    int reference() {
        return reference;
    }
}

package io.emberscope.symbolizer.jit;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.symbolizer.elf.LegibleText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// Reads a perf map file, `/tmp/perf-PID.map`, as it grows: lines of `START SIZE name`, numbers in
/// hex. It says nothing of time, so that what comes later is right from the beginning. Lines that
/// are no such are passed over and counted; a line that is not finished is read when it is.
public final class PerfMapReader {
    /// Read by one call.
    private static final int BYTES_AT_ONCE_MAX = 16 << 20;

    private static final int PIECE_BYTES = 64 * 1024;

    /// A longer name is cut, a line so long is none.
    private static final int NAME_BYTES_MAX = 1024;

    private static final int NUMBER_DIGITS_MAX = 16;

    private final JitCode code;
    private long position;
    private long passedOver;
    private boolean isInLongLine;

    /// @param code of the process
    public PerfMapReader(JitCode code) {
        this.code = code;
    }

    /// Lines that were passed over.
    public long passedOver() {
        return passedOver;
    }

    /// Reads on from where it stopped. A file that has become shorter is another one, and begins
    /// anew.
    ///
    /// @return whether there may be more to read at once
    /// @throws IOException if it cannot be read; then it goes on there the next time
    public boolean read(ByteSource file) throws IOException {
        if (file.size() < position) {
            position = 0;
            isInLongLine = false;
            code.clear();
        }
        byte[] piece = new byte[PIECE_BYTES];
        long end = Math.min(file.size(), position + BYTES_AT_ONCE_MAX);
        while (position < end) {
            int count = file.read(position, piece, 0, (int) Math.min(piece.length, end - position));
            if (count <= 0) {
                return false;
            }
            int done = lines(piece, count);
            if (done == 0 && count < piece.length) {
                return position + count < file.size();
            }
            if (done == 0) { // no end of a line in all of it
                passedOver += isInLongLine ? 0 : 1;
                isInLongLine = true;
                done = count;
            }
            position += done;
        }
        return position < file.size();
    }

    /// Takes the lines that are whole.
    ///
    /// @return bytes taken
    private int lines(byte[] piece, int count) {
        int start = 0;
        for (int i = 0; i < count; i++) {
            if (piece[i] == '\n') {
                if (isInLongLine) {
                    isInLongLine = false;
                } else if (i > start && !line(piece, start, i)) {
                    passedOver++;
                }
                start = i + 1;
            }
        }
        return start;
    }

    private boolean line(byte[] piece, int from, int end) {
        int numberEnd = wordEnd(piece, from, end);
        int second = numberEnd + 1;
        if (second >= end || !isNumber(piece, from, numberEnd)) {
            return false;
        }
        int secondEnd = wordEnd(piece, second, end);
        int name = secondEnd + 1;
        if (name >= end || !isNumber(piece, second, secondEnd)) {
            return false;
        }
        int nameEnd = piece[end - 1] == '\r' ? end - 1 : end;
        int length = Math.min(nameEnd - name, NAME_BYTES_MAX);
        if (length <= 0) {
            return false;
        }
        long start = number(piece, from, numberEnd);
        long size = number(piece, second, secondEnd);
        if (code.keeps(start, size)) {
            String text = new String(piece, name, length, StandardCharsets.UTF_8);
            String whole = LegibleText.of(text) + (length < nameEnd - name ? "…" : "");
            code.add(new JitFunction(start, 0, 0, whole, JitFunction.Lines.NONE), size);
        }
        return true;
    }

    private static int wordEnd(byte[] piece, int from, int end) {
        int at = from;
        while (at < end && piece[at] != ' ') {
            at++;
        }
        return at;
    }

    /// Some write `0x` before.
    private static int digitsFrom(byte[] piece, int from, int end) {
        return end - from > 2 && piece[from] == '0' && (piece[from + 1] | 0x20) == 'x'
                ? from + 2
                : from;
    }

    private static boolean isNumber(byte[] piece, int from, int end) {
        int first = digitsFrom(piece, from, end);
        if (end == first || end - first > NUMBER_DIGITS_MAX) {
            return false;
        }
        for (int i = first; i < end; i++) {
            if (Character.digit(piece[i], 16) < 0) {
                return false;
            }
        }
        return true;
    }

    private static long number(byte[] piece, int from, int end) {
        long value = 0;
        for (int i = digitsFrom(piece, from, end); i < end; i++) {
            value = (value << 4) | Character.digit(piece[i], 16);
        }
        return value;
    }
}

package io.emberscope.symbolizer.kernel;

import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.io.InputStream;

/// Reads text by lines and words without making a string of either. The kernel's symbols have a
/// hundred thousand lines and more.
final class LineReader {
    static final int LINE_BYTES_MAX = 4096;

    private final InputStream in;
    private final String field;
    private final int linesMax;
    private final byte[] buffer;
    private int filled;
    private int next;
    private int lineEnd;
    private int position;
    private int lines;
    private boolean ended;

    /// @param field what the text is, for errors
    /// @param bufferBytes asked for at once, at least twice [#LINE_BYTES_MAX]
    LineReader(InputStream in, String field, int linesMax, int bufferBytes) {
        this.in = in;
        this.field = field;
        this.linesMax = linesMax;
        this.buffer = new byte[bufferBytes];
    }

    /// Goes to the next line; false at the end. The last line need not end in a line feed.
    boolean nextLine() throws IOException {
        int searched = next;
        while (true) {
            int end = indexOf((byte) '\n', searched, filled);
            if (end >= 0) {
                return line(end, end + 1);
            }
            if (filled - next > LINE_BYTES_MAX) {
                throw malformed("a line", "at most " + LINE_BYTES_MAX + " bytes");
            }
            if (ended) {
                return next < filled && line(filled, filled);
            }
            searched = fill();
        }
    }

    private boolean line(int end, int following) throws IOException {
        if (++lines > linesMax) {
            throw malformed("a line", "at most " + linesMax + " lines");
        }
        if (end - next > LINE_BYTES_MAX) {
            throw malformed("a line", "at most " + LINE_BYTES_MAX + " bytes");
        }
        position = next;
        lineEnd = end;
        next = following;
        return true;
    }

    private int fill() throws IOException {
        System.arraycopy(buffer, next, buffer, 0, filled - next);
        filled -= next;
        next = 0;
        int searched = filled;
        int count = in.read(buffer, filled, buffer.length - filled);
        ended = count < 0;
        filled += Math.max(0, count);
        return searched;
    }

    /// Goes to the next word of the line: what is between blanks.
    ///
    /// @return its length; 0 at the end of the line
    int nextWord() {
        while (position < lineEnd && isBlank(buffer[position])) {
            position++;
        }
        int start = position;
        while (position < lineEnd && !isBlank(buffer[position])) {
            position++;
        }
        return position - start;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    /// The bytes that words are in; those of a word of length n begin at [#wordStart(int)].
    byte[] bytes() {
        return buffer;
    }

    int wordStart(int length) {
        return position - length;
    }

    /// The next word as a number in hexadecimal, unsigned.
    long hex(String name) throws MalformedInputException {
        int length = nextWord();
        int start = wordStart(length);
        if (length > 2 && buffer[start] == '0' && buffer[start + 1] == 'x') {
            start += 2;
        }
        int digits = position - start;
        if (digits < 1 || digits > 16) {
            throw malformed(name, "1..16 hexadecimal digits");
        }
        long value = 0;
        for (int i = start; i < position; i++) {
            int digit = Character.digit(buffer[i], 16);
            if (digit < 0) {
                throw malformed(name, "1..16 hexadecimal digits");
            }
            value = value << 4 | digit;
        }
        return value;
    }

    MalformedInputException malformed(String name, String rule) {
        return new MalformedInputException(
                field + " line " + lines + ": " + name + " (expected: " + rule + ")");
    }

    private int indexOf(byte wanted, int from, int to) {
        for (int i = from; i < to; i++) {
            if (buffer[i] == wanted) {
                return i;
            }
        }
        return -1;
    }
}

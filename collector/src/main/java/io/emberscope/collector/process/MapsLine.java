package io.emberscope.collector.process;

import java.util.Arrays;

/// One line of `/proc/PID/maps`: `start-end perms offset major:minor inode path`.
final class MapsLine {
    private final byte[] bytes;
    private final int end;
    private int at;

    private MapsLine(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.at = from;
        this.end = end;
    }

    /// Adds the mapping of a line, if it is executable. False if the snapshot has no room.
    static boolean read(byte[] bytes, int from, int end, Paths paths, Snapshot into) {
        MapsLine line = new MapsLine(bytes, from, end);
        long start = line.hex('-');
        long stop = line.hex(' ');
        boolean executable = line.at + 2 < end && bytes[line.at + 2] == 'x';
        if (!executable) {
            return true;
        }
        line.skipWord();
        long offset = line.hex(' ');
        long major = line.hex(':');
        long minor = line.hex(' ');
        long inode = line.decimal();
        return into.add(start, stop, offset, major << 32 | minor, inode, line.path(paths));
    }

    private long hex(char stop) {
        long value = 0;
        while (at < end && bytes[at] != stop) {
            value = (value << 4) | Character.digit(bytes[at], 16);
            at++;
        }
        at++;
        return value;
    }

    private long decimal() {
        long value = 0;
        while (at < end && bytes[at] != ' ') {
            value = value * 10 + (bytes[at] - '0');
            at++;
        }
        return value;
    }

    private void skipWord() {
        while (at < end && bytes[at] != ' ') {
            at++;
        }
        at++;
    }

    /// The rest of the line. The kernel writes a newline in a path as `\012` and a backslash as
    /// itself.
    private String path(Paths paths) {
        while (at < end && bytes[at] == ' ') {
            at++;
        }
        String text = paths.of(Arrays.copyOfRange(bytes, at, end));
        return text.indexOf('\\') < 0 ? text : text.replace("\\012", "\n");
    }
}

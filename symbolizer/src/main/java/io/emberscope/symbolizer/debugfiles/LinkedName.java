package io.emberscope.symbolizer.debugfiles;

import io.emberscope.base.bytes.MalformedInputException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/// Names of files that strangers wrote into binaries. They are never quoted in an error: what is
/// refused may be made to hurt whoever reads it.
final class LinkedName {
    /// The kernel opens no longer path.
    static final int BYTES_MAX = 4096;

    private static final int FILE_NAME_CHARS_MAX = 255;
    private static final int REPLACEMENT = 0xfffd; // bytes that are not UTF-8

    private LinkedName() {}

    /// Whether it is the name of a file in a directory, and leads nowhere else.
    static boolean isFileName(String name) {
        return isPath(name)
                && name.length() <= FILE_NAME_CHARS_MAX
                && name.indexOf('/') < 0
                && !name.equals(".")
                && !name.equals("..");
    }

    /// Whether it could be a path, leading anywhere.
    static boolean isPath(String name) {
        return !name.isEmpty()
                && name.length() <= BYTES_MAX
                && name.codePoints().noneMatch(LinkedName::isOdd)
                && isOfThisSystem(name);
    }

    /// A file system whose names are ASCII has no path for others.
    private static boolean isOfThisSystem(String name) {
        try {
            return !Path.of(name).toString().isEmpty();
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static boolean isOdd(int point) {
        int type = Character.getType(point);
        return point == REPLACEMENT
                || type == Character.CONTROL
                || type == Character.FORMAT
                || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR
                || type == Character.SURROGATE;
    }

    static MalformedInputException refusal(String field, String rule) {
        return new MalformedInputException(field + ": another name (expected: " + rule + ")");
    }
}

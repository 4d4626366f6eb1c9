package io.emberscope.symbolizer.debugfiles;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.LegibleText;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/// Names of files that strangers wrote into binaries. They are never quoted in an error: what is
/// refused may be made to hurt whoever reads it.
final class LinkedName {
    /// The kernel opens no longer path.
    static final int BYTES_MAX = 4096;

    private static final int FILE_NAME_CHARS_MAX = 255;
    private static final char REPLACEMENT = '\ufffd'; // bytes that are not UTF-8

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
                && name.indexOf(REPLACEMENT) < 0
                && LegibleText.of(name).equals(name)
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

    static MalformedInputException refusal(String field, String rule) {
        return new MalformedInputException(field + ": another name (expected: " + rule + ")");
    }
}

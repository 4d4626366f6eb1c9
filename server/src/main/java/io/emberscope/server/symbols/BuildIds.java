package io.emberscope.server.symbols;

import io.emberscope.base.bytes.MalformedInputException;
import java.util.regex.Pattern;

/// Which texts are build ids that may become names of files: lower-case hexadecimal digits, a pair
/// for each of 4 to 32 bytes.
final class BuildIds {
    private static final Pattern LEGAL = Pattern.compile("(?:[0-9a-f]{2}){4,32}");

    private BuildIds() {}

    static boolean isLegal(String text) {
        return LEGAL.matcher(text).matches();
    }

    /// @throws MalformedInputException if it is none
    static String checked(String text) throws MalformedInputException {
        if (!isLegal(text)) {
            throw new MalformedInputException(
                    "build id: not one (expected: 8 to 64 lower-case hexadecimal digits, in"
                            + " pairs)");
        }
        return text;
    }
}

package io.emberscope.symbolizer.debugfiles;

import java.util.regex.Pattern;

/// Which texts are build ids.
final class BuildIds {
    private static final Pattern HEX = Pattern.compile("(?:[0-9a-f]{2}){2,64}");

    private BuildIds() {}

    /// Whether it is the hex of at least two bytes, so that it has a path.
    static boolean isOne(String id) {
        return HEX.matcher(id).matches();
    }
}

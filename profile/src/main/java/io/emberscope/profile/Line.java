package io.emberscope.profile;

/// A function at a source line.
///
/// @param function name to show, never empty
/// @param systemName raw (mangled) name where it differs, or empty
/// @param file source file, or empty
/// @param line source line from 1, or 0 if unknown
public record Line(String function, String systemName, String file, int line) {
    /// A function of which nothing but the name is known.
    public static Line named(String function) {
        return new Line(function, "", "", 0);
    }
}

package io.emberscope.symbolizer.demangle;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// What compilers append to the name of a function's copy or part, after a dot.
final class Suffix {
    private static final String THIN_LTO = ".llvm.";

    /// Of what is the whole function to a reader, with or without a number after it.
    private static final List<String> SAME_FUNCTION =
            List.of(".cold", ".constprop", ".isra", ".llvm", ".lto_priv", ".localalias", ".lto");

    private Suffix() {}

    /// After a name of C++.
    ///
    /// @param start where the first dot is
    static void write(byte[] name, int start, Text out) {
        if (out.simplified) {
            simplified(name, start, out);
        } else {
            out.add(" (").add(name, start, name.length).add(')');
        }
    }

    /// After a name of Rust, whose demangler leaves out what only tells modules apart.
    static void writeRust(byte[] name, int start, Text out) {
        if (out.simplified) {
            simplified(name, start, out);
        } else {
            String text = new String(name, start, name.length - start, StandardCharsets.UTF_8);
            int at = text.indexOf(THIN_LTO);
            boolean thin = at >= 0 && isModule(text, at + THIN_LTO.length());
            out.add(name, start, thin ? start + at : name.length);
        }
    }

    private static boolean isModule(String text, int start) {
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!(c >= 'A' && c <= 'F') && !(c >= '0' && c <= '9') && c != '@') {
                return false;
            }
        }
        return true;
    }

    private static void simplified(byte[] name, int start, Text out) {
        int from = start;
        while (from < name.length) {
            int end = from + 1;
            while (end < name.length && name[end] != '.') {
                end++;
            }
            String word = new String(name, from, end - from, StandardCharsets.UTF_8);
            boolean same = SAME_FUNCTION.contains(word);
            // Numbers belong to the word before them.
            int numbered = end;
            while (numbered < name.length && isNumber(name, numbered)) {
                numbered = next(name, numbered);
            }
            if (!same) {
                out.add(" [clone ").add(name, from, numbered).add(']');
            }
            from = numbered;
        }
    }

    private static int next(byte[] name, int dot) {
        int end = dot + 1;
        while (end < name.length && name[end] != '.') {
            end++;
        }
        return end;
    }

    private static boolean isNumber(byte[] name, int dot) {
        int end = next(name, dot);
        for (int i = dot + 1; i < end; i++) {
            boolean digit =
                    (name[i] >= '0' && name[i] <= '9') || (name[i] >= 'A' && name[i] <= 'F');
            if (!digit && name[i] != '@') {
                return false;
            }
        }
        return end > dot + 1;
    }
}

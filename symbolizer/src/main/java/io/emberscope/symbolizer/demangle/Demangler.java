package io.emberscope.symbolizer.demangle;

import java.nio.charset.StandardCharsets;

/// Names of functions as their programmers wrote them. Symbol tables hold what compilers of C++
/// (Itanium ABI, with the additions of GCC and Clang) and Rust (both manglings) make of them.
///
/// Never throws, whatever the name is, and needs a bounded amount of stack, memory and time. It is
/// stateless, for any number of threads.
public final class Demangler {
    /// How much of a name is shown.
    public enum Mode {
        /// Nothing is changed.
        NONE,

        /// For reading flame graphs: scopes and name, without parameters, return type, template or
        /// generic arguments, ABI tags and hashes. `std::vector::push_back`,
        /// `alloc::vec::Vec::push`, `main::{lambda#1}::operator()`, `core::main::{closure#0}`.
        ///
        /// A function's part or copy that a compiler made is shown as the function (`.cold`,
        /// `.constprop.0`, `.isra.0`, `.llvm.123`, `.lto_priv.0`), so that one function is one
        /// frame. Other suffixes stay, as ` [clone .part.0]`: the function calls what they name, so
        /// without them it would seem to call itself.
        SIMPLIFIED,

        /// All there is, as `llvm-cxxfilt` (C++) and `rustfilt` (Rust, without hashes) show it.
        FULL
    }

    /// Characters of a mangled name; none is as long as this.
    private static final int RAW_CHARS_MAX = 1 << 16;

    private Demangler() {}

    /// What a name stands for.
    ///
    /// @param raw a symbol's name, without a symbol version
    /// @return the demangled name; `raw` itself if it is no mangled name, cannot be parsed, or
    ///   stands for more than any name of a real program does
    public static String demangle(String raw, Mode mode) {
        if (mode == Mode.NONE
                || raw.length() < 3
                || raw.length() > RAW_CHARS_MAX
                || raw.charAt(0) != '_') {
            return raw;
        }
        int mark = 1;
        while (mark < 4 && raw.charAt(mark) == '_' && mark + 1 < raw.length()) {
            mark++;
        }
        char language = raw.charAt(mark);
        if (language != 'Z' && language != 'R') {
            return raw;
        }
        byte[] name = raw.getBytes(StandardCharsets.UTF_8);
        Text out = new Text(2 * name.length + 32, mode == Mode.SIMPLIFIED);
        try {
            boolean written =
                    language == 'R'
                            ? mark <= 2 && writeRust(name, mark + 1, out)
                            : writeRustLegacy(name, mark + 1, out);
            return written ? out.toString() : raw;
        } catch (Refused _) {
            return raw;
        }
    }

    private static boolean writeRust(byte[] name, int start, Text out) {
        suffix(name, RustV0.write(name, start, out), out);
        return true;
    }

    private static boolean writeRustLegacy(byte[] name, int start, Text out) {
        if (start > 3 || start >= name.length || name[start] != 'N') {
            return false;
        }
        int end = RustLegacy.write(name, start + 1, out);
        if (end < 0) {
            return false;
        }
        suffix(name, end, out);
        return true;
    }

    /// What LLVM appended to a name of Rust.
    private static void suffix(byte[] name, int start, Text out) {
        if (start == name.length) {
            return;
        }
        if (name[start] != '.') {
            throw new Refused();
        }
        for (int i = start; i < name.length; i++) {
            if (name[i] <= ' ' || name[i] == 0x7f) {
                throw new Refused();
            }
        }
        Suffix.writeRust(name, start, out);
    }
}

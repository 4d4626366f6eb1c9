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

        /// All there is, as `llvm-cxxfilt` of LLVM 19 (C++) and `rustfilt` (Rust, without hashes)
        /// show it. What LLVM 19 cannot read, and compilers make, is read all the same: members of
        /// local classes that are templates, functions of transactions, newer types.
        FULL
    }

    /// Characters of a mangled name; none is as long as this.
    private static final int RAW_CHARS_MAX = 1 << 16;

    /// Underscores before the letter that tells the language.
    private static final int MARK_MAX = 3;

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
        while (mark < MARK_MAX && mark < raw.length() - 1 && raw.charAt(mark) == '_') {
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
                            ? writeRust(name, mark, out)
                            : writeRustLegacy(name, mark, out) || writeCpp(name, mark, out);
            return written ? out.toString() : raw;
        } catch (Refused _) {
            return raw;
        }
    }

    /// @param mark where the `R` is
    private static boolean writeRust(byte[] name, int mark, Text out) {
        if (mark == MARK_MAX || !RustLegacy.isAscii(name)) {
            return false;
        }
        suffix(name, RustV0.write(name, mark + 1, out), out);
        return true;
    }

    /// @param mark where the `Z` is
    private static boolean writeCpp(byte[] name, int mark, Text out) {
        // With three underscores it is a block; two are those of systems with other binaries.
        if (mark == 2) {
            return false;
        }
        ItaniumTypes.write(name, mark, out);
        return true;
    }

    private static boolean writeRustLegacy(byte[] name, int mark, Text out) {
        if (mark == MARK_MAX || mark + 1 >= name.length || name[mark + 1] != 'N') {
            return false;
        }
        int end = RustLegacy.write(name, mark + 2, out);
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

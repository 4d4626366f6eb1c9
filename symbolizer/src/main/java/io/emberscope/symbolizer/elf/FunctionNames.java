package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// Reads the names of functions from a file when they are asked for, so that a table need not hold
/// them. A name is known by a reference of 32 bits: which of the two string tables, whether it is
/// the stub that calls it, and its offset there.
///
/// What a name may be is not trusted: it ends after [#NAME_BYTES_MAX] bytes, with an ellipsis;
/// bytes that are not UTF-8, control characters and marks that change the direction of text become
/// U+FFFD. A symbol version (`memcpy@@GLIBC_2.14`, which only the full table has) is left out, so
/// that a function has one name whether its file is stripped or not.
record FunctionNames(long fullAt, int fullLength, long dynamicAt, int dynamicLength) {
    /// Bytes of one string table; references have no room for more.
    static final int STRINGS_BYTES_MAX = (1 << 30) - 1;

    /// Bytes of one name. The longest C++ names we know of are longer, but rare.
    static final int NAME_BYTES_MAX = 4096;

    /// Set in a reference to the names of the dynamic symbols.
    static final int DYNAMIC = 1 << 31;

    /// Set in a reference to the stub, in the procedure linkage table, that calls the function.
    static final int STUB = 1 << 30;

    private static final int OFFSET_MASK = STRINGS_BYTES_MAX;
    private static final int FIRST_READ_BYTES = 256;

    static FunctionNames of(SymbolTable full, SymbolTable dynamic) {
        return new FunctionNames(
                full.stringsAt(),
                full.stringsLength(),
                dynamic.stringsAt(),
                dynamic.stringsLength());
    }

    /// The name, as text; empty if the symbol has none.
    String text(int reference, ByteSource source) throws IOException {
        byte[] name = new byte[FIRST_READ_BYTES];
        int length = read(reference, source, name);
        if (length > name.length) {
            name = new byte[NAME_BYTES_MAX + 1];
            length = read(reference, source, name);
        }
        boolean cut = length > NAME_BYTES_MAX;
        String text =
                LegibleText.of(
                        new String(name, 0, cut ? NAME_BYTES_MAX : length, StandardCharsets.UTF_8));
        return text.isEmpty() ? text : text + (cut ? "…" : "") + suffix(reference);
    }

    private static String suffix(int reference) {
        return (reference & STUB) != 0 ? "@plt" : "";
    }

    /// Reads the name's bytes, without its version.
    ///
    /// @return its length; more than `target` holds if it does not fit, of which then only the
    ///   beginning was read
    int read(int reference, ByteSource source, byte[] target) throws IOException {
        boolean dynamic = (reference & DYNAMIC) != 0;
        int offset = reference & OFFSET_MASK;
        int rest = (dynamic ? dynamicLength : fullLength) - offset;
        long at = (dynamic ? dynamicAt : fullAt) + offset;
        int wanted = Math.min(rest, target.length);
        int filled = 0;
        while (filled < wanted) {
            // Most names are short; a page of names is not worth reading for one of them.
            int length = Math.min(wanted - filled, Math.max(FIRST_READ_BYTES, filled));
            int count = source.read(at + filled, target, filled, length);
            if (count <= 0) {
                break; // the file has shrunk; what there is of the name ends here
            }
            int end = indexOfZero(target, filled, filled + count);
            if (end >= 0) {
                return withoutVersion(target, end);
            }
            filled += count;
        }
        return filled == target.length && rest > filled
                ? filled + 1
                : withoutVersion(target, filled);
    }

    private static int indexOfZero(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == 0) {
                return i;
            }
        }
        return -1;
    }

    /// Length of the name without a version, which is one or two `@` and a word at its end.
    private static int withoutVersion(byte[] name, int length) {
        int at = length - 1;
        while (at > 0 && isVersion(name[at])) {
            at--;
        }
        if (at <= 0 || name[at] != '@' || at == length - 1) {
            return length;
        }
        return at > 1 && name[at - 1] == '@' ? at - 1 : at;
    }

    private static boolean isVersion(byte b) {
        return (b >= 'a' && b <= 'z')
                || (b >= 'A' && b <= 'Z')
                || (b >= '0' && b <= '9')
                || b == '_'
                || b == '.'
                || b == '-'
                || b == '+';
    }
}

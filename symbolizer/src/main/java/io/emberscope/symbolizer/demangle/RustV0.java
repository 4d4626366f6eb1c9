package io.emberscope.symbolizer.demangle;

import org.jspecify.annotations.Nullable;

/// Rust's mangling of RFC 2603, `_R…`, as the book of rustc describes it. Writes while it parses; a
/// backreference is parsed again where it stands. Hashes of crates and types of constants are left
/// out.
///
/// Simplified names have no generic arguments, and `alloc::vec::Vec::push` for
/// `<alloc::vec::Vec<u8>>::push`.
final class RustV0 extends RustReader {
    /// How deep paths, types and constants may be nested. Real names need a third of this; a thread
    /// with a stack of 512 KiB has room for it.
    static final int DEPTH_MAX = 256;

    private final Text out;
    private long boundLifetimes;

    /// Above zero, what is parsed is not written, and backreferences are not followed.
    private int silent;

    /// @param start after the `_R`
    private RustV0(byte[] name, int start, Text out) {
        super(name, start);
        this.out = out;
    }

    /// Writes the name.
    ///
    /// @param start after the `_R`
    /// @return where the suffix begins
    static int write(byte[] name, int start, Text out) {
        RustV0 parser = new RustV0(name, start, out);
        if (!isUpper(parser.peek())) {
            throw new Refused();
        }
        parser.path(true);
        if (isUpper(parser.peek())) {
            parser.silent++;
            parser.path(false); // the crate that made this instance
        }
        return parser.at;
    }

    private static boolean isUpper(int c) {
        return c >= 'A' && c <= 'Z';
    }

    void enter() {
        out.enter(DEPTH_MAX);
    }

    void leave() {
        out.leave();
    }

    // Writing.

    void write(String text) {
        if (silent == 0) {
            out.add(text);
        }
    }

    boolean isSilent() {
        return silent > 0;
    }

    Text out() {
        return out;
    }

    interface Part {
        void parse();
    }

    private void backreference(Part part) {
        int target = target();
        if (silent > 0) {
            return;
        }
        int back = at;
        at = target;
        part.parse();
        at = back;
    }

    /// Parts up to `E`, with `, ` or another separator between them.
    int list(Part part, String separator) {
        int count = 0;
        while (!eat('E')) {
            if (count++ > 0) {
                write(separator);
            }
            part.parse();
        }
        return count;
    }

    /// An identifier, as a range of bytes; the place after it is where the parser is.
    private void identifier(boolean written) {
        boolean punycode = eat('u');
        int length = next() - '0';
        if (length < 0 || length > 9) {
            throw new Refused();
        }
        while (length != 0 && peek() >= '0' && peek() <= '9') {
            length = length * 10 + next() - '0';
            if (length > name.length) {
                throw new Refused();
            }
        }
        eat('_');
        int from = at;
        if (length > name.length - from) {
            throw new Refused();
        }
        at += length;
        if (silent > 0 || !written) {
            return;
        }
        if (punycode) {
            Punycode.write(name, from, at, out);
        } else {
            out.add(name, from, at);
        }
    }

    void plainIdentifier() {
        disambiguator();
        identifier(true);
    }

    private boolean isEmptyIdentifier() {
        return peek() == '0' || (peek() == 'u' && at + 1 < name.length && name[at + 1] == '0');
    }

    // Paths.

    /// @param isValue whether this is the name of a value, whose generic arguments follow `::`
    void path(boolean isValue) {
        enter();
        switch (next()) {
            case 'C' -> plainIdentifier();
            case 'N' -> nested(isValue);
            case 'M' -> implementation('M');
            case 'X' -> implementation('X');
            case 'Y' -> implementation('Y');
            case 'I' -> {
                path(isValue);
                genericArguments(isValue ? "::<" : "<");
            }
            case 'B' -> backreference(() -> path(isValue));
            default -> throw new Refused();
        }
        leave();
    }

    private void nested(boolean isValue) {
        int space = next();
        if (space >= 'a' && space <= 'z') {
            path(isValue);
            disambiguator();
            if (!isEmptyIdentifier()) {
                write("::");
            }
            identifier(true);
        } else if (isUpper(space)) {
            path(isValue);
            long number = disambiguator();
            write(space == 'C' ? "::{closure" : space == 'S' ? "::{shim" : "::{" + (char) space);
            if (!isEmptyIdentifier()) {
                write(":");
            }
            identifier(true);
            write("#" + Long.toUnsignedString(number) + '}');
        } else {
            throw new Refused();
        }
    }

    /// What is implemented: `<type>` or `<type as trait>`.
    private void implementation(char tag) {
        if (tag != 'Y') {
            disambiguator();
            silent++;
            path(false); // where the block stands
            silent--;
        }
        boolean bare = out.simplified && tag == 'M' && isPath();
        write(bare ? "" : "<");
        type();
        if (tag != 'M') {
            write(" as ");
            path(false);
        }
        write(bare ? "" : ">");
    }

    /// Whether what follows is a type that is a path.
    private boolean isPath() {
        int back = at;
        for (int i = 0; i < DEPTH_MAX; i++) {
            int tag = next();
            if (tag != 'B') {
                at = back;
                return tag == 'C'
                        || tag == 'N'
                        || tag == 'I'
                        || tag == 'M'
                        || tag == 'X'
                        || tag == 'Y';
            }
            at = target();
        }
        throw new Refused();
    }

    private void genericArguments(String open) {
        if (out.simplified) {
            silent++;
        }
        write(open);
        list(this::genericArgument, ", ");
        write(">");
        if (out.simplified) {
            silent--;
        }
    }

    private void genericArgument() {
        if (eat('L')) {
            lifetime(base62());
        } else if (eat('K')) {
            constant(false);
        } else {
            type();
        }
    }

    // Types.

    void type() {
        int tag = next();
        String basic = basicType(tag);
        if (basic != null) {
            write(basic);
            return;
        }
        enter();
        switch (tag) {
            case 'R', 'Q' -> {
                write("&");
                if (eat('L')) {
                    long lifetime = base62();
                    if (lifetime != 0) {
                        lifetime(lifetime);
                        write(" ");
                    }
                }
                write(tag == 'Q' ? "mut " : "");
                type();
            }
            case 'P', 'O' -> {
                write(tag == 'P' ? "*const " : "*mut ");
                type();
            }
            case 'A', 'S' -> {
                write("[");
                type();
                if (tag == 'A') {
                    write("; ");
                    constant(true);
                }
                write("]");
            }
            case 'T' -> {
                write("(");
                write(list(this::type, ", ") == 1 ? ",)" : ")");
            }
            case 'F' -> binder(this::function);
            case 'D' -> {
                write("dyn ");
                binder(() -> list(this::dynTrait, " + "));
                if (!eat('L')) {
                    throw new Refused();
                }
                long lifetime = base62();
                if (lifetime != 0) {
                    write(" + ");
                    lifetime(lifetime);
                }
            }
            case 'W' -> {
                type();
                write(" is ");
                pattern();
            }
            case 'B' -> backreference(this::type);
            default -> {
                at--;
                path(false);
            }
        }
        leave();
    }

    private static @Nullable String basicType(int tag) {
        return switch (tag) {
            case 'b' -> "bool";
            case 'c' -> "char";
            case 'e' -> "str";
            case 'u' -> "()";
            case 'a' -> "i8";
            case 's' -> "i16";
            case 'l' -> "i32";
            case 'x' -> "i64";
            case 'n' -> "i128";
            case 'i' -> "isize";
            case 'h' -> "u8";
            case 't' -> "u16";
            case 'm' -> "u32";
            case 'y' -> "u64";
            case 'o' -> "u128";
            case 'j' -> "usize";
            case 'f' -> "f32";
            case 'd' -> "f64";
            case 'z' -> "!";
            case 'p' -> "_";
            case 'v' -> "...";
            default -> null;
        };
    }

    private void pattern() {
        enter();
        switch (next()) {
            case 'R' -> {
                constant(false);
                write("..=");
                constant(false);
            }
            case 'O' -> list(this::pattern, " | ");
            case 'N' -> write("!null");
            default -> throw new Refused();
        }
        leave();
    }

    private void function() {
        write(eat('U') ? "unsafe " : "");
        if (eat('K')) {
            write("extern \"");
            if (eat('C')) {
                write("C");
            } else {
                abi();
            }
            write("\" ");
        }
        write("fn(");
        list(this::type, ", ");
        write(")");
        if (!eat('u')) {
            write(" -> ");
            type();
        }
    }

    /// The name of a calling convention, whose hyphens are mangled as underscores.
    private void abi() {
        if (peek() == 'u' || isEmptyIdentifier()) {
            throw new Refused();
        }
        int from = out.length();
        identifier(true);
        for (int i = from; i < out.length(); i++) {
            if (out.at(i) == '_') {
                out.set(i, (byte) '-');
            }
        }
    }

    /// A trait of a `dyn` type, whose associated types stand among its generic arguments.
    private void dynTrait() {
        boolean open = openPath();
        if (out.simplified) {
            silent++;
        }
        while (eat('p')) {
            write(open ? ", " : "<");
            open = true;
            identifier(true);
            write(" = ");
            type();
        }
        write(open ? ">" : "");
        if (out.simplified) {
            silent--;
        }
    }

    /// A path whose generic arguments, if it has any, are not closed.
    ///
    /// @return whether it has any
    private boolean openPath() {
        enter();
        boolean[] open = new boolean[1];
        if (eat('B')) {
            backreference(() -> open[0] = openPath());
        } else if (eat('I')) {
            path(false);
            if (out.simplified) {
                silent++;
            }
            write("<");
            list(this::genericArgument, ", ");
            if (out.simplified) {
                silent--;
            }
            open[0] = true;
        } else {
            path(false);
        }
        leave();
        return open[0];
    }

    // Lifetimes.

    /// Something before which `for<'a, 'b>` may stand.
    private void binder(Part part) {
        long count = optional('G');
        if (silent > 0) {
            part.parse();
            return;
        }
        if (count != 0) {
            out.add("for<");
            for (long i = 0; i != count; i++) {
                out.add(i == 0 ? "" : ", ");
                boundLifetimes++;
                lifetime(1);
            }
            out.add("> ");
        }
        part.parse();
        boundLifetimes -= count;
    }

    /// @param index counted from the innermost that is bound, from one; zero is nameless
    private void lifetime(long index) {
        if (silent > 0) {
            return;
        }
        long number = boundLifetimes - index;
        if (index == 0) {
            out.add("'_");
        } else if (index < 0 || number < 0) {
            throw new Refused();
        } else if (number < 26) {
            out.add('\'').add((char) ('a' + number));
        } else {
            out.add("'_").add(number);
        }
    }

    // Constants.

    /// @param inExpression whether braces are around it already, or nothing is ambiguous
    void constant(boolean inExpression) {
        if (eat('B')) {
            enter();
            backreference(() -> constant(inExpression));
            leave();
        } else {
            RustConstants.constant(this, inExpression);
        }
    }
}

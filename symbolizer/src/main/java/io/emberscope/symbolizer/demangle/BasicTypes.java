package io.emberscope.symbolizer.demangle;

import org.jspecify.annotations.Nullable;

/// Types that are one or two letters, and are not worth a substitution.
final class BasicTypes {
    private static final @Nullable Node[] BY_LETTER = new Node['z' + 1];
    private static final @Nullable Node[] AFTER_D = new Node['z' + 1];

    static {
        put(BY_LETTER, 'v', "void");
        put(BY_LETTER, 'w', "wchar_t");
        put(BY_LETTER, 'b', "bool");
        put(BY_LETTER, 'c', "char");
        put(BY_LETTER, 'a', "signed char");
        put(BY_LETTER, 'h', "unsigned char");
        put(BY_LETTER, 's', "short");
        put(BY_LETTER, 't', "unsigned short");
        put(BY_LETTER, 'i', "int");
        put(BY_LETTER, 'j', "unsigned int");
        put(BY_LETTER, 'l', "long");
        put(BY_LETTER, 'm', "unsigned long");
        put(BY_LETTER, 'x', "long long");
        put(BY_LETTER, 'y', "unsigned long long");
        put(BY_LETTER, 'n', "__int128");
        put(BY_LETTER, 'o', "unsigned __int128");
        put(BY_LETTER, 'f', "float");
        put(BY_LETTER, 'd', "double");
        put(BY_LETTER, 'e', "long double");
        put(BY_LETTER, 'g', "__float128");
        put(BY_LETTER, 'z', "...");
        put(AFTER_D, 'd', "decimal64");
        put(AFTER_D, 'e', "decimal128");
        put(AFTER_D, 'f', "decimal32");
        put(AFTER_D, 'h', "half");
        put(AFTER_D, 'i', "char32_t");
        put(AFTER_D, 's', "char16_t");
        put(AFTER_D, 'u', "char8_t");
        put(AFTER_D, 'a', "auto");
        put(AFTER_D, 'c', "decltype(auto)");
        put(AFTER_D, 'n', "std::nullptr_t");
    }

    private BasicTypes() {}

    private static void put(@Nullable Node[] table, char letter, String name) {
        table[letter] = new NameNodes.Fixed(name);
    }

    private static @Nullable Node find(@Nullable Node[] table, int letter) {
        return letter >= 0 && letter < table.length ? table[letter] : null;
    }

    /// Reads one; null if there is another type.
    static @Nullable Node read(Mangled in) {
        boolean afterD = in.peek() == 'D';
        Node found = afterD ? find(AFTER_D, in.peek(1)) : find(BY_LETTER, in.peek());
        if (found != null) {
            in.at += afterD ? 2 : 1;
        }
        return found;
    }
}

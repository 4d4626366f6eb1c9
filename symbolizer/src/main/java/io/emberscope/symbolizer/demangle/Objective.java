package io.emberscope.symbolizer.demangle;

import org.jspecify.annotations.Nullable;

/// Types of Objective-C, whose protocols are mangled as qualifiers of a vendor.
final class Objective {
    private static final String PROTOCOL = "objcproto";
    private static final String OBJECT = "objc_object";

    private Objective() {}

    /// The protocol in a qualifier that was read from `start` on; null if it is no protocol.
    static @Nullable Node protocol(Mangled in, int start) {
        int end = in.at;
        in.at = start;
        in.digits();
        try {
            if (!in.eat(PROTOCOL) || in.at > end) {
                return null;
            }
            int length = in.count();
            if (length == 0 || length > end - in.at) {
                throw new Refused();
            }
            return new NameNodes.Word(in.bytes, in.at, in.at + length);
        } finally {
            in.at = end;
        }
    }

    static boolean isObject(Node type) {
        if (!(type instanceof NameNodes.Word(byte[] bytes, int start, int end))
                || end - start != OBJECT.length()) {
            return false;
        }
        for (int i = 0; i < OBJECT.length(); i++) {
            if (bytes[start + i] != OBJECT.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}

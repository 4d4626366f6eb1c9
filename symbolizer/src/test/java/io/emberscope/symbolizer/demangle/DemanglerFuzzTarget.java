package io.emberscope.symbolizer.demangle;

import io.emberscope.symbolizer.demangle.Demangler.Mode;
import java.nio.charset.StandardCharsets;

/// Reads any bytes as a name, and checks what must be true of any answer.
public final class DemanglerFuzzTarget {
    private DemanglerFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        check(text);
        check("_Z" + text);
        check("_R" + text);
    }

    private static void check(String name) {
        for (Mode mode : Mode.values()) {
            String found = Demangler.demangle(name, mode);
            boolean changed = !found.equals(name);
            if (changed && (mode == Mode.NONE || found.length() > Text.BYTES_MAX)) {
                throw new AssertionError(mode + ": " + name + ": " + found);
            }
            if (!Demangler.demangle(name, mode).equals(found)) {
                throw new AssertionError("not the same twice: " + name);
            }
        }
    }
}

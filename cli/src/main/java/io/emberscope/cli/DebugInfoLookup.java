package io.emberscope.cli;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskSource;
import io.emberscope.symbolizer.demangle.Demangler;
import io.emberscope.symbolizer.symbols.Place;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/// Says what is at addresses of a binary of this machine, as a server would: function and line in
/// turn, innermost first, and an empty line, in the form of `llvm-symbolizer`.
final class DebugInfoLookup implements AutoCloseable {
    private static final int MEMORY_BYTES = 64 << 20;
    private static final String UNKNOWN = "??";

    private final SymbolFile symbols;
    private final Place place = new Place();
    private final Map<String, String> demangled = new HashMap<>();

    DebugInfoLookup(LocalSymbols made, Disk disk) throws IOException {
        symbols =
                SymbolFile.open(
                        DiskSource.open(disk, made.file()),
                        "symbol file",
                        new SymbolMemory(MEMORY_BYTES));
    }

    /// Adds what is at an address to a text.
    ///
    /// @param text of the address, hexadecimal
    /// @throws MalformedInputException if it is none
    void find(String text, StringBuilder out) throws IOException {
        symbols.find(address(text), place);
        for (int i = 0; i < place.depth(); i++) {
            String function = place.function(i);
            String file = place.file(i);
            out.append(function == null ? UNKNOWN : shown(function)).append('\n');
            out.append(file == null ? UNKNOWN : Texts.printable(file));
            out.append(':').append(place.line(i)).append('\n');
        }
        if (place.depth() == 0) {
            out.append(UNKNOWN).append('\n').append(UNKNOWN).append(":0\n");
        }
        out.append('\n');
    }

    private String shown(String raw) {
        return demangled.computeIfAbsent(
                raw, name -> Texts.printable(Demangler.demangle(name, Demangler.Mode.FULL)));
    }

    private static long address(String text) throws MalformedInputException {
        String digits = text.strip();
        try {
            return Long.parseUnsignedLong(
                    digits, digits.startsWith("0x") ? 2 : 0, digits.length(), 16);
        } catch (NumberFormatException _) {
            throw new MalformedInputException(
                    "address: " + Texts.printable(text) + " (expected: hexadecimal digits)");
        }
    }

    @Override
    public void close() {
        symbols.close();
    }
}

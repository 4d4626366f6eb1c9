package io.emberscope.symbolizer.dwarf;

import java.io.IOException;
import java.util.Arrays;

/// Reads `.debug_line` or one of the sections with ranges whatever its bytes; the others are right.
public final class LinesFuzzTarget {
    private static final int HEADER_BYTES = 2; // kind, section

    private LinesFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        if (bytes.length < HEADER_BYTES) {
            return;
        }
        int count = InfoFuzzTarget.KINDS.size();
        HandmadeDwarf kind = InfoFuzzTarget.KINDS.get((bytes[0] & 0xff) % count);
        String section =
                switch (bytes[1] % 3) {
                    case 0 -> ".debug_line";
                    case 1 -> kind.version >= 5 ? ".debug_rnglists" : ".debug_ranges";
                    default -> ".debug_aranges";
                };
        byte[] content = Arrays.copyOfRange(bytes, HEADER_BYTES, bytes.length);
        DwarfFuzzTarget.fuzzerTestOneInput(kind.sections().with(section, content, 0).bytes());
    }

    /// An input that is right.
    static byte[] seed(int kind, int section) {
        HandmadeDwarf dwarf = InfoFuzzTarget.KINDS.get(kind);
        byte[] content = (section == 0 ? dwarf.lines() : dwarf.ranges()).toBytes();
        byte[] seed = new byte[HEADER_BYTES + content.length];
        seed[0] = (byte) kind;
        seed[1] = (byte) section;
        System.arraycopy(content, 0, seed, HEADER_BYTES, content.length);
        return seed;
    }
}

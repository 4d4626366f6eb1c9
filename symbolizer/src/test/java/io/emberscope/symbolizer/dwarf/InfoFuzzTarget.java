package io.emberscope.symbolizer.dwarf;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/// Reads `.debug_info` and `.debug_abbrev` whatever their bytes, in every version, width and order;
/// the other sections are right.
public final class InfoFuzzTarget {
    static final List<HandmadeDwarf> KINDS = DebugInfoTest.kinds().toList();

    private static final int HEADER_BYTES = 3; // kind, length of the abbreviations

    private InfoFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        if (bytes.length < HEADER_BYTES) {
            return;
        }
        HandmadeDwarf kind = KINDS.get((bytes[0] & 0xff) % KINDS.size());
        int said = ((bytes[1] & 0xff) << 8) | (bytes[2] & 0xff);
        int length = Math.min(said, bytes.length - HEADER_BYTES);
        byte[] abbrev = Arrays.copyOfRange(bytes, HEADER_BYTES, HEADER_BYTES + length);
        byte[] info = Arrays.copyOfRange(bytes, HEADER_BYTES + length, bytes.length);
        DwarfFuzzTarget.fuzzerTestOneInput(
                kind.sections()
                        .with(".debug_abbrev", abbrev, 0)
                        .with(".debug_info", info, 0)
                        .bytes());
    }

    /// An input that is right.
    static byte[] seed(int kind) {
        byte[] abbrev = KINDS.get(kind).abbrev().toBytes();
        byte[] info = KINDS.get(kind).info().toBytes();
        byte[] seed = new byte[HEADER_BYTES + abbrev.length + info.length];
        seed[0] = (byte) kind;
        seed[1] = (byte) (abbrev.length >> 8);
        seed[2] = (byte) abbrev.length;
        System.arraycopy(abbrev, 0, seed, HEADER_BYTES, abbrev.length);
        System.arraycopy(info, 0, seed, HEADER_BYTES + abbrev.length, info.length);
        return seed;
    }
}

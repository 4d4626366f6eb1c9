package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import java.util.HexFormat;
import java.util.Optional;

/// ELF notes: small records of (owner, type, bytes), in binaries and in `/sys/kernel/notes`.
public final class Notes {
    private static final int GNU_BUILD_ID = 3;
    private static final int GNU = 0x00554e47; // "GNU\0", little-endian
    private static final int BUILD_ID_BYTES_MAX = 64;
    private static final int NOTES_MAX = 1024;

    private Notes() {}

    /// The GNU build id among the notes, in lower-case hex; empty if there is none.
    ///
    /// @param notes in the byte order of whoever wrote them
    /// @param alignment of each record: 8 for notes aligned so, otherwise 4
    public static Optional<String> buildId(ByteCursor notes, int alignment)
            throws MalformedInputException {
        for (int i = 0; i < NOTES_MAX && notes.remaining() >= 3 * Integer.BYTES; i++) {
            long ownerLength = notes.u32("note.owner.length");
            long length = notes.u32("note.length");
            int type = notes.i32("note.type");
            ByteCursor owner = notes.slice(ownerLength, "note.owner");
            align(notes, alignment);
            if (type == GNU_BUILD_ID && isGnu(owner)) {
                if (length < 1 || length > BUILD_ID_BYTES_MAX) {
                    throw new MalformedInputException(
                            "build id: "
                                    + length
                                    + " bytes (expected: 1.."
                                    + BUILD_ID_BYTES_MAX
                                    + ")");
                }
                return Optional.of(HexFormat.of().formatHex(notes.bytes(length, "build id")));
            }
            notes.skip(length, "note");
            align(notes, alignment);
        }
        return Optional.empty();
    }

    private static boolean isGnu(ByteCursor owner) throws MalformedInputException {
        return owner.remaining() == Integer.BYTES
                && owner.order(java.nio.ByteOrder.LITTLE_ENDIAN).i32("note.owner") == GNU;
    }

    /// Passes over padding; the last record may lack it.
    private static void align(ByteCursor notes, int alignment) throws MalformedInputException {
        int padding = -notes.position() & (alignment - 1);
        notes.skip(Math.min(padding, notes.remaining()), "note.padding");
    }
}

package io.emberscope.symbolizer.debugfiles;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.util.HexFormat;
import java.util.Optional;

/// What a file with debug information says of the file that it shares some with, which `dwz` made:
/// `.gnu_debugaltlink`, or `.debug_sup` of DWARF 5.
///
/// @param name path of the file, a stranger's; one without directories or beginning with none is
///   meant beside the file that says so. To be opened only where [DebugFilePaths] allows it
/// @param id in lower-case hex, which that file has too: its build id or that of its `.debug_sup`
public record SupplementLink(String name, String id) {
    private static final String GNU = ".gnu_debugaltlink";
    private static final String DWARF_5 = ".debug_sup";
    private static final int DWARF_5_VERSION = 5;
    private static final int ID_BYTES_MAX = 64;

    public SupplementLink {
        if (!LinkedName.isPath(name) || !BuildIds.isOne(id)) {
            throw new IllegalArgumentException("supplement: (expected: a path and an id)");
        }
    }

    /// Reads it; empty if the file shares nothing.
    ///
    /// @throws MalformedInputException if it makes no sense
    public static Optional<SupplementLink> of(ElfFile file) throws IOException {
        Optional<ByteCursor> gnu = LinkSection.read(file, GNU);
        if (gnu.isPresent()) {
            String name = gnu.get().cString(LinkedName.BYTES_MAX, GNU);
            return Optional.of(of(name, gnu.get(), GNU));
        }
        Optional<ByteCursor> dwarf = LinkSection.read(file, DWARF_5);
        if (dwarf.isEmpty() || isSupplement(dwarf.get())) {
            return Optional.empty();
        }
        ByteCursor cursor = dwarf.get();
        String name = cursor.cString(LinkedName.BYTES_MAX, DWARF_5);
        return Optional.of(of(name, cursor.slice(cursor.length(DWARF_5), DWARF_5), DWARF_5));
    }

    /// Whether a file is the one that this link means.
    boolean isTo(ElfFile file) throws IOException {
        if (file.buildId().filter(id::equals).isPresent()) {
            return true;
        }
        Optional<ByteCursor> dwarf = LinkSection.read(file, DWARF_5);
        if (dwarf.isEmpty() || !isSupplement(dwarf.get())) {
            return false;
        }
        ByteCursor cursor = dwarf.get();
        cursor.cString(LinkedName.BYTES_MAX, DWARF_5);
        byte[] found = cursor.bytes(cursor.length(DWARF_5), DWARF_5);
        return HexFormat.of().formatHex(found).equals(id);
    }

    private static boolean isSupplement(ByteCursor cursor) throws MalformedInputException {
        int version = cursor.u16(DWARF_5);
        if (version != DWARF_5_VERSION) {
            throw new MalformedInputException(DWARF_5 + ": version " + version + " (expected: 5)");
        }
        return cursor.u8(DWARF_5) != 0;
    }

    private static SupplementLink of(String name, ByteCursor id, String section)
            throws MalformedInputException {
        if (!LinkedName.isPath(name)) {
            throw LinkedName.refusal(section, "the path of a file");
        }
        if (id.remaining() < 2 || id.remaining() > ID_BYTES_MAX) {
            throw new MalformedInputException(
                    section
                            + ": id of "
                            + id.remaining()
                            + " bytes (expected: 2.."
                            + ID_BYTES_MAX
                            + ")");
        }
        return new SupplementLink(
                name, HexFormat.of().formatHex(id.bytes(id.remaining(), section)));
    }
}

package io.emberscope.symbolizer.debugfiles;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;

/// Reads whatever bytes as each of the sections that name other files, and checks that no path
/// leads elsewhere.
public final class LinkFuzzTarget {
    private static final Path BINARY = Path.of("/opt/bin/tool");
    private static final List<Path> ALLOWED =
            List.of(Path.of("/usr/lib/debug"), Path.of("/opt/bin"));

    private LinkFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        if (bytes.length == 0) {
            return;
        }
        ByteOrder order = bytes[0] % 2 == 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        read(
                () ->
                        DebugLink.of(file(order, ".gnu_debuglink", bytes))
                                .map(link -> DebugFilePaths.USUAL.ofLink(BINARY, link))
                                .orElse(List.of()));
        for (String section : List.of(".gnu_debugaltlink", ".debug_sup")) {
            read(
                    () ->
                            SupplementLink.of(file(order, section, bytes))
                                    .map(link -> DebugFilePaths.USUAL.ofSupplement(BINARY, link))
                                    .orElse(List.of()));
        }
    }

    private static ElfFile file(ByteOrder order, String section, byte[] bytes) throws IOException {
        return DebugLinkTest.file(order, section, bytes);
    }

    private interface Paths {
        List<Path> read() throws IOException;
    }

    private static void read(Paths paths) throws IOException {
        try {
            for (Path path : paths.read()) {
                if (!path.equals(path.normalize())
                        || path.equals(BINARY)
                        || ALLOWED.stream().noneMatch(path::startsWith)) {
                    throw new AssertionError("path: " + path);
                }
            }
        } catch (MalformedInputException e) {
            if (!String.valueOf(e.getMessage()).contains("(expected: ")) {
                throw new AssertionError("no rule is named", e);
            }
        }
    }
}

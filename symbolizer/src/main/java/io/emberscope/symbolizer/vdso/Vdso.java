package io.emberscope.symbolizer.vdso;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The vdso: a small ELF image that the kernel maps into every process and that is in no file.
/// Every process of our own kind (as many bits) has the same one, so we read ours; a 32-bit process
/// on a 64-bit host has another, which stays unnamed.
///
/// A place in it is known by its distance from the start of the mapping, which is also its offset
/// in the image.
public final class Vdso {
    /// What it is called as a binary.
    public static final String BINARY = "[vdso]";

    static final int IMAGE_BYTES_MAX = 1024 * 1024;
    private static final int FUNCTIONS_MAX = 4096;
    private static final int MAPPINGS_MAX = 1_000_000;

    private final ArraySource image;
    private final FunctionTable functions;
    private final String buildId;

    private Vdso(ArraySource image, FunctionTable functions, String buildId) {
        this.image = image;
        this.functions = functions;
        this.buildId = buildId;
    }

    /// Reads that of our own process; empty if it has none, as some kernels are started without.
    ///
    /// @throws MalformedInputException if it is no ELF image
    public static Optional<Vdso> ofThisProcess() throws IOException {
        return read(Path.of("/proc/self/maps"), Path.of("/proc/self/mem"));
    }

    /// The image itself.
    public ByteSource image() {
        return image;
    }

    static Optional<Vdso> read(Path maps, Path memory) throws IOException {
        // Latin-1, as paths may be any bytes.
        try (BufferedReader lines = Files.newBufferedReader(maps, StandardCharsets.ISO_8859_1)) {
            for (int i = 0; i < MAPPINGS_MAX; i++) {
                String line = lines.readLine();
                if (line == null) {
                    return Optional.empty();
                }
                if (line.endsWith(" " + BINARY)) {
                    int dash = line.indexOf('-');
                    int blank = line.indexOf(' ');
                    return Optional.of(
                            of(
                                    bytes(
                                            memory,
                                            Long.parseUnsignedLong(line, 0, dash, 16),
                                            Long.parseUnsignedLong(line, dash + 1, blank, 16))));
                }
            }
            return Optional.empty();
        }
    }

    private static byte[] bytes(Path memory, long start, long end) throws IOException {
        long length = end - start;
        if (start < 0 || length < 1 || length > IMAGE_BYTES_MAX) {
            throw new MalformedInputException(
                    "vdso: " + length + " bytes (expected: 1.." + IMAGE_BYTES_MAX + ")");
        }
        byte[] bytes = new byte[(int) length];
        try (RandomAccessFile in = new RandomAccessFile(memory.toFile(), "r")) {
            in.seek(start);
            in.readFully(bytes);
        } catch (EOFException e) {
            throw new MalformedInputException(
                    "vdso: ended early (expected: " + length + " bytes)", e);
        }
        return bytes;
    }

    static Vdso of(byte[] bytes) throws IOException {
        ArraySource image = new ArraySource(bytes);
        ElfFile file = ElfFile.open(image);
        return new Vdso(image, FunctionTable.read(file, FUNCTIONS_MAX), file.buildId().orElse(""));
    }

    /// Its build id in lower-case hex, or empty.
    public String buildId() {
        return buildId;
    }

    /// The function at `offset` from where it is mapped; empty if that is in none.
    public Optional<String> name(long offset) {
        int index = functions.indexOf(offset);
        if (index < 0) {
            return Optional.empty();
        }
        try {
            return Optional.of(functions.name(index, image));
        } catch (IOException e) {
            throw new IllegalStateException("an array cannot fail", e);
        }
    }

    /// The functions in it.
    public FunctionTable functions() {
        return functions;
    }
}

package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// The bytes of a section, as they are without compression.
///
/// @param source has them
/// @param offset from here
/// @param size so many
public record SectionBytes(ByteSource source, long offset, long size) {
    private static final int INFLATED_BYTES_MAX = Integer.MAX_VALUE - 8;

    private static final int ZLIB = 1; // ELFCOMPRESS_ZLIB
    private static final int HEADER_BYTES_32 = 12;
    private static final int HEADER_BYTES_64 = 24;
    private static final int PIECE_BYTES = 16 * 1024;

    /// Allows memory to be used.
    public interface Allowance {
        /// Asks for so many bytes.
        ///
        /// @throws IOException if there are not so many
        void take(long bytes) throws IOException;
    }

    /// The bytes of a section; read through the file if it is not compressed.
    ///
    /// @param name for errors
    /// @param memory is asked for what the bytes of a compressed section take
    /// @throws MalformedInputException if it is not in the file, or compressed in another way than
    ///   zlib's, or is too large for that
    public static SectionBytes of(ElfFile file, Section section, String name, Allowance memory)
            throws IOException {
        SourceReader reader = file.reader();
        reader.check(section.offset(), section.size(), name);
        if (!section.isCompressed()) {
            return new SectionBytes(file.source(), section.offset(), section.size());
        }
        int headerBytes = file.is64Bit() ? HEADER_BYTES_64 : HEADER_BYTES_32;
        ByteCursor header = reader.cursor(section.offset(), headerBytes, name);
        int type = header.i32(name);
        if (file.is64Bit()) {
            header.skip(Integer.BYTES, name);
        }
        long size = file.word(header, name);
        if (type != ZLIB) {
            throw new MalformedInputException(
                    name + ": compression " + type + " (expected: 1, zlib)");
        }
        if (size < 0 || size > INFLATED_BYTES_MAX) {
            throw new MalformedInputException(
                    name
                            + ": "
                            + Long.toUnsignedString(size)
                            + " bytes uncompressed (expected: at most "
                            + INFLATED_BYTES_MAX
                            + ")");
        }
        memory.take(size);
        byte[] bytes =
                inflate(
                        reader,
                        section.offset() + headerBytes,
                        section.size() - headerBytes,
                        (int) size,
                        name);
        return new SectionBytes(new ArraySource(bytes), 0, bytes.length);
    }

    private static byte[] inflate(
            SourceReader reader, long offset, long length, int size, String name)
            throws IOException {
        byte[] bytes = new byte[size];
        int filled = 0;
        try (Inflater inflater = new Inflater()) {
            long done = 0;
            while (filled < size && done < length) {
                int now = (int) Math.min(PIECE_BYTES, length - done);
                inflater.setInput(reader.cursor(offset + done, now, name).bytes(now, name));
                done += now;
                while (filled < size) {
                    int count = inflater.inflate(bytes, filled, size - filled);
                    if (count == 0) {
                        break;
                    }
                    filled += count;
                }
                if (inflater.finished()) {
                    break;
                }
            }
        } catch (DataFormatException e) {
            throw new MalformedInputException(
                    name + ": " + e.getMessage() + " (expected: zlib's format)");
        }
        if (filled < size) {
            throw new MalformedInputException(
                    name + ": " + filled + " bytes uncompressed (expected: " + size + ")");
        }
        return bytes;
    }
}

package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// zlib's format, by the JDK.
final class Zlib implements Decompressor {
    private static final int PIECE_BYTES = 64 * 1024;

    @Override
    public void decompress(ByteSource source, long offset, long length, String name, Output output)
            throws IOException {
        byte[] piece = new byte[PIECE_BYTES];
        byte[] plain = new byte[2 * PIECE_BYTES];
        try (Inflater inflater = new Inflater()) {
            long done = 0;
            while (!inflater.finished()) {
                if (inflater.needsInput()) {
                    int wanted = (int) Math.min(PIECE_BYTES, length - done);
                    int count = wanted == 0 ? 0 : source.read(offset + done, piece, 0, wanted);
                    if (count <= 0) {
                        throw new MalformedInputException(
                                name + ": compressed data ends (expected: the end of a stream)");
                    }
                    inflater.setInput(piece, 0, count);
                    done += count;
                }
                int count = inflater.inflate(plain);
                if (count == 0 && inflater.needsDictionary()) {
                    throw new MalformedInputException(
                            name + ": compressed with a dictionary (expected: without one)");
                }
                output.write(plain, 0, count);
            }
        } catch (DataFormatException e) {
            throw new MalformedInputException(
                    name + ": " + e.getMessage() + " (expected: zlib's format)", e);
        }
    }
}

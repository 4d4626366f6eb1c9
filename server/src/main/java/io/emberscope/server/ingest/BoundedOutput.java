package io.emberscope.server.ingest;

import io.emberscope.base.OverCapacityException;
import io.emberscope.server.edge.ByteBudget;
import io.emberscope.server.edge.Refusal;
import java.util.ArrayList;
import java.util.List;

/// Collects what a decompressor gives, up to a limit, and takes its memory from a budget before it
/// allocates it. The limit is on what comes out: what an input says of its own length is not
/// believed.
final class BoundedOutput {
    /// Where the bytes come from.
    interface Source {
        /// Writes at most `length` bytes and says how many.
        int read(byte[] target, int offset, int length) throws java.io.IOException;
    }

    private static final int FIRST_CHUNK_BYTES = 16 * 1024;
    private static final int CHUNK_BYTES_MAX = 1 << 20;

    private final int bytesMax;
    private final ByteBudget.Reservation memory;
    private final List<byte[]> full = new ArrayList<>();
    private byte[] chunk = new byte[0];
    private int offset;
    private long size;

    BoundedOutput(int bytesMax, ByteBudget.Reservation memory) {
        this.bytesMax = bytesMax;
        this.memory = memory;
    }

    /// Lets the source write once, into whatever room there is.
    ///
    /// @return what the source said
    /// @throws Refusal if that made more bytes than allowed
    int readOnce(Source source) throws java.io.IOException, OverCapacityException, Refusal {
        if (offset == chunk.length) {
            grow();
        }
        int read = source.read(chunk, offset, chunk.length - offset);
        if (read > 0) {
            offset += read;
            size += read;
            if (size > bytesMax) {
                throw tooLarge(bytesMax);
            }
        }
        return read;
    }

    /// The bytes that the last [#readOnce] put in.
    void eachLast(int count, java.util.zip.Checksum checksum) {
        checksum.update(chunk, offset - count, count);
    }

    long size() {
        return size;
    }

    /// All bytes. The caller has reserved memory for this second copy.
    byte[] finish() {
        byte[] all = new byte[(int) size];
        int position = 0;
        for (byte[] piece : full) {
            System.arraycopy(piece, 0, all, position, piece.length);
            position += piece.length;
        }
        System.arraycopy(chunk, 0, all, position, offset);
        full.clear();
        return all;
    }

    static Refusal tooLarge(int bytesMax) {
        return Refusal.tooLarge(
                "body: too long once decompressed (expected: at most " + bytesMax + " bytes)");
    }

    private void grow() throws OverCapacityException {
        if (chunk.length > 0) {
            full.add(chunk);
        }
        int next = Math.clamp(chunk.length * 2L, FIRST_CHUNK_BYTES, CHUNK_BYTES_MAX);
        memory.add(next);
        chunk = new byte[next];
        offset = 0;
    }
}

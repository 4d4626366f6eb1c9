package io.emberscope.storage.segment;

import java.util.Arrays;
import java.util.zip.CRC32C;

/// Collects the checksums of a file as it is written: one CRC32C per 64 KiB, the last block as long
/// as it is.
final class BlockChecksums {
    static final int BLOCK_BYTES = 64 << 10;

    private final CRC32C crc = new CRC32C();
    private int[] done = new int[4];
    private int count;
    private int inBlock;
    private long bytes;

    void update(byte[] source, int offset, int length) {
        int from = offset;
        int left = length;
        while (left > 0) {
            int part = Math.min(left, BLOCK_BYTES - inBlock);
            crc.update(source, from, part);
            from += part;
            left -= part;
            inBlock += part;
            if (inBlock == BLOCK_BYTES) {
                endBlock();
            }
        }
        bytes += length;
    }

    /// All checksums; nothing may be added afterwards.
    int[] finish() {
        if (inBlock > 0) {
            endBlock();
        }
        return Arrays.copyOf(done, count);
    }

    long bytes() {
        return bytes;
    }

    static int blocks(long fileBytes) {
        return Math.toIntExact((fileBytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
    }

    private void endBlock() {
        if (count == done.length) {
            done = Arrays.copyOf(done, count * 2);
        }
        done[count++] = (int) crc.getValue();
        crc.reset();
        inBlock = 0;
    }
}

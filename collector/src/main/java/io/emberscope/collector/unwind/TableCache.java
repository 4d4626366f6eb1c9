package io.emberscope.collector.unwind;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.base.disk.FileCache;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.symbolizer.unwind.BuildMemory;
import io.emberscope.symbolizer.unwind.TableTooLargeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Unwind tables on disk, by build id, so that a collector that starts again has them at once.
/// Bounded in bytes: those not asked for for longest go first. Not safe for use by several threads.
///
/// A file is, little-endian: the text `EMBUNW4\n`, CRC-32C of all that follows (u32), number of
/// blocks (u32), then of each its length in words (u32) and its words, see
/// `docs/formats/unwind-table.md`. It is written beside and renamed; what is damaged is not used.
/// It need not survive a power cut, so nothing is forced.
final class TableCache {
    private static final byte[] MAGIC = "EMBUNW4\n".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER_BYTES = MAGIC.length + Integer.BYTES;

    /// Written or read at once.
    private static final int PIECE_BYTES = 64 * 1024;

    private static final String SUFFIX = ".unwind";
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{8,64}\\" + SUFFIX);

    private final FileCache files;
    private final Disk disk;
    private final long bytesMax;
    private final Metrics.Counter hits;
    private final Metrics.Counter misses;
    private final Metrics.Counter damaged;

    /// Opens the cache in a directory of its own.
    ///
    /// @throws IOException if the directory cannot be made or read
    TableCache(Path directory, Disk disk, long bytesMax, Metrics metrics) throws IOException {
        this.files = new FileCache(directory, disk, NAME, bytesMax);
        this.disk = disk;
        this.bytesMax = bytesMax;
        hits = counter(metrics, "hits", "Unwind tables found on disk.");
        misses = counter(metrics, "misses", "Unwind tables that had to be made from their binary.");
        damaged = counter(metrics, "damaged", "Unwind tables on disk that were damaged.");
    }

    private static Metrics.Counter counter(Metrics metrics, String what, String help) {
        return metrics.counter("emberscope_collector_unwind_cache_" + what + "_total", help);
    }

    /// The blocks of a binary's table, or null if they are not there.
    ///
    /// @param memory counts them, and nothing else yet
    @Nullable List<int[]> get(String buildId, BuildMemory memory) {
        String name = buildId + SUFFIX;
        DiskFile file = files.open(name);
        if (file == null) {
            misses.increment();
            return null;
        }
        try (file) {
            List<int[]> blocks = new Input(file).table(memory);
            hits.increment();
            return blocks;
        } catch (MalformedInputException e) {
            damaged.increment();
            files.forget(name);
        } catch (TableTooLargeException e) {
            // It is right, and may fit next time.
        } catch (IOException e) {
            files.forget(name);
        }
        memory.giveAll();
        misses.increment();
        return null;
    }

    /// Keeps a table. One that cannot be written is left out.
    void put(String buildId, List<int[]> blocks) {
        String name = buildId + SUFFIX;
        long size = (long) HEADER_BYTES + Integer.BYTES;
        for (int[] block : blocks) {
            size += Integer.BYTES + (long) block.length * Integer.BYTES;
        }
        if (!NAME.matcher(name).matches() || size > bytesMax) {
            return;
        }
        Path beside = files.path(name + ".tmp");
        try {
            disk.delete(beside);
            try (DiskFile written = disk.create(beside)) {
                CRC32C checksum = new CRC32C();
                encode(blocks, checksum::update);
                ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
                header.put(MAGIC).order(ByteOrder.LITTLE_ENDIAN);
                written.append(header.putInt((int) checksum.getValue()).flip());
                encode(blocks, written::append);
            }
            files.publish(beside, name, size);
        } catch (IOException e) {
            files.forget(name + ".tmp"); // there may be no room for more
            files.forget(name);
        }
    }

    /// Takes a part of a file that is written.
    private interface Output {
        void append(ByteBuffer piece) throws IOException;
    }

    /// What the checksum is of.
    private static void encode(List<int[]> blocks, Output out) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        piece.putInt(blocks.size());
        for (int[] block : blocks) {
            room(piece, out).putInt(block.length);
            for (int word : block) {
                room(piece, out).putInt(word);
            }
        }
        out.append(piece.flip());
    }

    private static ByteBuffer room(ByteBuffer piece, Output out) throws IOException {
        if (!piece.hasRemaining()) {
            out.append(piece.flip());
            piece.clear();
        }
        return piece;
    }

    /// Reads a file piece by piece.
    private static final class Input {
        private final DiskFile file;
        private final ByteBuffer piece =
                ByteBuffer.allocate(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);
        private final CRC32C checksum = new CRC32C();
        private long position;

        Input(DiskFile file) {
            this.file = file;
        }

        List<int[]> table(BuildMemory memory) throws IOException {
            ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            position = file.read(header, 0);
            if (header.flip().remaining() < HEADER_BYTES
                    || !header.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
                throw new MalformedInputException("unwind.magic: (expected: EMBUNW4)");
            }
            int stored = header.getInt(MAGIC.length);
            long count = word() & 0xffff_ffffL;
            List<int[]> blocks = new ArrayList<>();
            for (long i = 0; i < count; i++) {
                blocks.add(block(memory));
            }
            if (piece.hasRemaining() || position < file.size()) {
                throw new MalformedInputException("unwind.blocks: (expected: nothing behind)");
            }
            if (stored != (int) checksum.getValue()) {
                throw new MalformedInputException(
                        "unwind.checksum: 0x"
                                + Integer.toHexString(stored)
                                + " (expected: 0x"
                                + Long.toHexString(checksum.getValue())
                                + ")");
            }
            return blocks;
        }

        private int[] block(BuildMemory memory) throws IOException {
            long length = word() & 0xffff_ffffL;
            long left = (piece.remaining() + file.size() - position) / Integer.BYTES;
            long longest = Math.min(left, FileTables.BLOCK_WORDS_MAX);
            if (length == 0 || length > longest) {
                throw new MalformedInputException(
                        "unwind.block: " + length + " words (expected: 1.." + longest + ")");
            }
            memory.take(length * Integer.BYTES);
            int[] block = new int[(int) length];
            for (int i = 0; i < block.length; i++) {
                block[i] = word();
            }
            return block;
        }

        private int word() throws IOException {
            if (!piece.hasRemaining()) {
                int count = file.read(piece.clear(), position);
                piece.flip();
                position += count;
                checksum.update(piece.duplicate());
                if (count == 0 || count % Integer.BYTES != 0) {
                    throw new MalformedInputException(
                            "unwind.block: " + count + " bytes more (expected: whole words)");
                }
            }
            return piece.getInt();
        }
    }
}

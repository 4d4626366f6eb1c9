package io.emberscope.collector.unwind;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.base.metrics.Metrics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    private static final int CHECKED_FROM = MAGIC.length + Integer.BYTES;
    private static final int FILE_BYTES_MAX = 32 << 20;
    private static final int BLOCKS_MAX = 256;
    private static final String SUFFIX = ".unwind";
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{8,64}\\" + SUFFIX);

    private final Path directory;
    private final Disk disk;
    private final long bytesMax;

    /// Bytes of each file by name, in the order in which they were asked for.
    private final Map<String, Long> files = new LinkedHashMap<>(64, 0.75f, true);

    private long bytes;
    private final Metrics.Counter hits;
    private final Metrics.Counter misses;
    private final Metrics.Counter damaged;

    /// Opens the cache in a directory of its own.
    ///
    /// @throws IOException if the directory cannot be made or read
    TableCache(Path directory, Disk disk, long bytesMax, Metrics metrics) throws IOException {
        this.directory = directory;
        this.disk = disk;
        this.bytesMax = bytesMax;
        hits = counter(metrics, "hits", "Unwind tables found on disk.");
        misses = counter(metrics, "misses", "Unwind tables that had to be made from their binary.");
        damaged = counter(metrics, "damaged", "Unwind tables on disk that were damaged.");
        disk.createDirectories(directory);
        for (Path file : disk.list(directory)) {
            String name = String.valueOf(file.getFileName());
            if (NAME.matcher(name).matches()) {
                try (DiskFile opened = disk.open(directory.resolve(name))) {
                    account(name, opened.size());
                }
            } else {
                disk.delete(directory.resolve(name)); // what a crash left half written
            }
        }
        evict("");
    }

    private static Metrics.Counter counter(Metrics metrics, String what, String help) {
        return metrics.counter("emberscope_collector_unwind_cache_" + what + "_total", help);
    }

    /// The blocks of a binary's table, or null if they are not there.
    @Nullable List<int[]> get(String buildId) {
        String name = buildId + SUFFIX;
        if (!files.containsKey(name)) {
            misses.increment();
            return null;
        }
        try {
            byte[] file = disk.read(directory.resolve(name), FILE_BYTES_MAX);
            List<int[]> blocks = decode(file);
            account(name, file.length);
            hits.increment();
            return blocks;
        } catch (MalformedInputException e) {
            damaged.increment();
            forget(name);
        } catch (IOException e) {
            forget(name);
        }
        misses.increment();
        return null;
    }

    /// Keeps a table. One that cannot be written is left out.
    void put(String buildId, List<int[]> blocks) {
        String name = buildId + SUFFIX;
        byte[] file = encode(blocks);
        if (!NAME.matcher(name).matches() || file.length > Math.min(FILE_BYTES_MAX, bytesMax)) {
            return;
        }
        Path beside = directory.resolve(name + ".tmp");
        try {
            disk.delete(beside);
            try (DiskFile written = disk.create(beside)) {
                written.append(ByteBuffer.wrap(file));
            }
            disk.rename(beside, directory.resolve(name));
            account(name, file.length);
            evict(name);
        } catch (IOException e) {
            forget(name);
        }
    }

    private void account(String name, long size) {
        Long before = files.put(name, size);
        bytes += size - (before == null ? 0 : before);
    }

    private void evict(String spared) {
        Iterator<Map.Entry<String, Long>> eldest = files.entrySet().iterator();
        while (bytes > bytesMax && eldest.hasNext()) {
            Map.Entry<String, Long> file = eldest.next();
            if (!file.getKey().equals(spared)) {
                eldest.remove();
                bytes -= file.getValue();
                delete(file.getKey());
            }
        }
    }

    private void forget(String name) {
        Long size = files.remove(name);
        bytes -= size == null ? 0 : size;
        delete(name);
    }

    private void delete(String name) {
        try {
            disk.delete(directory.resolve(name));
        } catch (IOException _) {
            // It is found again, and judged again, at the next start.
        }
    }

    static byte[] encode(List<int[]> blocks) {
        int size = CHECKED_FROM + Integer.BYTES;
        for (int[] block : blocks) {
            size += Integer.BYTES + block.length * Integer.BYTES;
        }
        ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).putInt(0).putInt(blocks.size());
        for (int[] block : blocks) {
            out.putInt(block.length);
            out.asIntBuffer().put(block);
            out.position(out.position() + block.length * Integer.BYTES);
        }
        out.putInt(MAGIC.length, checksum(out.array()));
        return out.array();
    }

    static List<int[]> decode(byte[] file) throws MalformedInputException {
        ByteCursor cursor = ByteCursor.of(file);
        if (!Arrays.equals(cursor.bytes(MAGIC.length, "unwind.magic"), MAGIC)) {
            throw new MalformedInputException("unwind.magic: (expected: EMBUNW4)");
        }
        int stored = cursor.i32("unwind.checksum");
        if (stored != checksum(file)) {
            throw new MalformedInputException(
                    "unwind.checksum: 0x"
                            + Integer.toHexString(stored)
                            + " (expected: 0x"
                            + Integer.toHexString(checksum(file))
                            + ")");
        }
        long count = cursor.u32("unwind.blocks");
        if (count > BLOCKS_MAX) {
            throw new MalformedInputException(
                    "unwind.blocks: " + count + " (expected: at most " + BLOCKS_MAX + ")");
        }
        List<int[]> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long length = cursor.u32("unwind.block");
            if (length > FileTables.BLOCK_WORDS_MAX) {
                throw new MalformedInputException(
                        "unwind.block: "
                                + length
                                + " words (expected: at most "
                                + FileTables.BLOCK_WORDS_MAX
                                + ")");
            }
            int at = cursor.position();
            cursor.skip(length * Integer.BYTES, "unwind.block");
            int[] block = new int[(int) length];
            ByteBuffer.wrap(file, at, block.length * Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asIntBuffer()
                    .get(block);
            blocks.add(block);
        }
        return blocks;
    }

    private static int checksum(byte[] file) {
        CRC32C crc = new CRC32C();
        crc.update(file, CHECKED_FROM, file.length - CHECKED_FROM);
        return (int) crc.getValue();
    }
}

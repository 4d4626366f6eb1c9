package io.emberscope.storage.wal;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.storage.wal.WalFormat.FileHeader;
import io.emberscope.storage.wal.WalFormat.RecordHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// Reads one log file to its end, whatever state it is in.
///
/// The rule for damage: a record whose header is whole but whose body is not is passed over by its
/// length. Where no header is whole the next one is looked for, byte by byte. If there is one, what
/// lies between is damaged and counted; if there is none, the rest of the file is its torn end. So
/// one damaged place costs the records that it touches and no others.
final class WalReader {
    private static final int SCAN_BYTES = 64 << 10;

    private final DiskFile file;
    private final long size;
    private final int version;
    private final long salt;
    private final long after;
    private final WalVisitor visitor;

    private long position = WalFormat.FILE_HEADER_BYTES;
    private long last;
    private long records;
    private long oldRecords;
    private long damagedRecords;
    private long damagedBytes;
    private long tornBytes;

    private WalReader(DiskFile file, FileHeader header, long after, WalVisitor visitor)
            throws IOException {
        this.file = file;
        this.size = file.size();
        this.version = header.version();
        this.salt = header.salt();
        this.after = after;
        this.visitor = visitor;
    }

    /// Hands on every record above a sequence number.
    static Replay read(Disk disk, Path path, long after, WalVisitor visitor) throws IOException {
        try (DiskFile file = disk.open(path)) {
            ByteBuffer head = WalFormat.buffer(WalFormat.FILE_HEADER_BYTES);
            file.read(head, 0);
            head.flip();
            FileHeader header = WalFormat.parseFileHeader(head);
            if (header == null) {
                return headless(file.size());
            }
            if (header.version() < WalFormat.OLDEST_VERSION
                    || header.version() > WalFormat.VERSION) {
                throw new IOException(
                        path
                                + ": log version "
                                + header.version()
                                + " (expected: at most "
                                + WalFormat.VERSION
                                + "; a newer Emberscope wrote it)");
            }
            return new WalReader(file, header, after, visitor).read();
        }
    }

    /// Nothing is acknowledged before the header was forced, so a file without one is most likely
    /// the start of a crash. Only if there is more than a header could it be damage.
    private static Replay headless(long size) {
        return size <= WalFormat.FILE_HEADER_BYTES
                ? new Replay(1, 0, 0, 0, 0, 1, size, 0)
                : new Replay(1, 0, 0, 1, size, 0, 0, 0);
    }

    private Replay read() throws IOException {
        ByteBuffer head = WalFormat.buffer(WalFormat.RECORD_HEADER_BYTES);
        while (position < size) {
            head.clear();
            file.read(head, position);
            head.flip();
            RecordHeader header = WalFormat.parseRecordHeader(head, 0, salt, position);
            if (header == null) {
                passDamage();
            } else {
                record(header);
            }
        }
        return new Replay(
                1,
                records,
                oldRecords,
                damagedRecords,
                damagedBytes,
                tornBytes > 0 ? 1 : 0,
                tornBytes,
                last);
    }

    private void record(RecordHeader header) throws IOException {
        long next = position + WalFormat.RECORD_HEADER_BYTES + header.length();
        if (next > size) {
            tornBytes = size - position;
            position = size;
            return;
        }
        if (header.sequence() <= Math.max(after, last)) {
            oldRecords++;
            position = next;
            return;
        }
        last = header.sequence();
        ByteBuffer body = ByteBuffer.allocate(header.length());
        file.read(body, position + WalFormat.RECORD_HEADER_BYTES);
        if (WalEntry.crc(body.array()) != header.crc()) {
            damaged(next);
            return;
        }
        WalEntry entry;
        try {
            entry = WalEntry.decode(body.array(), header.rawLength(), version);
        } catch (MalformedInputException e) {
            damaged(next);
            return;
        }
        records++;
        position = next;
        visitor.visit(header.sequence(), entry);
    }

    private void damaged(long next) {
        damagedRecords++;
        damagedBytes += next - position;
        position = next;
    }

    /// Goes to the next record header, or to the end.
    private void passDamage() throws IOException {
        ByteBuffer bytes = WalFormat.buffer(SCAN_BYTES);
        long start = position + 1;
        while (start < size) {
            bytes.clear();
            int length = file.read(bytes, start);
            bytes.flip();
            for (int i = 0; i <= length - WalFormat.RECORD_HEADER_BYTES; i++) {
                if (bytes.getInt(i) == WalFormat.MARK
                        && WalFormat.parseRecordHeader(bytes, i, salt, start + i) != null) {
                    damaged(start + i);
                    return;
                }
            }
            if (length < SCAN_BYTES) {
                break;
            }
            start += SCAN_BYTES - WalFormat.RECORD_HEADER_BYTES + 1;
        }
        tornBytes = size - position;
        position = size;
    }
}

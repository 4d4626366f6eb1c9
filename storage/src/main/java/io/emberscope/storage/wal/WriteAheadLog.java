package io.emberscope.storage.wal;

import io.emberscope.base.Failpoint;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.base.disk.DiskFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// A directory of log files. Records are appended in groups: one write, one force. Old files go
/// once a segment holds what is in them.
///
/// A file that another run of the process wrote is read and then deleted, never written: whether
/// its last bytes are really on the disk cannot be known. One thread uses a log, except that
/// [#deleteThrough] may be called by another.
public final class WriteAheadLog implements AutoCloseable {
    private static final String SUFFIX = ".wal";
    private static final String DAMAGED_SUFFIX = ".damaged";

    /// Damaged files of earlier runs that are kept for an operator to look at.
    private static final int DAMAGED_FILES_MAX = 8;

    private final Path directory;
    private final Disk disk;
    private final long fileBytesMax;
    private final LongSupplier salts;

    /// Files that are complete, oldest first; guarded by itself.
    private final Deque<Finished> finished = new ArrayDeque<>();

    private long nextSequence = 1;
    private @Nullable Current current;
    private boolean broken;

    private WriteAheadLog(Path directory, Disk disk, long fileBytesMax, LongSupplier salts) {
        this.directory = directory;
        this.disk = disk;
        this.fileBytesMax = fileBytesMax;
        this.salts = salts;
    }

    /// Opens the log of a directory, which is made if it is missing.
    ///
    /// @param fileBytesMax a file that is longer is followed by a new one
    /// @param salts random numbers that strangers cannot guess
    public static WriteAheadLog open(
            Path directory, Disk disk, long fileBytesMax, LongSupplier salts) throws IOException {
        disk.createDirectories(directory);
        return new WriteAheadLog(directory, disk, fileBytesMax, salts);
    }

    /// Hands on all records above a sequence number, in order. Afterwards the numbers go on above
    /// all that were seen.
    ///
    /// @param after sequence number of the newest record that a segment holds, 0 if there is none
    public Replay replay(long after, WalVisitor visitor) throws IOException {
        Replay sum = Replay.NOTHING;
        long last = after;
        for (Path path : disk.list(directory)) {
            if (!path.getFileName().toString().endsWith(SUFFIX)) {
                continue;
            }
            Replay one = WalReader.read(disk, path, last, visitor);
            last = Math.max(last, one.lastSequence());
            sum = sum.plus(one);
            synchronized (finished) {
                finished.add(new Finished(path, last, one.damagedRecords() > 0));
            }
        }
        nextSequence = last + 1;
        return sum;
    }

    /// Sequence number that the next record gets.
    public long nextSequence() {
        return nextSequence;
    }

    /// Writes records and makes them durable. If this returns they survive a power cut; if it fails
    /// some may.
    ///
    /// @return sequence number of the first one; the others follow
    /// @throws DiskFullException if there was no room; may be tried again
    /// @throws IOException if the disk failed; nothing may be appended any more
    public long append(List<WalEntry.Encoded> entries) throws IOException {
        if (broken) {
            throw new IOException(directory + ": failed before (expected: a restart)");
        }
        long first = nextSequence;
        // Numbers of records that failed are not used again: one may be on the disk after all, and
        // then a second one of its number would be taken for the same.
        nextSequence += entries.size();
        broken = true;
        try {
            Current file = current;
            if (file == null) {
                file = create(first);
                current = file;
            }
            file.write(entries, first);
            Failpoint.hit("wal.written");
            file.file.force();
            Failpoint.hit("wal.forced");
            file.lastSequence = nextSequence - 1;
            broken = false;
            if (file.size >= fileBytesMax) {
                finish();
            }
        } catch (DiskFullException e) {
            abandon();
            broken = false;
            throw e;
        }
        return first;
    }

    /// Lets the next record begin a new file.
    public void finish() throws IOException {
        Current file = current;
        current = null;
        if (file != null) {
            synchronized (finished) {
                finished.add(new Finished(file.path, file.lastSequence, false));
            }
            file.file.close();
        }
    }

    /// Deletes the complete files of which a segment holds every record. A damaged file is set
    /// aside instead, since it may hold a record that nothing else does.
    ///
    /// @param sequence number of the newest record in a segment
    public void deleteThrough(long sequence) throws IOException {
        List<Finished> gone = new ArrayList<>();
        synchronized (finished) {
            while (!finished.isEmpty() && finished.getFirst().lastSequence <= sequence) {
                gone.add(finished.removeFirst());
            }
        }
        for (Finished file : gone) {
            Failpoint.hit("wal.delete");
            if (file.damaged) {
                disk.rename(
                        file.path,
                        file.path.resolveSibling(file.path.getFileName() + DAMAGED_SUFFIX));
                dropOldDamaged();
            } else {
                disk.delete(file.path);
            }
        }
    }

    /// Bytes of all files.
    public long bytes() throws IOException {
        long sum = 0;
        for (Path path : disk.list(directory)) {
            try (DiskFile file = disk.open(path)) {
                sum += file.size();
            }
        }
        return sum;
    }

    @Override
    public void close() throws IOException {
        finish();
    }

    private Current create(long first) throws IOException {
        long salt = salts.getAsLong() | 1;
        // A file without a whole record may have the same number, but not the same salt.
        String name = String.format(Locale.ROOT, "%020d-%016x%s", first, salt, SUFFIX);
        Path path = directory.resolve(name);
        DiskFile file = disk.create(path);
        try {
            file.append(WalFormat.fileHeader(salt));
            Failpoint.hit("wal.created");
        } catch (IOException e) {
            file.close();
            disk.delete(path);
            throw e;
        }
        disk.forceDirectory(directory);
        return new Current(path, file, salt, first - 1);
    }

    /// Leaves a file to which a write failed. What the write left is cut off as well as it goes; at
    /// a replay the rest is a torn end.
    private void abandon() throws IOException {
        Current file = current;
        if (file != null) {
            file.file.truncate(file.size);
            finish();
        }
    }

    private void dropOldDamaged() throws IOException {
        List<Path> damaged = new ArrayList<>();
        for (Path path : disk.list(directory)) {
            if (path.getFileName().toString().endsWith(DAMAGED_SUFFIX)) {
                damaged.add(path);
            }
        }
        for (int i = 0; i < damaged.size() - DAMAGED_FILES_MAX; i++) {
            disk.delete(damaged.get(i));
        }
    }

    private record Finished(Path path, long lastSequence, boolean damaged) {}

    private static final class Current {
        private final Path path;
        private final DiskFile file;
        private final long salt;

        /// Bytes up to the end of the last record that was written whole.
        private long size = WalFormat.FILE_HEADER_BYTES;

        private long lastSequence;

        Current(Path path, DiskFile file, long salt, long lastSequence) {
            this.path = path;
            this.file = file;
            this.salt = salt;
            this.lastSequence = lastSequence;
        }

        void write(List<WalEntry.Encoded> entries, long first) throws IOException {
            long bytes = 0;
            for (WalEntry.Encoded entry : entries) {
                bytes += WalFormat.RECORD_HEADER_BYTES + entry.bytes().length;
            }
            ByteBuffer group = WalFormat.buffer(Math.toIntExact(bytes));
            long sequence = first;
            for (WalEntry.Encoded entry : entries) {
                WalFormat.putRecordHeader(group, salt, size + group.position(), sequence++, entry);
                group.put(entry.bytes());
            }
            group.flip();
            file.append(group);
            size += bytes;
        }
    }
}

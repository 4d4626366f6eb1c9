package io.emberscope.collector.export;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.profile.BatchId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Iterator;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Batches that wait for the server, one file each, oldest first, kept across restarts. Safe for
/// use by several threads.
///
/// Bounded in bytes and in number: the oldest go first, and are counted. A file that a crash tore
/// is told by its checksum. Where the disk fails, a few batches are kept in memory instead.
///
/// A batch is written before it is sent but forced to the disk only once it has to stay ([#keep]):
/// with the server there it never costs a write to the device.
public final class Spool {
    /// Most batches, whatever their size.
    static final int BATCHES_MAX = 65_536;

    /// Most bytes of batches in memory, for when the disk fails.
    static final int MEMORY_BYTES_MAX = 4 << 20;

    private static final int BATCH_BYTES_MAX = 64 << 20;

    private final Path directory;
    private final long bytesMax;
    private final Disk disk;
    private final Tally tally;
    private final Consumer<String> log;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Batch> batches = new ArrayDeque<>();
    private long diskBytes;
    private long memoryBytes;
    private boolean diskFailed;
    private long wakes;

    /// One batch that waits. A handle without the bytes, unless they are nowhere else.
    public static final class Batch {
        private final BatchId id;
        private final Path path;
        private final long bytes;
        private final long samples;
        private final long nanos;
        private byte @Nullable [] inMemory;
        private boolean inFlight;
        private boolean kept;

        private Batch(BatchId id, Path path, long bytes, long samples, long nanos) {
            this.id = id;
            this.path = path;
            this.bytes = bytes;
            this.samples = samples;
            this.nanos = nanos;
        }

        /// Its name for the server.
        public BatchId id() {
            return id;
        }

        /// Samples in it.
        public long samples() {
            return samples;
        }

        /// CPU time in it.
        public long nanos() {
            return nanos;
        }
    }

    private Spool(Path directory, long bytesMax, Disk disk, Tally tally, Consumer<String> log) {
        this.directory = directory;
        this.bytesMax = bytesMax;
        this.disk = disk;
        this.tally = tally;
        this.log = log;
    }

    /// Opens a spool and finds what an earlier run left in it.
    ///
    /// @param directory made if it is not there; nothing else may be in it
    /// @param bytesMax most bytes on disk
    /// @param log takes one sentence about each thing an operator should know
    public static Spool open(
            Path directory, long bytesMax, Disk disk, Tally tally, Consumer<String> log) {
        Spool spool = new Spool(directory, bytesMax, disk, tally, log);
        try {
            disk.createDirectories(directory);
            for (Path path : disk.list(directory)) {
                if (SpoolFile.isSpoolFile(path)) {
                    spool.restore(path);
                }
            }
        } catch (IOException e) {
            spool.diskFailed(e);
        }
        spool.makeRoom(0);
        return spool;
    }

    /// Adds a batch, to be sent after all others.
    ///
    /// @param body the encoded batch
    public void append(BatchId id, byte[] body, long samples, long nanos) {
        lock.lock();
        try {
            byte[] content = SpoolFile.encode(id, body, samples, nanos);
            Path path = directory.resolve(SpoolFile.name(id));
            Batch batch = new Batch(id, path, content.length, samples, nanos);
            if (content.length > bytesMax) {
                tally.dropped(Loss.SPOOL_FULL, samples, nanos);
                return;
            }
            makeRoom(content.length);
            try {
                write(path, content);
                diskBytes += content.length;
                diskFailed = false;
            } catch (IOException e) {
                diskFailed(e);
                batch.inMemory = body;
                memoryBytes += body.length;
            }
            batches.addLast(batch);
            dropFromMemory();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits for a batch and returns the oldest, which stays until it is [#remove]d; null if there
    /// is none within the time.
    public @Nullable Batch oldest(long waitNanos) throws InterruptedException {
        lock.lock();
        try {
            long left = waitNanos;
            long seen = wakes;
            while (batches.isEmpty() && left > 0 && wakes == seen) {
                left = changed.awaitNanos(left);
            }
            Batch batch = batches.peekFirst();
            if (batch != null) {
                batch.inFlight = true;
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /// Waits for some time, or until somebody calls [#wake].
    void pause(long waitNanos) throws InterruptedException {
        lock.lock();
        try {
            long left = waitNanos;
            long seen = wakes;
            while (left > 0 && wakes == seen) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Ends the waits of [#oldest] and [#pause] at once. Used instead of interrupting the thread,
    /// which would close the file it happens to read.
    void wake() {
        lock.lock();
        try {
            wakes++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// The encoded batch. If its file is damaged it is dropped and counted, and this is null.
    public byte @Nullable [] read(Batch batch) {
        lock.lock();
        try {
            if (batch.inMemory != null) {
                return batch.inMemory;
            }
            try {
                byte[] body = SpoolFile.body(disk.read(batch.path, BATCH_BYTES_MAX));
                if (body != null) {
                    return body;
                }
                log.accept(batch.path + ": damaged, dropped");
            } catch (IOException e) {
                log.accept(batch.path + ": unreadable, dropped: " + e.getMessage());
            }
            drop(batch, Loss.SPOOL_DAMAGED);
            return null;
        } finally {
            lock.unlock();
        }
    }

    /// Makes a batch that could not be sent survive a power cut.
    public void keep(Batch batch) {
        lock.lock();
        try {
            batch.inFlight = false;
            if (batch.inMemory == null && !batch.kept && batches.contains(batch)) {
                try (DiskFile file = disk.open(batch.path)) {
                    file.force();
                }
                disk.forceDirectory(directory);
                batch.kept = true;
            }
        } catch (IOException e) {
            diskFailed(e);
        } finally {
            lock.unlock();
        }
    }

    /// Takes a batch out that has reached the server, or never will.
    public void remove(Batch batch) {
        lock.lock();
        try {
            if (batches.remove(batch)) {
                forget(batch);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits until it is empty. Returns whether it is.
    public boolean awaitEmpty(long waitNanos) throws InterruptedException {
        lock.lock();
        try {
            long left = waitNanos;
            while (!batches.isEmpty() && left > 0) {
                left = changed.awaitNanos(left);
            }
            return batches.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /// Batches that wait.
    public int size() {
        lock.lock();
        try {
            return batches.size();
        } finally {
            lock.unlock();
        }
    }

    /// Bytes on disk.
    public long bytes() {
        lock.lock();
        try {
            return diskBytes;
        } finally {
            lock.unlock();
        }
    }

    /// Samples that wait.
    public long samples() {
        lock.lock();
        try {
            long samples = 0;
            for (Batch batch : batches) {
                samples += batch.samples;
            }
            return samples;
        } finally {
            lock.unlock();
        }
    }

    /// CPU time that waits.
    public long nanos() {
        lock.lock();
        try {
            long nanos = 0;
            for (Batch batch : batches) {
                nanos += batch.nanos;
            }
            return nanos;
        } finally {
            lock.unlock();
        }
    }

    /// Whether the last write to the disk failed.
    public boolean isDiskFailed() {
        lock.lock();
        try {
            return diskFailed;
        } finally {
            lock.unlock();
        }
    }

    private void write(Path path, byte[] content) throws IOException {
        disk.delete(path);
        try (DiskFile file = disk.create(path)) {
            file.append(ByteBuffer.wrap(content));
        } catch (IOException e) {
            deleteQuietly(path);
            throw e;
        }
    }

    private void restore(Path path) throws IOException {
        long size;
        byte[] start;
        try (DiskFile file = disk.open(path)) {
            size = file.size();
            ByteBuffer buffer =
                    ByteBuffer.allocate((int) Math.min(size, SpoolFile.HEADER_BYTES_MAX));
            int read = file.read(buffer, 0);
            start = Arrays.copyOf(buffer.array(), read);
        }
        try {
            SpoolFile.Header header = SpoolFile.header(start);
            Batch batch = new Batch(header.id(), path, size, header.samples(), header.nanos());
            batch.kept = true;
            batches.addLast(batch);
            diskBytes += size;
            tally.restored(header.samples(), header.nanos());
        } catch (MalformedInputException e) {
            log.accept(path + ": torn by a crash, deleted: " + e.getMessage());
            deleteQuietly(path);
        }
    }

    /// Drops the oldest until `more` bytes fit; what is being sent right now is left.
    private void makeRoom(long more) {
        Iterator<Batch> oldest = batches.iterator();
        while ((diskBytes + more > bytesMax || batches.size() >= BATCHES_MAX) && oldest.hasNext()) {
            Batch batch = oldest.next();
            if (batch.inMemory == null && !batch.inFlight) {
                oldest.remove();
                forget(batch);
                tally.dropped(Loss.SPOOL_FULL, batch.samples, batch.nanos);
            }
        }
    }

    private void dropFromMemory() {
        Iterator<Batch> oldest = batches.iterator();
        while (memoryBytes > MEMORY_BYTES_MAX && oldest.hasNext()) {
            Batch batch = oldest.next();
            if (batch.inMemory != null && !batch.inFlight) {
                oldest.remove();
                forget(batch);
                tally.dropped(Loss.SPOOL_FAILED, batch.samples, batch.nanos);
            }
        }
    }

    private void drop(Batch batch, Loss loss) {
        if (batches.remove(batch)) {
            forget(batch);
            tally.dropped(loss, batch.samples, batch.nanos);
            changed.signalAll();
        }
    }

    private void forget(Batch batch) {
        byte[] body = batch.inMemory;
        if (body != null) {
            memoryBytes -= body.length;
        } else {
            diskBytes -= batch.bytes;
            deleteQuietly(batch.path);
        }
    }

    private void deleteQuietly(Path path) {
        try {
            disk.delete(path);
        } catch (IOException e) {
            diskFailed(e);
        }
    }

    private void diskFailed(IOException e) {
        if (!diskFailed) {
            log.accept(
                    "spool "
                            + directory
                            + ": "
                            + e
                            + "; batches are kept in memory, at most "
                            + MEMORY_BYTES_MAX
                            + " bytes, until the disk works again");
        }
        diskFailed = true;
    }
}

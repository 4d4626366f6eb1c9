package io.emberscope.symbolizer.unwind;

import java.util.Arrays;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Counts the memory of one table while it is made: of everything that grows with the file. Files
/// are strangers', and must not exhaust the heap. Taken before it is allocated. For one thread.
///
/// What does not depend on the file, or by a few hundred KB only, is not counted.
public final class BuildMemory implements AutoCloseable {
    /// What all tables that are made, or made and not yet used, have together. Safe for use by
    /// several threads.
    public static final class Pool {
        private final long bytesMax;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition closed = lock.newCondition();
        private long left;
        private int finished;

        /// @param bytesMax so much at most
        public Pool(long bytesMax) {
            this.bytesMax = bytesMax;
            this.left = bytesMax;
        }

        /// Begins with a table.
        public BuildMemory open() {
            return new BuildMemory(this);
        }

        private void take(long bytes) throws TableTooLargeException {
            lock.lock();
            try {
                while (bytes > left && finished > 0) {
                    closed.awaitUninterruptibly();
                }
                if (bytes > left) {
                    throw new TableTooLargeException(bytes, left, bytesMax);
                }
                left -= bytes;
            } finally {
                lock.unlock();
            }
        }

        private void give(long bytes, int moreFinished) {
            lock.lock();
            try {
                left += bytes;
                finished += moreFinished;
                closed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private final Pool pool;
    private long taken;
    private boolean isFinished;

    private BuildMemory(Pool pool) {
        this.pool = pool;
    }

    /// Takes memory.
    ///
    /// Waits as long as there is too little and tables are finished but not closed.
    ///
    /// @throws TableTooLargeException if there is not so much left
    public void take(long bytes) throws TableTooLargeException {
        pool.take(bytes);
        taken += bytes;
    }

    /// Gives some of it back.
    void give(long bytes) {
        taken -= bytes;
        pool.give(bytes, 0);
    }

    /// Gives all back but what the table itself takes, until [#close], which must not be long.
    public void finish(long bytes) {
        give(taken - bytes);
        isFinished = true;
        pool.give(0, 1);
    }

    /// Gives all back.
    public void giveAll() {
        give(taken);
    }

    /// Gives all back. Closing again does nothing.
    @Override
    public void close() {
        giveAll();
        pool.give(0, isFinished ? -1 : 0);
        isFinished = false;
    }

    /// An array with more room, or less; the one before is not used any more.
    long[] resized(long[] array, int length) throws TableTooLargeException {
        take((long) length * Long.BYTES);
        long[] resized = Arrays.copyOf(array, length);
        give((long) array.length * Long.BYTES);
        return resized;
    }

    /// The same.
    int[] resized(int[] array, int length) throws TableTooLargeException {
        take((long) length * Integer.BYTES);
        int[] resized = Arrays.copyOf(array, length);
        give((long) array.length * Integer.BYTES);
        return resized;
    }

    /// The same.
    byte[] resized(byte[] array, int length) throws TableTooLargeException {
        take(length);
        byte[] resized = Arrays.copyOf(array, length);
        give(array.length);
        return resized;
    }

    /// Sorts the beginning of an array.
    void sort(long[] array, int count) throws TableTooLargeException {
        long merged = (long) count * Long.BYTES; // by the JDK's sort, in another array
        take(merged);
        Arrays.sort(array, 0, count);
        give(merged);
    }
}

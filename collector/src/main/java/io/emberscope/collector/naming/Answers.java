package io.emberscope.collector.naming;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Answers that one thread gives while another waits for them. When the wait is over nothing
/// changes any more, whatever the first one is still at.
final class Answers {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private boolean isOver;

    /// Waits until all is answered or given up, or the time is over.
    void await(long waitNanos) throws InterruptedException {
        lock.lock();
        try {
            long left = waitNanos;
            while (!isOver && left > 0) {
                left = ended.awaitNanos(left);
            }
            isOver = true;
        } finally {
            lock.unlock();
        }
    }

    /// Notes something, unless the wait is over.
    ///
    /// @return whether there is still somebody who waits
    boolean give(Runnable note) {
        lock.lock();
        try {
            if (!isOver) {
                note.run();
            }
            return !isOver;
        } finally {
            lock.unlock();
        }
    }

    /// Says that there will be no more.
    void end() {
        lock.lock();
        try {
            isOver = true;
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

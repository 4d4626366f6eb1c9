package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.symbols.CodeSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Has units read by several readers, each in a thread of its own, and told one by one in their
/// order, so that what is told does not depend on threads.
final class UnitCrew {
    /// Larger units are read when all before them are told, so that memory has one of them at most.
    private static final int LARGE_BYTES = 4 * 1024 * 1024;

    private final UnitIndex units;
    private final CodeSink sink;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition turned = lock.newCondition();

    // Guarded by the lock, as is the sink.
    private int next;
    private int turn;
    private boolean isStopped;
    private int told;
    private int without;
    private int malformed;
    private int tooLarge;
    private int unread;
    private String refusal = "";

    UnitCrew(UnitIndex units, CodeSink sink) {
        this.units = units;
        this.sink = sink;
        if (!units.isWhole()) {
            unread = 1;
            refusal = ".debug_info: length of a unit (expected: to end in the section)";
        }
    }

    /// Reads and tells all units.
    DebugInfo.Told tell(List<UnitReader> readers) throws IOException {
        if (readers.size() == 1 || units.count() < 2) {
            work(readers.getFirst());
        } else {
            try (ExecutorService threads = Executors.newFixedThreadPool(readers.size())) {
                List<Future<?>> works = new ArrayList<>();
                for (UnitReader reader : readers) {
                    works.add(
                            threads.submit(
                                    () -> {
                                        work(reader);
                                        return null;
                                    }));
                }
                for (Future<?> work : works) {
                    await(work);
                }
            }
        }
        return new DebugInfo.Told(told, without, malformed, tooLarge, unread, refusal);
    }

    private static void await(Future<?> work) throws IOException {
        while (true) {
            try {
                work.get();
                return;
            } catch (InterruptedException e) {
                throw new java.io.InterruptedIOException("reading debug information");
            } catch (ExecutionException e) {
                switch (e.getCause()) {
                    case IOException cause -> throw cause;
                    case RuntimeException cause -> throw cause;
                    case null, default -> throw new IllegalStateException(e);
                }
            }
        }
    }

    private void work(UnitReader reader) throws IOException {
        boolean isDone = false;
        try {
            for (int unit = claim(); unit >= 0; unit = claim()) {
                read(unit, reader);
            }
            isDone = true;
        } finally {
            if (!isDone) {
                stop();
            }
        }
    }

    private int claim() {
        lock.lock();
        try {
            return isStopped || next == units.count() ? -1 : next++;
        } finally {
            lock.unlock();
        }
    }

    private void stop() {
        lock.lock();
        try {
            isStopped = true;
            turned.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void read(int unit, UnitReader reader) throws IOException {
        if (units.length(unit) > LARGE_BYTES && !awaitTurn(unit)) {
            return;
        }
        IOException refused = null;
        boolean hasCode = false;
        try {
            hasCode = reader.read(units.offset(unit));
        } catch (MalformedInputException | TooMuchException e) {
            refused = e;
        }
        if (!awaitTurn(unit)) {
            return;
        }
        if (refused == null && hasCode) {
            try {
                reader.tell(sink);
            } catch (MalformedInputException | TooMuchException e) {
                refused = e; // what was told of it stays
            }
            sink.endUnit();
        }
        endTurn(refused, hasCode);
    }

    /// Waits until all units before one were told; answers whether it is to be told.
    private boolean awaitTurn(int unit) {
        lock.lock();
        try {
            while (turn != unit && !isStopped) {
                turned.awaitUninterruptibly();
            }
            return turn == unit && !isStopped;
        } finally {
            lock.unlock();
        }
    }

    private void endTurn(@org.jspecify.annotations.Nullable IOException refused, boolean hasCode) {
        lock.lock();
        try {
            if (refused == null) {
                if (hasCode) {
                    told++;
                } else {
                    without++;
                }
            } else {
                refusal = refusal.isEmpty() ? String.valueOf(refused.getMessage()) : refusal;
                if (!(refused instanceof TooMuchException much)) {
                    malformed++;
                } else if (much.what() == TooMuchException.What.UNIT) {
                    tooLarge++;
                } else {
                    unread += units.count() - turn;
                    isStopped = true;
                }
            }
            turn++;
            turned.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

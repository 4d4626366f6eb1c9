package io.emberscope.collector.unwind;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.UnwindMemory;
import io.emberscope.collector.process.Binary;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The unwind tables that the kernel has: loaded when a stack needs one, and given up, those not
/// used for longest first, when room is needed for others. Not safe for use by several threads.
final class Tables {
    /// A number whose table is never there: for binaries whose own is not.
    static final int MISSING = 1;

    /// The number for code that has no table.
    static final int NONE = 0;

    private static final int FIRST_NUMBER = 2;
    private static final long RETRY_NANOS = 60_000_000_000L;
    private static final long NO_ROOM_NANOS = 5_000_000_000L;

    /// A table that was used within so many of [UnwindMemory#tableUsed]'s units stays.
    private static final int FRESH = 2;

    /// Binaries known at most; beyond, those without a table are forgotten.
    private static final int BINARIES_MAX = 16_384;

    enum State {
        /// Nobody asked, or it was given up.
        ABSENT,
        LOADING,
        READY,
        /// There is none.
        NONE,
        /// It cannot be had for now.
        FAILED,
        /// There is no room for it now.
        NO_ROOM
    }

    /// A part of a table, in the kernel.
    ///
    /// @param number by which mappings refer to it
    /// @param start offset in the file
    /// @param end offset in the file
    record Part(int number, int place, int words, long start, long end) {}

    /// What is known of one binary, or of several with the same build id.
    static final class Table {
        private State state = State.ABSENT;
        private List<Part> parts = List.of();
        private long sinceNanos;

        State state() {
            return state;
        }

        /// By offset in the file; empty unless ready.
        List<Part> parts() {
            return parts;
        }

        /// Whether a number is that of one of its parts.
        boolean has(int number) {
            for (Part part : parts) {
                if (part.number() == number) {
                    return true;
                }
            }
            return false;
        }

        /// When it was asked for.
        long sinceNanos() {
            return sinceNanos;
        }
    }

    private final UnwindMemory memory;
    private final Places places;
    private final TableLoader loader;
    private final Map<Object, Table> tables = new HashMap<>();
    private final Map<String, Table> byBuildId = new HashMap<>();

    /// How many published mappings refer to each number; -1 where the number was never given.
    private final int[] references = new int[UnwindMemory.TABLES_MAX];

    private final boolean[] taken = new boolean[UnwindMemory.TABLES_MAX];
    private int searchFrom = FIRST_NUMBER;
    private int generation;
    private final AtomicInteger readyCount = new AtomicInteger();
    private final Metrics.Counter loads;
    private final Metrics.Counter failures;
    private final Metrics.Counter evictions;
    private final Metrics.Counter noRoom;

    Tables(UnwindMemory memory, Places places, TableLoader loader, Metrics metrics) {
        this.memory = memory;
        this.places = places;
        this.loader = loader;
        memory.table(MISSING, UnwindMemory.TABLE_MISSING);
        loads =
                metrics.counter(
                        "emberscope_collector_unwind_tables_loaded_total",
                        "Unwind tables given to the kernel.");
        failures =
                metrics.counter(
                        "emberscope_collector_unwind_tables_failed_total",
                        "Unwind tables that could not be made; frame pointers are used.");
        evictions =
                metrics.counter(
                        "emberscope_collector_unwind_tables_evicted_total",
                        "Unwind tables taken from the kernel to make room for others.");
        noRoom =
                metrics.counter(
                        "emberscope_collector_unwind_tables_refused_total",
                        "Unwind tables for which there was no room; frame pointers are used.");
        metrics.gauge(
                "emberscope_collector_unwind_tables",
                "Binaries whose unwind table the kernel has.",
                readyCount::get);
    }

    /// Changes whenever something published may no longer be as good as it could be.
    int generation() {
        return generation;
    }

    /// What is known of a binary.
    Table of(Binary binary) {
        if (tables.size() >= BINARIES_MAX) {
            tables.values().removeIf(table -> table.state != State.READY);
        }
        Object key = binary.buildId().isKnown() ? binary.buildId() : binary;
        return tables.computeIfAbsent(key, _ -> new Table());
    }

    /// Asks for a table, if that makes sense now.
    State want(Binary binary, long nowNanos) {
        Table table = of(binary);
        long age = nowNanos - table.sinceNanos;
        boolean retry =
                switch (table.state) {
                    case ABSENT -> true;
                    case FAILED -> age > RETRY_NANOS;
                    case NO_ROOM -> age > NO_ROOM_NANOS;
                    case LOADING, READY, NONE -> false;
                };
        if (retry) {
            table.sinceNanos = nowNanos;
            table.state = loader.request(binary) ? State.LOADING : State.FAILED;
            generation++;
        }
        return table.state;
    }

    /// Gives the kernel what was loaded meanwhile.
    void update(long nowNanos) throws BpfException {
        places.settle(nowNanos);
        for (TableLoader.Loaded next = loader.poll(); next != null; next = loader.poll()) {
            accept(next, nowNanos);
            generation++;
        }
    }

    private void accept(TableLoader.Loaded loaded, long nowNanos) throws BpfException {
        Table table = of(loaded.binary());
        Table same = loaded.buildId().isEmpty() ? null : byBuildId.get(loaded.buildId());
        if (same != null && same.state == State.READY) {
            Object key =
                    loaded.binary().buildId().isKnown()
                            ? loaded.binary().buildId()
                            : loaded.binary();
            tables.put(key, same);
            return;
        }
        table.sinceNanos = nowNanos;
        if (loaded.isFailed()) {
            table.state = State.FAILED;
            failures.increment();
        } else if (loaded.blocks().isEmpty()) {
            table.state = State.NONE;
        } else if (store(table, loaded.blocks(), nowNanos)) {
            table.state = State.READY;
            readyCount.incrementAndGet();
            loads.increment();
            if (!loaded.buildId().isEmpty()) {
                byBuildId.put(loaded.buildId(), table);
            }
        } else {
            table.state = State.NO_ROOM;
            noRoom.increment();
        }
    }

    private boolean store(Table table, List<int[]> blocks, long nowNanos) throws BpfException {
        List<Part> parts = new ArrayList<>(blocks.size());
        for (int[] block : blocks) {
            Part part = part(block, nowNanos);
            if (part == null) {
                giveUp(parts, nowNanos);
                return false;
            }
            parts.add(part);
        }
        table.parts = List.copyOf(parts);
        return true;
    }

    private @Nullable Part part(int[] block, long nowNanos) throws BpfException {
        int number = number();
        if (number < 0) {
            return null;
        }
        int place = places.take(block.length);
        while (place == Places.NOWHERE && !places.isSettling() && evictOldest(nowNanos)) {
            place = places.take(block.length);
        }
        if (place == Places.NOWHERE) {
            taken[number] = false;
            return null;
        }
        memory.write(place, block, block.length);
        memory.table(number, place);
        return new Part(
                number,
                place,
                block.length,
                TableLoader.Loaded.start(block),
                TableLoader.Loaded.end(block));
    }

    /// A number that nothing refers to, or -1.
    private int number() {
        for (int tried = FIRST_NUMBER; tried < taken.length; tried++) {
            int number = searchFrom;
            searchFrom = number + 1 < taken.length ? number + 1 : FIRST_NUMBER;
            if (!taken[number] && references[number] == 0) {
                taken[number] = true;
                return number;
            }
        }
        return -1;
    }

    private void giveUp(List<Part> parts, long nowNanos) {
        for (Part part : parts) {
            memory.table(part.number(), UnwindMemory.TABLE_MISSING);
            places.free(part.place(), part.words(), nowNanos);
            taken[part.number()] = false;
        }
    }

    /// Takes the table that was not used for longest from the kernel; false if all are in use.
    private boolean evictOldest(long nowNanos) {
        Table oldest = null;
        int oldestUse = (int) (nowNanos >>> 30) - FRESH;
        for (Table table : tables.values()) {
            if (table.state == State.READY) {
                int used = Integer.MIN_VALUE;
                for (Part part : table.parts) {
                    used = Math.max(used, memory.tableUsed(part.number()));
                }
                if (used < oldestUse) {
                    oldest = table;
                    oldestUse = used;
                }
            }
        }
        if (oldest == null) {
            return false;
        }
        giveUp(oldest.parts, nowNanos);
        oldest.parts = List.of();
        oldest.state = State.ABSENT;
        readyCount.decrementAndGet();
        evictions.increment();
        return true;
    }

    /// Notes that published mappings refer to a number, or no longer do.
    void refer(int number, int change) {
        references[number] += change;
    }
}

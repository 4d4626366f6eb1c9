package io.emberscope.collector.unwind;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.UnwindMemory;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.BuildId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The unwind tables that the kernel has: loaded when a stack needs one, and given up, those not
/// used for longest first, when room is needed for others. A part of the room is left to mappings,
/// so that what does not fit is a table: code goes by frame pointers then, which is better than
/// nothing. Not safe for use by several threads.
final class Tables {
    /// A number whose table is never there: for binaries whose own is not.
    static final int MISSING = 1;

    /// The number for code that has no table.
    static final int NONE = 0;

    /// The number for code whose table has no room.
    static final int NO_ROOM = 2;

    private static final int FIRST_NUMBER = 3;
    private static final long RETRY_NANOS = 60_000_000_000L;

    /// When to ask again if too many were asked for.
    private static final long BUSY_NANOS = 1_000_000_000L;

    /// How often to look whether there is room for tables that had none, and how long one waits
    /// after it was refused; each further time twice as long, up to [#REFUSALS_MAX] doublings.
    static final long NO_ROOM_NANOS = 5_000_000_000L;

    private static final int REFUSALS_MAX = 6;

    /// A table that was used within so many of [UnwindMemory#tableUsed]'s units stays if another is
    /// loaded.
    private static final int FRESH = 2;

    /// The same if another waits for room already, so that two that are used now and then do not
    /// take it from each other all the time.
    private static final int IDLE = 30;

    /// The same if no process that the kernel knows has it mapped, and more than half of the room
    /// is taken.
    private static final int LEFT = 10;

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

        /// Its binary's sightings when nobody was left through whom the file could be opened.
        private int goneSightings;

        /// The same when it was asked for.
        private int askedSightings;

        /// What it would take, if there is no room for it.
        private long words;

        /// Published mappings that go by frame pointers for want of it.
        private int waiters;

        private int refusals;

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
    }

    private final UnwindMemory memory;
    private final Places places;
    private final TableLoader loader;
    private final Map<Binary, Table> tables = new HashMap<>();

    /// Those in the kernel that were made from files of root. Whoever else writes a file can give
    /// it any build id: its table is for that file alone.
    private final Map<BuildId, Table> byBuildId = new HashMap<>();

    /// How many published mappings refer to each number; -1 where the number was never given.
    private final int[] references = new int[UnwindMemory.TABLES_MAX];

    private final boolean[] taken = new boolean[UnwindMemory.TABLES_MAX];
    private int searchFrom = FIRST_NUMBER;
    private int generation;
    private int room;
    private final long wordsMax;
    private long words;
    private long lookedForRoomNanos;
    private long updatedNanos;
    private final AtomicInteger readyCount = new AtomicInteger();
    private final AtomicInteger waitingCount = new AtomicInteger();
    private final Metrics.Counter loads;
    private final Metrics.Counter failures;
    private final Metrics.Counter evictions;
    private final Metrics.Counter noRoom;

    Tables(UnwindMemory memory, Places places, TableLoader loader, Metrics metrics) {
        this.memory = memory;
        this.places = places;
        this.loader = loader;
        wordsMax = places.wordsMax() / 4 * 3;
        memory.table(MISSING, UnwindMemory.TABLE_MISSING);
        memory.table(NO_ROOM, UnwindMemory.TABLE_NO_ROOM);
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
        metrics.gauge(
                "emberscope_collector_unwind_tables_waiting",
                "Binaries for whose unwind table there is no room now; frame pointers are used.",
                waitingCount::get);
    }

    /// Changes whenever something published may no longer be as good as it could be.
    int generation() {
        return generation;
    }

    /// Changes when there is room for a table that had none.
    int room() {
        return room;
    }

    /// How many tables there is no room for.
    int waiting() {
        return waitingCount.get();
    }

    /// What is known of a binary.
    Table of(Binary binary) {
        if (tables.size() >= BINARIES_MAX) {
            forgetUnused();
        }
        Table own = tables.get(binary);
        if (own == null && binary.buildId().isKnown()) {
            own = byBuildId.get(binary.buildId());
        }
        if (own == null) {
            own = new Table();
            tables.put(binary, own);
        }
        if (own.state == State.FAILED
                && own.goneSightings != 0
                && own.goneSightings != binary.sightingCount()
                && updatedNanos - own.sinceNanos >= BUSY_NANOS) {
            own.state = State.ABSENT; // another process has the file
            own.goneSightings = 0;
        }
        return own;
    }

    private void forgetUnused() {
        for (Table table : tables.values()) {
            if (table.state == State.NO_ROOM) {
                notWaiting(table);
            }
        }
        tables.values()
                .removeIf(table -> table.state != State.READY && table.state != State.LOADING);
    }

    /// Asks for a table, if that makes sense now.
    State want(Binary binary, long nowNanos) {
        Table table = of(binary);
        long age = nowNanos - table.sinceNanos;
        boolean retry =
                switch (table.state) {
                    case ABSENT -> true;
                    case FAILED -> age > RETRY_NANOS;
                    case LOADING, READY, NONE, NO_ROOM -> false;
                };
        if (retry) {
            table.sinceNanos = nowNanos;
            table.askedSightings = binary.sightingCount();
            table.state = State.LOADING;
            if (!loader.request(binary)) {
                table.state = State.FAILED;
                table.sinceNanos = nowNanos - RETRY_NANOS + BUSY_NANOS;
                failures.increment();
            }
            generation++;
        }
        return table.state;
    }

    /// Gives the kernel what was loaded meanwhile.
    void update(long nowNanos) throws BpfException {
        updatedNanos = nowNanos;
        places.settle(nowNanos);
        for (TableLoader.Loaded next = loader.poll(); next != null; next = loader.poll()) {
            accept(next, nowNanos);
            generation++;
        }
        if (nowNanos - lookedForRoomNanos >= NO_ROOM_NANOS) {
            lookedForRoomNanos = nowNanos;
            if (waitingCount.get() > 0) {
                lookForRoom(nowNanos);
            }
            // Ahead of need: what is freed can be used again only after some seconds.
            while (words > wordsMax / 2 && evictOldest(nowNanos, LEFT, true)) {}
        }
    }

    /// Lets tables that had no room be asked for again, as far as there is some now. If there is
    /// none, a table that was not used for some time is given up.
    private void lookForRoom(long nowNanos) {
        long free = Math.min(wordsMax - words, places.freeWords());
        long least = Long.MAX_VALUE;
        boolean found = false;
        for (Table table : tables.values()) {
            if (table.state == State.NO_ROOM && isDue(table, nowNanos)) {
                boolean wanted = table.waiters > 0;
                if (!wanted || table.words <= free) {
                    found |= wanted;
                    free -= wanted ? table.words : 0;
                    notWaiting(table);
                } else if (table.words <= wordsMax) {
                    least = Math.min(least, table.words);
                }
            }
        }
        if (!found && least <= wordsMax && places.restingWords() < least) {
            evictOldest(nowNanos, IDLE);
        }
    }

    private static boolean isDue(Table table, long nowNanos) {
        return nowNanos - table.sinceNanos >= NO_ROOM_NANOS << (table.refusals - 1);
    }

    private void notWaiting(Table table) {
        table.state = State.ABSENT;
        waitingCount.decrementAndGet();
        generation++;
        room++;
    }

    private void accept(TableLoader.Loaded loaded, long nowNanos) {
        Table table = of(loaded.binary());
        byte[] id = HexFormat.of().parseHex(loaded.buildId());
        BuildId buildId = BuildId.of(id, 0, id.length);
        Table same = byBuildId.get(buildId);
        if (same != null && same != table) {
            // Found by its build id from now on, if that is known.
            tables.remove(loaded.binary());
            if (!loaded.binary().buildId().isKnown()) {
                tables.put(loaded.binary(), same);
            }
            return;
        }
        table.sinceNanos = nowNanos;
        if (loaded.isFailed()) {
            table.state = State.FAILED;
            table.goneSightings = loaded.isGone() ? table.askedSightings : 0;
            failures.increment();
        } else if (loaded.blocks().isEmpty()) {
            table.state = State.NONE;
        } else if (store(table, loaded.blocks(), nowNanos)) {
            table.state = State.READY;
            table.refusals = 0;
            readyCount.incrementAndGet();
            loads.increment();
            if (buildId.isKnown()) {
                byBuildId.put(buildId, table);
            }
        } else {
            table.state = State.NO_ROOM;
            table.words = words(loaded.blocks());
            table.refusals = Math.min(table.refusals + 1, REFUSALS_MAX);
            waitingCount.incrementAndGet();
            noRoom.increment();
        }
    }

    private static long words(List<int[]> blocks) {
        return blocks.stream().mapToLong(block -> Places.rounded(block.length)).sum();
    }

    private boolean store(Table table, List<int[]> blocks, long nowNanos) {
        long needed = words(blocks);
        if (needed > wordsMax) {
            return false;
        }
        while (words + needed > wordsMax) {
            if (!evictOldest(nowNanos, FRESH)) {
                return false;
            }
        }
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

    private @Nullable Part part(int[] block, long nowNanos) {
        int number = number();
        if (number < 0) {
            evictOldest(nowNanos, FRESH); // its numbers are free when no mappings refer to them
            return null;
        }
        int place = places.take(block.length);
        while (place == Places.NOWHERE
                && places.restingWords() < Places.rounded(block.length)
                && evictOldest(nowNanos, FRESH)) {
            place = places.take(block.length);
        }
        if (place == Places.NOWHERE) {
            taken[number] = false;
            return null;
        }
        memory.write(place, block, block.length);
        memory.table(number, place);
        words += Places.rounded(block.length);
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
            words -= Places.rounded(part.words());
            taken[part.number()] = false;
        }
    }

    /// Makes room for mappings, which come before tables; false if there is no table left.
    boolean giveWay(long nowNanos) {
        return evictOldest(nowNanos, -1);
    }

    /// Takes the table that was not used for longest from the kernel.
    ///
    /// @param units of [UnwindMemory#tableUsed] for which it must not have been used
    /// @return false if all were
    private boolean evictOldest(long nowNanos, int units) {
        return evictOldest(nowNanos, units, false);
    }

    private boolean evictOldest(long nowNanos, int units, boolean unreferenced) {
        Table oldest = null;
        int oldestUse = (int) (nowNanos >>> 30) - units;
        for (Table table : tables.values()) {
            if (table.state == State.READY && !(unreferenced && isReferenced(table))) {
                int used = (int) (table.sinceNanos >>> 30);
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
        byBuildId.values().remove(oldest);
        readyCount.decrementAndGet();
        evictions.increment();
        return true;
    }

    private boolean isReferenced(Table table) {
        return table.parts.stream().anyMatch(part -> references[part.number()] != 0);
    }

    /// Notes that published mappings do without a table for want of room, or no longer do.
    void await(Table table, int change) {
        table.waiters += change;
    }

    /// Notes that published mappings refer to a number, or no longer do.
    void refer(int number, int change) {
        references[number] += change;
    }
}

package io.emberscope.collector.unwind;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.StackEnd;
import io.emberscope.bpf.UnwindMemory;
import io.emberscope.bpf.UnwindMemory.UserStack;
import io.emberscope.collector.primitive.LongMap;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.Mappings;
import io.emberscope.collector.process.ProfiledProcess;
import io.emberscope.collector.process.SampleView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Makes stacks whole. The kernel walks a stack itself if it knows the process as it is now, and
/// all binaries on the stack; else it sends what it found so far, with a copy of the rest of the
/// stack. Then the walk is gone on with here, by what is known of the process at the time of the
/// sample, and the kernel is told, for the next time.
///
/// So the first sample of a process is as good as any other, and of a process that is sampled once
/// nothing is ever told to the kernel but what others need too.
///
/// The kernel's memory for all this is bounded. What does not fit costs quality, step by step:
/// first tables, whose code then goes by frame pointers ([StackEnd#TABLE_NO_ROOM] where there are
/// none), then mappings of processes, whose samples then have their leaf only
/// ([StackEnd#MAPPINGS_NO_ROOM]). What was not used for longest goes first, and comes back when
/// there is room.
///
/// For the thread that merges, but for its metrics.
public final class Unwinding implements AutoCloseable {
    /// The name of the gauges that say which quality of stacks the memory budget allows for.
    public static final String QUALITY = "emberscope_collector_stack_quality";

    /// A sample waits for tables no longer than this after it was taken, and all younger ones with
    /// it.
    private static final long WAIT_NANOS = 2_000_000_000L;

    /// Tables that one stack may need one after the other.
    private static final int ROUNDS_MAX = 64;

    private static final int ENTRIES_MIN = 64;

    /// How long a process for whose mappings there is no room is left alone.
    static final long LEAF_NANOS = Places.REST_NANOS + 1_000_000_000L;

    /// Mappings of a process that was not sampled for so long make room for those of others.
    private static final long IDLE_NANOS = 30_000_000_000L;

    /// Of the room for mappings, what those of one process may take with all that were told before
    /// and rest: one that changes many of them all the time would take it all.
    private static final int SHARE_OF_PROCESS = 4;

    /// Of the processes the kernel knows, the share that is forgotten when there are too many.
    private static final int FORGOTTEN_SHARE = 16;

    /// Quality is said to be better only when it was for so long.
    private static final long BETTER_NANOS = 10_000_000_000L;

    private final UnwindMemory memory;
    private final TableLoader loader;
    private final Places places;
    private final Tables tables;
    private final LongSupplier monotonicNanos;
    private final LongMap<Published> published = new LongMap<>();
    private final UserStack stack = new UserStack();
    private final long[] found = new long[2];
    private final Consumer<String> log;
    private final long mappingWordsMax;
    private final Metrics.Counter resumed;
    private final Metrics.Counter tooManyMappings;
    private final Metrics.Counter noRoom;
    private final Metrics.Counter tooOften;
    private final Metrics.Counter noMappings;
    private final Metrics.Counter refusedByKernel;
    private final Metrics.Counter forgotten;
    private final Metrics.Counter stale;
    private int[] words = new int[ENTRIES_MIN * UnwindMemory.MAPPING_WORDS];
    private final List<Tables.Table> waitedFor = new ArrayList<>();
    private long mappingWords;
    private int leafOnly;
    private int leafOnlyOfBudget;
    private long lookedAtLeavesNanos;
    private volatile Quality quality = Quality.WHOLE;
    private long betterSinceNanos;

    /// The steps by which the quality of stacks falls.
    enum Quality {
        WHOLE("all unwind tables fit again"),
        FRAME_POINTERS(
                "the memory budget is reached: code whose unwind table has no room goes by frame"
                        + " pointers"),
        LEAF_ONLY(
                "the memory budget is reached: of processes whose mappings have no room, samples"
                        + " have the innermost frame only");

        private final String text;

        Quality(String text) {
            this.text = text;
        }
    }

    /// The mappings of a process as the kernel has them; at no place if there was no room for them.
    private static final class Published {
        final long space;
        final int version;
        final int place;
        final int count;
        final int[] numbers;

        /// Tables that it does without, for want of room.
        final Tables.Table[] waitedFor;

        final long sinceNanos;

        /// The states of [Tables#generation] and [Tables#room] of which it was the best.
        int generation;

        int room;

        /// Whether it is the memory budget that has no room for it.
        final boolean isOfBudget;

        /// When it was last sampled.
        long usedNanos;

        /// What the kernel had before, for samples that were taken then.
        @Nullable Published previous;

        /// When the kernel was told something else.
        long endNanos;

        /// Whether the kernel need not ask about code in none of the mappings.
        boolean settled;

        Published(
                long space,
                int version,
                int place,
                int[] numbers,
                Tables.Table[] waitedFor,
                boolean isOfBudget,
                long sinceNanos) {
            this.space = space;
            this.version = version;
            this.place = place;
            count = numbers.length;
            this.numbers = numbers;
            this.waitedFor = waitedFor;
            this.isOfBudget = isOfBudget;
            this.sinceNanos = sinceNanos;
            usedNanos = sinceNanos;
        }

        boolean isLeafOnly() {
            return place == Places.NOWHERE;
        }
    }

    private static final int[] NO_NUMBERS = {};
    private static final Tables.Table[] NO_TABLES = {};

    /// @param bytesMax memory for tables and mappings
    /// @param log takes a line when quality falls or comes back
    public Unwinding(
            UnwindMemory memory,
            TableLoader loader,
            long bytesMax,
            LongSupplier monotonicNanos,
            Metrics metrics,
            Consumer<String> log) {
        this.memory = memory;
        this.loader = loader;
        this.monotonicNanos = monotonicNanos;
        this.log = log;
        places = new Places(memory, bytesMax, metrics);
        mappingWordsMax = places.wordsMax() / 2;
        tables = new Tables(memory, places, loader, metrics);
        resumed =
                metrics.counter(
                        "emberscope_collector_resumed_stacks_total",
                        "User stacks that were walked on outside of the kernel.");
        noRoom = refused(metrics, "no_room");
        tooManyMappings = refused(metrics, "too_many_mappings");
        tooOften = refused(metrics, "too_often");
        noMappings = refused(metrics, "no_mappings");
        refusedByKernel = refused(metrics, "kernel");
        forgotten =
                metrics.counter(
                        "emberscope_collector_unwind_processes_forgotten_total",
                        "Processes whose mappings the kernel was made to forget to make room for"
                                + " others: those not sampled for longest.");
        stale =
                metrics.counter(
                        "emberscope_collector_stale_stacks_total",
                        "User stacks cut because code was mapped where other code had been.");
        metrics.gauge(
                "emberscope_collector_unwind_bytes",
                "Kernel memory for unwind tables and mappings.",
                places::bytes);
        metrics.gauge(
                "emberscope_collector_unwind_processes",
                "Processes whose mappings the kernel has.",
                () -> published.size() - leafOnly);
        metrics.gauge(
                "emberscope_collector_unwind_processes_leaf_only",
                "Processes for whose mappings there is no room now: samples have one user frame.",
                () -> leafOnly);
        for (Quality step : Quality.values()) {
            metrics.gauge(
                    QUALITY,
                    "Whether the memory budget allows for this quality of stacks now and no more.",
                    () -> quality == step ? 1 : 0,
                    "step",
                    step.name().toLowerCase(Locale.ROOT));
        }
    }

    private static Metrics.Counter refused(Metrics metrics, String reason) {
        return metrics.counter(
                "emberscope_collector_unwind_processes_refused_total",
                "Times that the kernel could not be told the mappings of a process, by reason.",
                "reason",
                reason);
    }

    /// Gives the kernel the tables that were loaded meanwhile. To be called before samples are
    /// merged.
    public void update() throws BpfException {
        long now = monotonicNanos.getAsLong();
        tables.update(now);
        if (leafOnly > 0 && now - lookedAtLeavesNanos >= LEAF_NANOS) {
            lookedAtLeavesNanos = now;
            forgetUntil(now - IDLE_NANOS, true);
        }
        judge(now);
    }

    private void judge(long now) {
        Quality found =
                leafOnlyOfBudget > 0
                        ? Quality.LEAF_ONLY
                        : tables.waiting() > 0 ? Quality.FRAME_POINTERS : Quality.WHOLE;
        if (found.compareTo(quality) >= 0) {
            betterSinceNanos = now;
        }
        if (found.compareTo(quality) > 0 || now - betterSinceNanos >= BETTER_NANOS) {
            if (found != quality) {
                log.accept(found.text);
            }
            quality = found;
            betterSinceNanos = now;
        }
    }

    /// Walks a sample's user stack on from where the kernel stopped, as far as can be.
    ///
    /// @param mayWait whether the sample can be had later
    /// @return false if it should be had later, when a table is there
    public boolean complete(SampleView sample, ProfiledProcess process, boolean mayWait) {
        Mappings mappings = process.mappings();
        Published before = published.get(process.pid());
        if (before != null) {
            before.usedNanos = sample.timeNanos();
        }
        if (mappings.size() == 0) {
            if (sample.resumptionWords() > 0 && process.isWithoutMappings(sample.timeNanos())) {
                leaveOutUnknown(process.pid(), before);
                sample.cutAfter(sample.userFrames() - 1, StackEnd.MAPPINGS_NO_ROOM, stack);
            }
            return true;
        }
        if (sample.mappingsPlace() != 0 && isCut(sample, process)) {
            return true;
        }
        if (sample.resumptionWords() == 0) {
            if (before != null && mayBeBetter(before)) {
                republish(sample, process);
            }
            return true;
        }
        try {
            for (int round = 0; round < ROUNDS_MAX; round++) {
                Published known = publish(sample, process);
                if (known == null) {
                    sample.cutAfter(sample.userFrames() - 1, StackEnd.MAPPINGS_NO_ROOM, stack);
                    return true;
                }
                sample.resume(memory, stack, known.place, known.count);
                if (stack.end() != StackEnd.TABLE_MISSING) {
                    settle(process.pid(), known);
                    break;
                }
                switch (want(mappings, stack.stoppedAt())) {
                    case LOADING -> {
                        return !mayWait
                                || monotonicNanos.getAsLong() - sample.timeNanos() > WAIT_NANOS;
                    }
                    case READY, NONE, FAILED, NO_ROOM -> {} // told to the kernel in the next round
                    case ABSENT -> {
                        return true;
                    }
                }
            }
        } catch (BpfException e) {
            // The kernel refuses: the stack stays as it is, and its end says why.
            refusedByKernel.increment();
        }
        resumed.increment();
        return true;
    }

    /// Whether there may be room now for what there was none for.
    private boolean mayBeBetter(Published known) {
        return known.isLeafOnly()
                ? isDue(known)
                : known.waitedFor.length > 0 && known.room != tables.room();
    }

    private boolean isDue(Published leaf) {
        return monotonicNanos.getAsLong() - leaf.sinceNanos >= LEAF_NANOS;
    }

    private void republish(SampleView sample, ProfiledProcess process) {
        try {
            publish(sample, process);
        } catch (BpfException e) {
            refusedByKernel.increment();
        }
    }

    /// Tells the kernel not to ask again about code in none of a process's mappings: generated code
    /// whose frames only its run time knows.
    private void settle(int pid, Published known) throws BpfException {
        if (stack.end() == StackEnd.NO_MAPPING && !known.settled) {
            known.settled = true;
            memory.process(pid, known.space, known.place, known.count, true);
        }
    }

    /// Whether the kernel went by mappings that were no longer true at the time of the sample, as
    /// nothing tells it at once of code that is mapped where other code was. The stack is then cut
    /// where that matters first.
    private boolean isCut(SampleView sample, ProfiledProcess process) {
        Published used = published.get(process.pid());
        while (used != null && used.place != sample.mappingsPlace()) {
            used = used.previous;
        }
        Mappings mappings = process.mappings();
        if (used != null && used.version == mappings.version()) {
            return false;
        }
        boolean isCut = false;
        for (int i = 0; i < sample.userFrames() && !isCut; i++) {
            long address = sample.userFrame(i) - (sample.isUserFrameExact(i) ? 0 : 1);
            if (used == null || !isAsBefore(used, mappings, address)) {
                sample.cutAfter(i, StackEnd.MAPPINGS_CHANGED, stack);
                stale.increment();
                isCut = true;
            }
        }
        republish(sample, process);
        return isCut;
    }

    private boolean isAsBefore(Published used, Mappings mappings, long address) {
        if (!memory.find(used.place, used.count, address, found)) {
            return true; // the walk went no further
        }
        int number = (int) found[0];
        if (number == Tables.NONE || number == Tables.NO_ROOM) {
            return true; // frame pointers are the same for any code
        }
        int index = mappings.find(address);
        return index >= 0
                && bias(mappings, index) == found[1]
                && tables.of(mappings.binary(index)).has(number);
    }

    private Tables.State want(Mappings mappings, long address) {
        Binary binary = binaryAt(mappings, address);
        return binary == null
                ? Tables.State.ABSENT
                : tables.want(binary, monotonicNanos.getAsLong());
    }

    /// A walk stops at a return address, which may be the first of another mapping.
    private static @Nullable Binary binaryAt(Mappings mappings, long address) {
        int index = mappings.find(address - 1);
        if (index < 0) {
            index = mappings.find(address);
        }
        return index < 0 ? null : mappings.binary(index);
    }

    /// Tells the kernel the mappings of a sample's process, unless it has them as they are. Null if
    /// it cannot have them.
    private @Nullable Published publish(SampleView sample, ProfiledProcess process)
            throws BpfException {
        Published known = published.get(process.pid());
        Mappings mappings = process.mappings();
        if (known != null && known.isLeafOnly()) {
            if (!isDue(known)) {
                return null;
            }
        } else if (known != null
                && known.space == sample.space()
                && known.generation == tables.generation()
                && known.version == mappings.version()) {
            return known;
        }
        if (known == null && published.size() >= UnwindMemory.PROCESSES_MAX) {
            forgetLeastRecent(published.size() / FORGOTTEN_SHARE);
        }
        mappings.merge();
        waitedFor.clear();
        int count = encode(mappings);
        if (count > UnwindMemory.MAPPINGS_MAX) {
            tooManyMappings.increment();
            leaveOut(process.pid(), known, false, monotonicNanos.getAsLong());
            return null;
        }
        if (known != null
                && known.space == sample.space()
                && known.version == mappings.version()
                && isSame(known.numbers, count)) {
            known.generation = tables.generation();
            known.room = tables.room();
            return known;
        }
        if (known != null && count + restingMappings(known) > mappingsMax() / SHARE_OF_PROCESS) {
            tooOften.increment();
            leaveOut(process.pid(), known, false, monotonicNanos.getAsLong());
            return null;
        }
        int place = room(count * UnwindMemory.MAPPING_WORDS);
        if (place == Places.NOWHERE) {
            noRoom.increment();
            leaveOut(process.pid(), known, true, monotonicNanos.getAsLong());
            return null;
        }
        memory.write(place, words, count * UnwindMemory.MAPPING_WORDS);
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = words[i * UnwindMemory.MAPPING_WORDS + TABLE];
        }
        Published fresh =
                new Published(
                        sample.space(),
                        mappings.version(),
                        place,
                        numbers,
                        waitedFor.toArray(NO_TABLES),
                        false,
                        monotonicNanos.getAsLong());
        fresh.generation = tables.generation();
        fresh.room = tables.room();
        hold(fresh);
        try {
            memory.process(process.pid(), fresh.space, place, count, false);
        } catch (BpfException e) {
            release(fresh);
            throw e;
        }
        replace(process.pid(), known, fresh);
        return fresh;
    }

    private long mappingsMax() {
        return mappingWordsMax / UnwindMemory.MAPPING_WORDS;
    }

    /// Mappings of a process that rest, or will if it gets new ones.
    private long restingMappings(Published known) {
        long now = monotonicNanos.getAsLong();
        long resting = known.count;
        for (Published old = known.previous; old != null; old = old.previous) {
            resting += now - old.endNanos < Places.REST_NANOS ? old.count : 0;
        }
        return resting;
    }

    private void replace(int pid, @Nullable Published known, Published fresh) {
        if (known != null) {
            release(known);
            fresh.previous = known;
            forgetOld(known);
        }
        published.put(pid, fresh);
    }

    private boolean isSame(int[] numbers, int count) {
        boolean same = numbers.length == count;
        for (int i = 0; i < count && same; i++) {
            same = numbers[i] == words[i * UnwindMemory.MAPPING_WORDS + TABLE];
        }
        return same;
    }

    /// A place for mappings. They come before tables, and before those of processes that were not
    /// sampled for some time, but may not take more than a part of all room.
    private int room(int size) {
        long taken = Places.rounded(size);
        long now = monotonicNanos.getAsLong();
        if (mappingWords + taken > mappingWordsMax) {
            forgetIdle(now);
        }
        if (mappingWords + taken > mappingWordsMax) {
            return Places.NOWHERE;
        }
        int place = places.take(size);
        if (place == Places.NOWHERE && places.restingWords() < taken) {
            forgetIdle(now);
        }
        while (place == Places.NOWHERE && places.restingWords() < taken && tables.giveWay(now)) {
            place = places.take(size);
        }
        return place;
    }

    /// Tells the kernel that it cannot have the mappings of a process, so that it sends no copies
    /// of its stacks. It has its next turn [#LEAF_NANOS] later than a time.
    private void leaveOut(int pid, @Nullable Published known, boolean isOfBudget, long sinceNanos)
            throws BpfException {
        memory.processWithoutRoom(pid);
        Published leaf =
                new Published(0, 0, Places.NOWHERE, NO_NUMBERS, NO_TABLES, isOfBudget, sinceNanos);
        hold(leaf);
        replace(pid, known, leaf);
    }

    /// Tells the kernel that nothing is known of a process, whose stacks would be copied in vain.
    /// It has its turn as soon as something is.
    private void leaveOutUnknown(int pid, @Nullable Published known) {
        try {
            noMappings.increment();
            leaveOut(pid, known, false, monotonicNanos.getAsLong() - LEAF_NANOS);
        } catch (BpfException e) {
            refusedByKernel.increment();
        }
    }

    /// Makes room by forgetting the mappings of processes that were not sampled for some time.
    private void forgetIdle(long now) {
        forgetUntil(now - IDLE_NANOS, false);
    }

    /// Forgets the processes that were not sampled for longest.
    private void forgetLeastRecent(int count) {
        long[] times = new long[published.size()];
        int[] at = {0};
        published.forEach((_, known) -> times[at[0]++] = known.usedNanos);
        Arrays.sort(times);
        forgetUntil(times[Math.min(count, times.length - 1)], false);
    }

    private void forgetUntil(long usedNanos, boolean leavesOnly) {
        LongMap<Published> old = new LongMap<>();
        published.forEach(
                (pid, known) -> {
                    if (known.usedNanos <= usedNanos && (!leavesOnly || known.isLeafOnly())) {
                        old.put(pid, known);
                    }
                });
        old.forEach(
                (pid, _) -> {
                    forget((int) pid);
                    forgotten.increment();
                });
    }

    /// Lets go of what no sample that is still to be merged can have gone by: its place is about to
    /// be used for other things.
    private void forgetOld(Published newest) {
        long now = monotonicNanos.getAsLong();
        Published at = newest;
        while (at.previous != null && now - at.previous.endNanos < Places.REST_NANOS) {
            at = at.previous;
        }
        at.previous = null;
    }

    private void hold(Published fresh) {
        leafOnly += fresh.isLeafOnly() ? 1 : 0;
        leafOnlyOfBudget += fresh.isOfBudget ? 1 : 0;
        mappingWords += Places.rounded(fresh.count * UnwindMemory.MAPPING_WORDS);
        for (int number : fresh.numbers) {
            tables.refer(number, 1);
        }
        for (Tables.Table table : fresh.waitedFor) {
            tables.await(table, 1);
        }
    }

    private void release(Published old) {
        old.endNanos = monotonicNanos.getAsLong();
        leafOnly -= old.isLeafOnly() ? 1 : 0;
        leafOnlyOfBudget -= old.isOfBudget ? 1 : 0;
        mappingWords -= Places.rounded(old.count * UnwindMemory.MAPPING_WORDS);
        for (int number : old.numbers) {
            tables.refer(number, -1);
        }
        for (Tables.Table table : old.waitedFor) {
            tables.await(table, -1);
        }
        if (!old.isLeafOnly()) {
            places.free(old.place, old.count * UnwindMemory.MAPPING_WORDS, old.endNanos);
        }
    }

    private static final int TABLE = 6;

    /// Writes mappings the way the kernel reads them, one for each part of a table; returns how
    /// many.
    private int encode(Mappings mappings) {
        int count = 0;
        for (int i = 0; i < mappings.size(); i++) {
            long start = mappings.start(i);
            long end = mappings.end(i);
            Binary binary = mappings.binary(i);
            long bias = bias(mappings, i);
            if (!binary.hasOffsets()) {
                count = entry(count, start, end, bias, Tables.NONE);
                continue;
            }
            Tables.Table table = tables.of(binary);
            switch (table.state()) {
                case ABSENT, LOADING -> count = entry(count, start, end, bias, Tables.MISSING);
                case NONE, FAILED -> count = entry(count, start, end, bias, Tables.NONE);
                case NO_ROOM -> {
                    count = entry(count, start, end, bias, Tables.NO_ROOM);
                    waitedFor.add(table);
                }
                case READY -> {
                    long at = start;
                    for (Tables.Part part : table.parts()) {
                        long from = Math.max(at, part.start() + bias);
                        long to = Math.min(end, part.end() + bias);
                        if (from < to) {
                            count = entry(count, at, from, bias, Tables.NONE);
                            count = entry(count, from, to, bias, part.number());
                            at = to;
                        }
                    }
                    count = entry(count, at, end, bias, Tables.NONE);
                }
            }
        }
        return count;
    }

    private static long bias(Mappings mappings, int index) {
        long start = mappings.start(index);
        return mappings.binary(index).hasOffsets() ? start - mappings.fileOffset(index, start) : 0;
    }

    private int entry(int count, long start, long end, long bias, int number) {
        if (start >= end || count > UnwindMemory.MAPPINGS_MAX) {
            return count;
        }
        int at = count * UnwindMemory.MAPPING_WORDS;
        if (at == words.length) {
            words = Arrays.copyOf(words, 2 * words.length);
        }
        words[at] = (int) start;
        words[at + 1] = (int) (start >>> Integer.SIZE);
        words[at + 2] = (int) end;
        words[at + 3] = (int) (end >>> Integer.SIZE);
        words[at + 4] = (int) bias;
        words[at + 5] = (int) (bias >>> Integer.SIZE);
        words[at + TABLE] = number;
        words[at + 7] = 0;
        return count + 1;
    }

    /// Forgets a process, as when it has ended.
    public void forget(int pid) {
        Published known = published.remove(pid);
        if (known != null) {
            try {
                memory.removeProcess(pid);
            } catch (BpfException _) {
                // It is found to be another process by its address space.
            }
            release(known);
        }
    }

    @Override
    public void close() {
        loader.close();
        memory.close();
    }
}

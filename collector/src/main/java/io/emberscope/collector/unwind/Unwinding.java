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
import java.util.Arrays;
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
/// For the thread that merges, but for its metrics.
public final class Unwinding implements AutoCloseable {
    /// A sample waits for a table no longer than this after it was asked for.
    private static final long WAIT_NANOS = 2_000_000_000L;

    /// Tables that one stack may need one after the other.
    private static final int ROUNDS_MAX = 64;

    private static final int ENTRIES_MIN = 64;

    private final UnwindMemory memory;
    private final TableLoader loader;
    private final Places places;
    private final Tables tables;
    private final LongSupplier monotonicNanos;
    private final LongMap<Published> published = new LongMap<>();
    private final UserStack stack = new UserStack();
    private final long[] found = new long[2];
    private final Metrics.Counter resumed;
    private final Metrics.Counter refusedProcesses;
    private final Metrics.Counter stale;
    private int[] words = new int[ENTRIES_MIN * UnwindMemory.MAPPING_WORDS];

    /// The mappings of a process as the kernel has them.
    private static final class Published {
        final long space;
        final int generation;
        final int version;
        final int place;
        final int count;
        final int[] numbers;

        /// What the kernel had before, for samples that were taken then.
        @Nullable Published previous;

        /// When the kernel was told something else.
        long endNanos;

        /// Whether the kernel need not ask about code in none of the mappings.
        boolean settled;

        Published(long space, int generation, int version, int place, int count, int[] numbers) {
            this.space = space;
            this.generation = generation;
            this.version = version;
            this.place = place;
            this.count = count;
            this.numbers = numbers;
        }
    }

    /// @param bytesMax memory for tables and mappings
    public Unwinding(
            UnwindMemory memory,
            TableLoader loader,
            long bytesMax,
            LongSupplier monotonicNanos,
            Metrics metrics) {
        this.memory = memory;
        this.loader = loader;
        this.monotonicNanos = monotonicNanos;
        places = new Places(memory, bytesMax);
        tables = new Tables(memory, places, loader, metrics);
        resumed =
                metrics.counter(
                        "emberscope_collector_resumed_stacks_total",
                        "User stacks that were walked on outside of the kernel.");
        refusedProcesses =
                metrics.counter(
                        "emberscope_collector_unwind_processes_refused_total",
                        "Times that the kernel could not be told the mappings of a process.");
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
                published::size);
    }

    /// Gives the kernel the tables that were loaded meanwhile. To be called before samples are
    /// merged.
    public void update() throws BpfException {
        tables.update(monotonicNanos.getAsLong());
    }

    /// Walks a sample's user stack on from where the kernel stopped, as far as can be.
    ///
    /// @param mayWait whether the sample can be had later
    /// @return false if it should be had later, when a table is there
    public boolean complete(SampleView sample, ProfiledProcess process, boolean mayWait) {
        Mappings mappings = process.mappings();
        if (mappings.size() == 0 || (sample.mappingsPlace() != 0 && isCut(sample, process))) {
            return true;
        }
        if (sample.resumptionWords() == 0) {
            return true;
        }
        try {
            for (int round = 0; round < ROUNDS_MAX; round++) {
                Published known = publish(sample, process);
                if (known == null) {
                    return true;
                }
                sample.resume(memory, stack, known.place, known.count);
                if (stack.end() != StackEnd.TABLE_MISSING) {
                    settle(process.pid(), known);
                    break;
                }
                switch (want(mappings, stack.stoppedAt())) {
                    case LOADING -> {
                        return !mayWait || isOverdue(mappings, stack.stoppedAt());
                    }
                    case READY, NONE, FAILED, NO_ROOM -> {} // told to the kernel in the next round
                    case ABSENT -> {
                        return true;
                    }
                }
            }
        } catch (BpfException e) {
            // The kernel refuses: the stack stays as it is, and its end says why.
            refusedProcesses.increment();
        }
        resumed.increment();
        return true;
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
        try {
            publish(sample, process);
        } catch (BpfException e) {
            refusedProcesses.increment();
        }
        return isCut;
    }

    private boolean isAsBefore(Published used, Mappings mappings, long address) {
        if (!memory.find(used.place, used.count, address, found)) {
            return true; // the walk went no further
        }
        int number = (int) found[0];
        if (number == Tables.NONE) {
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

    private boolean isOverdue(Mappings mappings, long address) {
        Binary binary = binaryAt(mappings, address);
        return binary == null
                || monotonicNanos.getAsLong() - tables.of(binary).sinceNanos() > WAIT_NANOS;
    }

    /// A walk stops at a return address, which may be the first of another mapping.
    private static @Nullable Binary binaryAt(Mappings mappings, long address) {
        int index = mappings.find(address - 1);
        if (index < 0) {
            index = mappings.find(address);
        }
        return index < 0 ? null : mappings.binary(index);
    }

    /// Tells the kernel the mappings of a sample's process, unless it has them as they are.
    private @Nullable Published publish(SampleView sample, ProfiledProcess process)
            throws BpfException {
        Published known = published.get(process.pid());
        Mappings mappings = process.mappings();
        if (known != null
                && known.space == sample.space()
                && known.generation == tables.generation()
                && known.version == mappings.version()) {
            return known;
        }
        mappings.merge();
        int count = encode(mappings);
        if (count > UnwindMemory.MAPPINGS_MAX) {
            refusedProcesses.increment();
            return null;
        }
        int place = places.take(count * UnwindMemory.MAPPING_WORDS);
        if (place == Places.NOWHERE) {
            refusedProcesses.increment();
            return null;
        }
        memory.write(place, words, count * UnwindMemory.MAPPING_WORDS);
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = words[i * UnwindMemory.MAPPING_WORDS + TABLE];
            tables.refer(numbers[i], 1);
        }
        Published fresh =
                new Published(
                        sample.space(),
                        tables.generation(),
                        mappings.version(),
                        place,
                        count,
                        numbers);
        try {
            memory.process(process.pid(), fresh.space, place, count, false);
        } catch (BpfException e) {
            release(fresh);
            throw e;
        }
        if (known != null) {
            release(known);
            fresh.previous = known;
            forgetOld(known);
        }
        published.put(process.pid(), fresh);
        return fresh;
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

    private void release(Published old) {
        old.endNanos = monotonicNanos.getAsLong();
        for (int number : old.numbers) {
            tables.refer(number, -1);
        }
        places.free(old.place, old.count * UnwindMemory.MAPPING_WORDS, monotonicNanos.getAsLong());
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
                case NONE, FAILED, NO_ROOM -> count = entry(count, start, end, bias, Tables.NONE);
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

    /// Forgets a process that has ended.
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

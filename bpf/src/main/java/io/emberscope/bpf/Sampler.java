package io.emberscope.bpf;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/// Samples everything that runs on this machine: a BPF program on one perf event per CPU writes who
/// ran, and its stacks, to a ring buffer in memory that the kernel shares with us. Idle CPUs are
/// not sampled.
///
/// One thread calls [#poll] and [#await] in turn, and [#refreshCpus] about once a second. Every
/// method may be called while another thread calls [#close]: it then finishes or fails with an
/// [IllegalStateException].
///
/// Sampling goes on while nobody polls; what finds no room is counted, see [#counters]. The kernel
/// ends everything when the process dies, however it dies.
///
/// What the kernel does not show to any BPF program is not seen, and is no hit: what runs while it
/// throttles an event (counted in [SamplerCounters#throttles]), and the time a thread spends inside
/// the system call `bpf` on maps, during which the kernel skips all such programs on that CPU and
/// counts nothing.
public final class Sampler implements AutoCloseable {
    private static final int BATCH_WORDS = 32 * 1024;
    private static final int PROGRAM_AND_MAPS = 9;
    private static final int COUNTER_HITS = 0;
    private static final int COUNTER_HIT_NANOS = 1;
    private static final int COUNTER_THROTTLES = 2;
    private static final int COUNTER_BUSY = 3;
    private static final int COUNTER_NOT_DEFERRED = 4;
    private static final int COUNTER_DROPS = 5;
    static final List<DropReason> KERNEL_REASONS =
            List.of(
                    DropReason.RING_FULL,
                    DropReason.RING_BUSY,
                    DropReason.NO_ROOM,
                    DropReason.UNSEEN,
                    DropReason.ABANDONED,
                    DropReason.EXCLUDED,
                    DropReason.THINNED,
                    DropReason.SHORT);

    private final NativeHandle handle;
    private final SamplerOptions options;
    private final ReentrantLock polling = new ReentrantLock();
    private final long[] batch = new long[BATCH_WORDS];
    private final Sample sample = new Sample(batch);
    private int batchPosition;
    private int batchEnd;
    private final Delivered cpu = new Delivered();
    private final Delivered waits = new Delivered();
    private volatile long unreadable;
    private volatile long unreadableNanos;

    /// Samples handed to a handler. Written by the thread that polls; others only read.
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private static final class Delivered {
        private volatile long samples;
        private volatile long nanos;

        void add(long more) {
            samples++;
            nanos += more;
        }
    }

    private Sampler(NativeHandle handle, SamplerOptions options) {
        this.handle = handle;
        this.options = options;
    }

    /// Loads the program, opens an event on every online CPU and starts sampling.
    ///
    /// @throws BpfException if the kernel refuses; the message says why and what to do
    public static Sampler open(SamplerOptions options) throws BpfException {
        return open(options, SamplingRules.ALL);
    }

    /// The same by rules that hold from the first hit on, see [#choose].
    public static Sampler open(SamplerOptions options, SamplingRules rules) throws BpfException {
        return open(options, rules, NativeLibrary.object(options.unwinding().object()));
    }

    /// The same with another BPF object that has the sampler's maps.
    static Sampler open(SamplerOptions options, SamplingRules rules, byte[] object)
            throws BpfException {
        NativeLibrary.load();
        long handle =
                Natives.samplerOpen(
                        object,
                        options.event() == EventKind.CPU_CYCLES,
                        options.weightNanos(),
                        options.ringBytes(),
                        options.wakeupBytes(),
                        options.cgroups().code,
                        options.unwinding().hasTables(),
                        rules.choosing(),
                        rules.ruleWords());
        return new Sampler(new NativeHandle(handle, "sampler"), options);
    }

    /// Takes over a sampler that another process loaded and that runs already. Needs no privilege
    /// until a CPU comes online. The descriptors belong to the new sampler, also if this fails.
    ///
    /// @param options those the other process loaded it with
    /// @throws BpfException if a descriptor is not what it should be
    public static Sampler adopt(SamplerDescriptors descriptors, SamplerOptions options)
            throws BpfException {
        NativeLibrary.load();
        long handle =
                Natives.samplerAdopt(
                        new int[] {
                            descriptors.program(),
                            descriptors.ring(),
                            descriptors.state(),
                            descriptors.unwind().get(0),
                            descriptors.unwind().get(1),
                            descriptors.unwind().get(2),
                            descriptors.rules().get(0),
                            descriptors.rules().get(1),
                            descriptors.deferred()
                        },
                        ints(descriptors.cpus()),
                        ints(descriptors.events()),
                        ints(descriptors.links()),
                        options.event() == EventKind.CPU_CYCLES,
                        options.weightNanos());
        return new Sampler(new NativeHandle(handle, "sampler"), options);
    }

    NativeHandle handle() {
        return handle;
    }

    /// What this sampler was opened with.
    public SamplerOptions options() {
        return options;
    }

    /// Hands what is waiting to `handler`, without blocking, and returns how many samples that
    /// were. If the handler throws, the next call goes on with the sample after.
    ///
    /// Takes no more than one ring buffer's worth, so that it ends however fast samples come.
    public int poll(SampleHandler handler) {
        if (!polling.tryLock()) {
            throw new IllegalStateException("poll: called by two threads (expected: one)");
        }
        try {
            int samples = deliver(handler);
            long words = 0;
            while (words < options.ringBytes() / Long.BYTES) {
                int filled = Natives.samplerDrain(handle.value(), batch);
                if (filled == 0) {
                    break;
                }
                batchPosition = 0;
                batchEnd = filled;
                words += filled;
                samples += deliver(handler);
            }
            return samples;
        } finally {
            polling.unlock();
        }
    }

    /// Waits until the ring has filled up to [SamplerOptions#wakeupBytes] since it was last
    /// emptied, or until `timeout` has passed. Returns whether the ring has filled up.
    public boolean await(Duration timeout) throws BpfException {
        return Natives.await(handle.value(), 0, millis(timeout));
    }

    /// The same, and returns too when a ring of `sideBand` has filled up by a quarter.
    public boolean await(Duration timeout, SideBand sideBand) throws BpfException {
        return Natives.await(handle.value(), sideBand.handle().value(), millis(timeout));
    }

    /// Opens events on CPUs that came online, also on those that went and came back since the last
    /// call, and closes those of CPUs that went offline. Looks for throttling too.
    public CpuChanges refreshCpus() throws BpfException {
        int[] changes = Natives.refreshCpus(handle.value());
        return new CpuChanges(changes[0], changes[1], changes[2]);
    }

    /// Stops sampling for good. Waits, for a fifth of a second at most, for samples that were left
    /// to their threads because a part of the stack was not in memory. What is in the ring stays
    /// there to be polled, and the counters no longer change but for what is polled.
    public void stop() {
        Natives.samplerStop(handle.value());
    }

    /// Says which hits become samples from now on.
    ///
    /// @throws BpfException if the kernel refuses; which of the new rules hold then is not known
    public void choose(SamplingRules rules) throws BpfException {
        Natives.samplerChoose(handle.value(), rules.choosing(), rules.ruleWords());
    }

    /// Samples, from now on, the time too in which threads wait: each wait becomes a sample when it
    /// is over ([Sample#isWait]), unless [SamplingRules] leave it out. Kernel threads count only
    /// while they wait without letting a signal end it; to wait for work is their rest.
    ///
    /// @param how one that this kernel has
    /// @throws BpfException if the kernel refuses, or this is going on already
    public void startWaits(WaitEnd how) throws BpfException {
        byte[] object = NativeLibrary.object(options.unwinding().waitsObject());
        Natives.waitsStart(handle.value(), object, how.code());
    }

    /// Ends that. Waits that are not over by then become no samples and are no hits.
    public void stopWaits() {
        Natives.waitsStop(handle.value());
    }

    /// What became of all hits of the CPU's events so far.
    public SamplerCounters counters() throws BpfException {
        return counters(false, cpu);
    }

    /// What became of all waits so far.
    public SamplerCounters waitCounters() throws BpfException {
        return counters(true, waits);
    }

    private SamplerCounters counters(boolean ofWaits, Delivered delivered) throws BpfException {
        long[] values = Natives.samplerCounters(handle.value(), ofWaits);
        Map<DropReason, SamplerCounters.Drops> drops = new EnumMap<>(DropReason.class);
        for (int i = 0; i < KERNEL_REASONS.size(); i++) {
            long samples = values[COUNTER_DROPS + 2 * i];
            long nanos = values[COUNTER_DROPS + 2 * i + 1];
            drops.put(KERNEL_REASONS.get(i), new SamplerCounters.Drops(samples, nanos));
        }
        // What cannot be read does not tell either what it was.
        if (!ofWaits) {
            drops.put(
                    DropReason.UNREADABLE, new SamplerCounters.Drops(unreadable, unreadableNanos));
        }
        return new SamplerCounters(
                values[COUNTER_HITS],
                values[COUNTER_HIT_NANOS],
                delivered.samples,
                delivered.nanos,
                drops,
                values[COUNTER_THROTTLES],
                values[COUNTER_BUSY],
                values[COUNTER_NOT_DEFERRED]);
    }

    /// What the kernel tells about the program.
    public ProgramStats programStats() throws BpfException {
        return stats(false);
    }

    /// The same about the programs that sample waits, both together; zeros while they do not run.
    public ProgramStats waitProgramStats() throws BpfException {
        return stats(true);
    }

    private ProgramStats stats(boolean ofWaits) throws BpfException {
        long[] values = Natives.samplerProgramStats(handle.value(), ofWaits);
        return new ProgramStats(values[0], values[1], values[2], values[3], values[4]);
    }

    /// Copies of the descriptors of this sampler, close-on-exec like all of ours, for handing them
    /// to another process. The caller owns them.
    public SamplerDescriptors descriptors() throws BpfException {
        int[] values = Natives.samplerDescriptors(handle.value());
        List<Integer> cpus = new ArrayList<>();
        List<Integer> events = new ArrayList<>();
        List<Integer> links = new ArrayList<>();
        for (int i = PROGRAM_AND_MAPS; i < values.length; i += 3) {
            cpus.add(values[i]);
            events.add(values[i + 1]);
            links.add(values[i + 2]);
        }
        return new SamplerDescriptors(
                values[0],
                values[1],
                values[2],
                List.of(values[3], values[4], values[5]),
                List.of(values[6], values[7]),
                values[8],
                cpus,
                events,
                links);
    }

    /// Stops sampling and gives everything back to the kernel. May be called more than once.
    @Override
    public void close() {
        handle.close();
    }

    // Single writer: the thread that holds the lock; others only read.
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private int deliver(SampleHandler handler) {
        int samples = 0;
        while (batchPosition < batchEnd) {
            int length = (int) batch[batchPosition];
            int start = batchPosition + 1;
            batchPosition = start + length;
            if (!sample.at(batch, start, length)) {
                unreadable++;
                unreadableNanos += options.weightNanos();
                continue;
            }
            (sample.isWait() ? waits : cpu).add(sample.weightNanos());
            samples++;
            handler.sample(sample);
        }
        return samples;
    }

    private static int millis(Duration timeout) {
        return Math.clamp(timeout.toMillis(), 0, Integer.MAX_VALUE);
    }

    private static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }
}

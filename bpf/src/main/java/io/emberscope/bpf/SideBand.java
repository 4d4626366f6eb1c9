package io.emberscope.bpf;

import io.emberscope.base.bytes.MalformedInputException;
import java.util.concurrent.locks.ReentrantLock;

/// What the kernel tells about processes while they live: mappings with the build id of their file,
/// names, beginnings and ends, on the clock of the samples. So a process that lives for five
/// milliseconds is known.
///
/// It is a perf event without samples on each CPU. One thread polls, the one that polls the
/// [Sampler]; any other may close.
public final class SideBand implements AutoCloseable {
    private static final int BATCH_BYTES = 64 * 1024;
    private static final int BUILD_IDS = 1;
    private static final int CGROUPS = 1 << 1;

    private final NativeHandle handle;
    private final int ringBytes;
    private final int features;
    private final ReentrantLock polling = new ReentrantLock();
    private final byte[] batch = new byte[BATCH_BYTES];
    private int batchPosition;
    private int batchEnd;
    private volatile long lost;
    private volatile long unreadable;

    private SideBand(NativeHandle handle) {
        this.handle = handle;
        int[] agreed = Natives.sideBandFeatures(handle.value());
        this.ringBytes = agreed[0];
        this.features = agreed[1];
    }

    /// Starts listening on every online CPU.
    ///
    /// @throws BpfException if the kernel refuses; the message says why and what to do
    public static SideBand open(SideBandOptions options) throws BpfException {
        NativeLibrary.load();
        long handle = Natives.sideBandOpen(options.ringBytes());
        return new SideBand(new NativeHandle(handle, "side band"));
    }

    /// Size of each CPU's ring, which is less than asked for if the kernel did not allow that
    /// (sysctl `kernel.perf_event_mlock_kb`).
    public int ringBytes() {
        return ringBytes;
    }

    /// Whether mappings come with build ids (Linux 5.12).
    public boolean hasBuildIds() {
        return (features & BUILD_IDS) != 0;
    }

    /// Whether new cgroups are told (Linux 5.7 with CONFIG_CGROUP_PERF).
    public boolean hasCgroups() {
        return (features & CGROUPS) != 0;
    }

    /// Records the kernel had no room for, so far; each was told to [SideBandHandler#lost].
    public long lost() {
        return lost;
    }

    /// Records that did not have the layout perf promises and were passed over, so far.
    public long unreadable() {
        return unreadable;
    }

    /// Hands what is waiting to `handler`, without blocking, and returns how many records that
    /// were. If the handler throws, the next call goes on with the record after. Takes no more than
    /// one ring's worth of each CPU.
    public int poll(SideBandHandler handler) {
        if (!polling.tryLock()) {
            throw new IllegalStateException("poll: called by two threads (expected: one)");
        }
        try {
            int records = deliver(handler);
            long bytes = 0;
            long bytesMax = (long) ringBytes * Runtime.getRuntime().availableProcessors();
            while (bytes <= bytesMax) {
                int filled = Natives.sideBandDrain(handle.value(), batch);
                if (filled == 0) {
                    break;
                }
                batchPosition = 0;
                batchEnd = filled;
                bytes += filled;
                records += deliver(handler);
            }
            return records;
        } finally {
            polling.unlock();
        }
    }

    /// As [Sampler#refreshCpus]. If a CPU was opened, what was told there before is lost, and what
    /// is known of processes must be read anew.
    public CpuChanges refreshCpus() throws BpfException {
        int[] changes = Natives.refreshCpus(handle.value());
        return new CpuChanges(changes[0], changes[1], changes[2]);
    }

    NativeHandle handle() {
        return handle;
    }

    /// Stops listening and gives everything back to the kernel. May be called more than once.
    @Override
    public void close() {
        handle.close();
    }

    // Single writer: the thread that holds the lock; others only read.
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private int deliver(SideBandHandler handler) {
        int records = 0;
        while (batchPosition < batchEnd) {
            int start = batchPosition;
            int size = PerfRecord.size(batch, start, batchEnd);
            batchPosition = start + size;
            records++;
            try {
                lost += PerfRecord.deliver(batch, start, size, handler);
            } catch (MalformedInputException _) {
                unreadable++;
            }
        }
        return records;
    }
}

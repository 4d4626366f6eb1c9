package io.emberscope.collector;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.CgroupSource;
import io.emberscope.bpf.CpuChanges;
import io.emberscope.bpf.ProgramStats;
import io.emberscope.bpf.Sample;
import io.emberscope.bpf.SampleHandler;
import io.emberscope.bpf.Sampler;
import io.emberscope.bpf.SamplerCounters;
import io.emberscope.bpf.SamplerOptions;
import io.emberscope.bpf.SamplerOptions.Unwinding;
import io.emberscope.bpf.SamplingRules;
import io.emberscope.bpf.SideBand;
import io.emberscope.bpf.SideBandHandler;
import io.emberscope.bpf.SideBandOptions;
import io.emberscope.bpf.StackEnd;
import io.emberscope.bpf.UnwindMemory;
import io.emberscope.bpf.WaitEnd;
import io.emberscope.collector.container.Containers;
import io.emberscope.collector.container.Hierarchy;
import io.emberscope.collector.process.SampleView;
import io.emberscope.collector.process.Timeline;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The real [Kernel]: the BPF sampler and the side band of perf events.
final class BpfKernel implements Kernel {
    /// How often to say that events were lost, at most.
    private static final long LOSS_SAID_NANOS = 60_000_000_000L;

    private final Containers containers;
    private final boolean groupsAreUnified;
    private final SideBand sideBand;
    private final Sampler sampler;
    private final @Nullable WaitEnd waitEnd;
    private final Log log;
    private long lossSaidNanos = -LOSS_SAID_NANOS;
    private long[] frames = new long[Sample.USER_FRAMES_MAX];
    private long drainedBytes;
    private boolean lost;
    private boolean urgent;

    private BpfKernel(
            Containers containers,
            boolean groupsAreUnified,
            SideBand sideBand,
            Sampler sampler,
            @Nullable WaitEnd waitEnd,
            Log log) {
        this.containers = containers;
        this.groupsAreUnified = groupsAreUnified;
        this.sideBand = sideBand;
        this.sampler = sampler;
        this.waitEnd = waitEnd;
        this.log = log;
    }

    /// Attaches to the kernel: the side band first, so that no process is sampled that we were not
    /// told of.
    static BpfKernel open(
            CollectorOptions options,
            SamplingRules rules,
            MemoryBudget budget,
            Hierarchy hierarchy,
            Containers containers,
            Metrics metrics,
            Log log)
            throws BpfException {
        SideBand sideBand = SideBand.open(new SideBandOptions(budget.eventBytesOfCpu()));
        try {
            Sampler sampler = sampler(options, rules, source(hierarchy.kind()), budget, log);
            metrics.counterFrom(
                    "emberscope_collector_lost_events_total",
                    "Side-band events the kernel had no room for.",
                    sideBand::lost);
            return new BpfKernel(
                    containers,
                    hierarchy.kind() == Hierarchy.Kind.UNIFIED,
                    sideBand,
                    sampler,
                    options.waitEnd(),
                    log);
        } catch (BpfException e) {
            sideBand.close();
            throw e;
        }
    }

    /// The sampler that walks user stacks in the best way that this kernel takes, unless one was
    /// asked for.
    private static Sampler sampler(
            CollectorOptions options,
            SamplingRules rules,
            CgroupSource cgroups,
            MemoryBudget budget,
            Log log)
            throws BpfException {
        int ringBytes = (int) budget.ring();
        SamplerOptions wanted =
                new SamplerOptions(options.frequencyHz(), options.event(), ringBytes).with(cgroups);
        if (options.unwinding() != null) {
            return Sampler.open(wanted.with(options.unwinding()), rules);
        }
        for (Unwinding unwinding : List.of(Unwinding.TABLES, Unwinding.TABLES_BOUNDED)) {
            try {
                if (System.getProperty("os.arch", "").equals("amd64")) {
                    return Sampler.open(wanted.with(unwinding), rules);
                }
            } catch (BpfException e) {
                log.line(
                        "walking user stacks by "
                                + unwinding.name().toLowerCase(Locale.ROOT)
                                + ": "
                                + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            }
        }
        log.line("user stacks are walked by frame pointers alone: most will not be whole");
        return Sampler.open(wanted.with(Unwinding.FRAME_POINTERS), rules);
    }

    /// What the kernel tells about the program.
    ProgramStats programStats() throws BpfException {
        return sampler.programStats();
    }

    /// What the kernel's walk of user stacks goes by; empty if it goes by frame pointers.
    Optional<UnwindMemory> unwindMemory() throws BpfException {
        return sampler.options().unwinding() == Unwinding.FRAME_POINTERS
                ? Optional.empty()
                : Optional.of(UnwindMemory.of(sampler));
    }

    private static CgroupSource source(Hierarchy.Kind kind) {
        return switch (kind) {
            case UNIFIED, NONE -> CgroupSource.UNIFIED;
            case V1_MEMORY -> CgroupSource.V1_MEMORY;
            case V1_PIDS -> CgroupSource.V1_PIDS;
            case V1_CPU -> CgroupSource.V1_CPU;
        };
    }

    @Override
    public double drain(Timeline timeline) {
        drainedBytes = 0;
        Into into = new Into(timeline);
        int events = sideBand.poll(into);
        sampler.poll(into);
        double eventFill = events * 160.0 / sideBand.ringBytes();
        return Math.max(eventFill, (double) drainedBytes / sampler.options().ringBytes());
    }

    @Override
    public void await(long millis) throws BpfException {
        sampler.await(Duration.ofMillis(millis), sideBand);
    }

    @Override
    public void refreshCpus() throws BpfException {
        sampler.refreshCpus();
        CpuChanges changes = sideBand.refreshCpus();
        lost |= changes.opened() > 0;
    }

    @Override
    public boolean takeLost() {
        boolean was = lost;
        lost = false;
        return was;
    }

    @Override
    public boolean takeUrgent() {
        boolean was = urgent;
        urgent = false;
        return was;
    }

    @Override
    public void stop() {
        sampler.stop();
    }

    @Override
    public SamplerCounters counters() throws BpfException {
        return sampler.counters();
    }

    @Override
    public SamplerCounters waitCounters() throws BpfException {
        return sampler.waitCounters();
    }

    @Override
    public void choose(SamplingRules rules) throws BpfException {
        sampler.choose(rules);
    }

    @Override
    public void sampleWaits(boolean on) throws BpfException {
        if (on) {
            sampler.startWaits(waitEnd == null ? WaitEnd.best() : waitEnd);
        } else {
            sampler.stopWaits();
        }
    }

    @Override
    public void close() {
        sampler.close();
        sideBand.close();
    }

    /// Takes what is drained.
    private final class Into implements SampleHandler, SideBandHandler {
        private final Timeline timeline;

        Into(Timeline timeline) {
            this.timeline = timeline;
        }

        @Override
        public void sample(Sample sample) {
            int kernel = sample.kernelFrameCount();
            int user = sample.userFrameCount();
            int resumption = timeline.resumptionWords(sample.resumptionWords());
            int at =
                    timeline.sample(
                            sample.timeNanos(),
                            sample.pid(),
                            sample.tid(),
                            sample.cgroupId(),
                            sample.weightNanos(),
                            sample.commHead(),
                            sample.commTail(),
                            flags(sample),
                            kernel,
                            user,
                            sample.isUserStackTruncated() ? StackEnd.TRUNCATED : sample.userEnd(),
                            sample.space(),
                            sample.mappingsPlace(),
                            resumption);
            sample.copyKernelFrames(frames);
            System.arraycopy(frames, 0, timeline.words(), at, kernel);
            sample.copyUserFrames(frames);
            System.arraycopy(frames, 0, timeline.words(), at + kernel, user);
            urgent |= resumption > 0;
            sample.copyResumption(timeline.words(), at + kernel + user, resumption);
            drainedBytes += 80L + 8L * (kernel + user + sample.resumptionWords());
        }

        private static int flags(Sample sample) {
            int wait = sample.isWait() ? sample.waitState().code() : 0;
            return wait << SampleView.WAIT_SHIFT
                    | (sample.isKernelThread() ? SampleView.KERNEL_THREAD : 0)
                    | (sample.isKernelStackTruncated() ? SampleView.KERNEL_STACK_CUT : 0);
        }

        @Override
        public void mmap(Mapping mapping) {
            timeline.map(
                    mapping.timeNanos(),
                    mapping.pid(),
                    mapping.start(),
                    mapping.length(),
                    mapping.fileOffset(),
                    mapping.buildId(),
                    (long) mapping.deviceMajor() << 32 | mapping.deviceMinor(),
                    mapping.inode(),
                    mapping.fileName());
        }

        @Override
        public void comm(long timeNanos, int pid, int tid, byte[] comm, boolean exec) {
            if (exec) {
                timeline.exec(timeNanos, pid, tid);
            }
        }

        @Override
        public void fork(long timeNanos, int pid, int parentPid, int tid, int parentTid) {
            timeline.fork(timeNanos, pid, parentPid, tid);
        }

        @Override
        public void exit(long timeNanos, int pid, int parentPid, int tid, int parentTid) {
            timeline.exit(timeNanos, pid, tid);
        }

        @Override
        public void cgroup(long timeNanos, long id, byte[] path) {
            if (groupsAreUnified) {
                containers.put(id, new String(path, StandardCharsets.UTF_8));
            } else {
                // The ids are those of another hierarchy; look at ours.
                containers.eventsLost();
            }
        }

        @Override
        public void lost(long timeNanos, long count) {
            lost = true;
            containers.eventsLost();
            if (timeNanos - lossSaidNanos >= LOSS_SAID_NANOS) {
                lossSaidNanos = timeNanos;
                log.line(
                        "more events of processes came at once than there was room for, so some are"
                                + " lost; what runs is read from /proc again"
                                + " (emberscope_collector_lost_events_total)");
            }
        }
    }
}

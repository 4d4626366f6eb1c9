package io.emberscope.collector;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskLock;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.Cgroups;
import io.emberscope.bpf.UnwindMemory;
import io.emberscope.collector.aggregate.CutStacks;
import io.emberscope.collector.aggregate.WallClock;
import io.emberscope.collector.aggregate.Windows;
import io.emberscope.collector.container.CgroupScan;
import io.emberscope.collector.container.Container;
import io.emberscope.collector.container.Containers;
import io.emberscope.collector.container.Hierarchy;
import io.emberscope.collector.export.AgentState;
import io.emberscope.collector.export.Delivery;
import io.emberscope.collector.export.HttpSender;
import io.emberscope.collector.export.HttpTarget;
import io.emberscope.collector.export.Spool;
import io.emberscope.collector.export.Tally;
import io.emberscope.collector.export.Tls;
import io.emberscope.collector.naming.KernelNames;
import io.emberscope.collector.naming.Naming;
import io.emberscope.collector.naming.SafeBinaryFiles;
import io.emberscope.collector.naming.SafeJitFiles;
import io.emberscope.collector.primitive.LongMap;
import io.emberscope.collector.process.Binaries;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.OwnFiles;
import io.emberscope.collector.process.ProcFiles;
import io.emberscope.collector.process.ProcessTable;
import io.emberscope.collector.process.Timeline;
import io.emberscope.collector.sampling.SamplingControl;
import io.emberscope.collector.unwind.FileTables;
import io.emberscope.collector.unwind.Unwinding;
import io.emberscope.symbolizer.SymbolFiles;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/// The agent, put together: from the kernel to the server, and the order in which it starts and
/// stops.
final class Agent {
    private static final String MOUNT_INFO = "/proc/self/mountinfo";
    private static final long EXPORT_CLOSE_MILLIS = 8_000;
    private static final long DELIVERY_CLOSE_NANOS = 5_000_000_000L;
    private static final long WALK_NANOS = 2_000_000_000L;

    private final Log log;
    private final LongSupplier monotonicNanos;
    private final Metrics metrics = new Metrics();
    private final Tally tally = new Tally(metrics);
    private final @Nullable DiskLock lock;
    private final Spool spool;
    private final HttpSender sender;
    private final Delivery delivery;
    private final Naming naming;
    private final WindowExport export;
    private final Windows windows;
    private final Containers containers = new Containers();
    private final Hierarchy hierarchy;
    private final Kernel kernel;
    private final @Nullable FileTables tables;
    private final @Nullable Unwinding unwinding;
    private final SamplingControl sampling;
    private final KernelCounters counters;
    private final OwnCost cost;
    private final Snapshots snapshots;
    private final CollectLoop loop;
    private final @Nullable MetricsServer metricsServer;
    private long lastWalkNanos;

    /// Attaches to the kernel and starts all threads but the one that calls [#run].
    ///
    /// @throws IOException if something that is needed cannot be had; the message says what to do
    /// @throws UsageException if the memory budget is too small
    Agent(
            CollectorOptions options,
            Disk disk,
            InstantSource wall,
            LongSupplier monotonicNanos,
            Log log)
            throws IOException, UsageException {
        this.log = log;
        this.monotonicNanos = monotonicNanos;
        OwnFiles own = new OwnFiles("/proc");
        MemoryGroup group = MemoryGroup.find("/proc/self");
        MemoryBudget budget = budget(options, own, group);
        budget.export(metrics, group);
        cost = new OwnCost(own, options.nice(), log, monotonicNanos, metrics);
        cost.begin();
        String freshId = own.freshId();
        lock = lock(options.data(), disk);
        AgentState state = state(options.data(), disk, freshId, wall);
        sender = new HttpSender(target(options), monotonicNanos);
        DenyList denied = new DenyList(monotonicNanos);
        ProcFiles procFiles = new ProcFiles("/proc", monotonicNanos);
        naming =
                new Naming(
                        new KernelNames(monotonicNanos, metrics, log::line),
                        new SafeBinaryFiles(own.pid(), denied::contains),
                        new SafeJitFiles(procFiles, denied::contains, wall),
                        budget.jit(),
                        binary -> deny(denied, binary),
                        new SymbolFiles(
                                lock == null ? null : options.data().resolve("symbols"),
                                disk,
                                SymbolFiles.Limits.OF_AGENT,
                                metrics,
                                log::line),
                        options.node().isEmpty() ? own.hostName() : options.node(),
                        Math.round(1e9 / options.frequencyHz()),
                        monotonicNanos,
                        metrics);
        spool =
                Spool.open(
                        options.data().resolve("spool"),
                        options.spoolBytesMax(),
                        disk,
                        tally,
                        log::line);
        export = new WindowExport(naming, state, spool, tally, metrics, log);
        WallClock clock = new WallClock(wall, monotonicNanos);
        windows = new Windows(clock, export::accept, naming::seen, new CutStacks(metrics));
        Binaries binaries = new Binaries();
        hierarchy = Hierarchy.choose(MOUNT_INFO, Agent::groupId);
        boolean groupsTellAll = Hierarchy.isOnlyUnified(MOUNT_INFO);
        sampling =
                new SamplingControl(
                        options.samplingFile(),
                        options.frequencyHz(),
                        disk,
                        path -> groupId(hierarchy.root() + path),
                        own.cpus(),
                        monotonicNanos.getAsLong(),
                        metrics,
                        log::line);
        BpfKernel real =
                BpfKernel.open(
                        options, sampling.begin(), budget, hierarchy, containers, metrics, log);
        kernel = real;
        UnwindMemory memory = real.unwindMemory().orElse(null);
        if (memory == null) {
            tables = null;
            unwinding = null;
        } else {
            tables =
                    new FileTables(
                            new SafeBinaryFiles(own.pid(), denied::contains),
                            binary -> deny(denied, binary),
                            lock == null ? null : options.data().resolve("unwind"),
                            disk,
                            monotonicNanos,
                            metrics,
                            log::line);
            unwinding =
                    new Unwinding(
                            memory, tables, budget.unwind(), monotonicNanos, metrics, log::line);
        }
        ProcessTable processes = new ProcessTable(binaries, metrics, pid -> gone(denied, pid));
        Timeline timeline =
                new Timeline(
                        binaries,
                        new Merger(
                                processes, containers, groupsTellAll, windows, unwinding, metrics));
        counters = new KernelCounters(kernel, metrics);
        if (hierarchy.kind() != Hierarchy.Kind.NONE) {
            containers.learn(CgroupScan.run(hierarchy.root(), Agent::groupId));
        }
        snapshots = new Snapshots(procFiles, denied, monotonicNanos, metrics);
        loop =
                new CollectLoop(
                        kernel,
                        timeline,
                        processes,
                        windows,
                        clock,
                        unwinding,
                        snapshots,
                        procFiles,
                        this::everySecond,
                        monotonicNanos);
        delivery =
                new Delivery(spool, sender, tally, metrics, monotonicNanos.getAsLong(), log::line);
        gauges(timeline, clock, denied);
        HostPort listen = options.metricsListen();
        metricsServer =
                listen == null
                        ? null
                        : new MetricsServer(listen, this::metricsText, this::notReady);
        log.line(
                "sampling at "
                        + options.frequencyHz()
                        + " Hz, control groups "
                        + hierarchy.kind()
                        + ", sending to "
                        + options.server());
        log.line(budget.text());
        if (group.limitBytes() < budget.bytes()) {
            log.line(
                    "--memory: our control group is limited to "
                            + group.limitBytes()
                            + " bytes, which is less, so the kernel may kill us");
        }
    }

    /// The budget that the operator set; else the machine's, or the limit of our control group.
    private static MemoryBudget budget(CollectorOptions options, OwnFiles own, MemoryGroup group)
            throws UsageException {
        MemoryBudget.Circumstances given =
                new MemoryBudget.Circumstances(
                        MemoryBudget.heapBytes(),
                        own.cpus(),
                        own.possibleCpus(),
                        options.frequencyHz());
        if (options.memoryBytesMax() > 0) {
            return MemoryBudget.cut("--memory", options.memoryBytesMax(), given);
        }
        long ofMachine = MemoryBudget.ofMachine(given.cpus());
        return group.limitBytes() < ofMachine
                ? MemoryBudget.cut(
                        "the limit of our control group, or --memory", group.limitBytes(), given)
                : MemoryBudget.cut("--memory", ofMachine, given);
    }

    /// Collects until [#stop], then sends what is left.
    void run() throws BpfException {
        loop.run();
    }

    /// Makes [#run] end. May be called by any thread.
    void stop() {
        loop.stop();
    }

    /// Sends what is left, within some seconds, gives everything back and says what became of the
    /// samples.
    void close() {
        export.close(EXPORT_CLOSE_MILLIS);
        delivery.close(DELIVERY_CLOSE_NANOS);
        counters.refresh();
        if (unwinding != null) {
            unwinding.close();
        }
        kernel.close();
        snapshots.close();
        naming.close();
        try {
            if (metricsServer != null) {
                metricsServer.close();
            }
            if (lock != null) {
                lock.close();
            }
        } catch (IOException e) {
            log.line("stopping: " + e);
        }
        log.line(
                "stopped: samples hits="
                        + counters.hits()
                        + " restored="
                        + tally.restoredSamples()
                        + " delivered="
                        + tally.deliveredSamples()
                        + " dropped="
                        + (counters.dropped() + tally.droppedSamples())
                        + " left_out="
                        + counters.leftOut()
                        + " spooled="
                        + spool.samples()
                        + "; nanoseconds hits="
                        + counters.hitNanos()
                        + " restored="
                        + tally.restoredNanos()
                        + " delivered="
                        + tally.deliveredNanos()
                        + " dropped="
                        + (counters.droppedNanos() + tally.droppedNanos())
                        + " left_out="
                        + counters.leftOutNanos()
                        + " spooled="
                        + spool.nanos());
        String reasons = counters.reasons() + tally.reasons();
        if (!reasons.isEmpty()) {
            log.line("dropped samples by reason:" + reasons);
        }
    }

    private void everySecond() {
        naming.check();
        if (tables != null) {
            tables.check();
        }
        sender.cutIfStuck();
        cost.tick();
        counters.refresh();
        long now = monotonicNanos.getAsLong();
        sampling.tick(kernel, now, cost.cpuNanos() + counters.busyNanos());
        if (containers.scanWanted()
                && hierarchy.kind() != Hierarchy.Kind.NONE
                && now - lastWalkNanos > WALK_NANOS) {
            lastWalkNanos = now;
            LongMap<Container> walked = CgroupScan.run(hierarchy.root(), Agent::groupId);
            containers.learn(walked);
        }
    }

    private void gone(DenyList denied, int pid) {
        denied.remove(pid);
        if (unwinding != null) {
            unwinding.forget(pid);
        }
    }

    private String metricsText() {
        counters.refresh();
        return metrics.text();
    }

    private String notReady() {
        return loop.isReady() ? "" : "reading the processes that were there before us";
    }

    private void gauges(Timeline timeline, WallClock clock, DenyList denied) {
        metrics.gauge(
                "emberscope_collector_pending_samples",
                "Samples that are named and encoded right now, or wait for that.",
                export::pendingSamples);
        metrics.gauge(
                "emberscope_collector_pending_nanoseconds",
                "Time in them, of the CPU and of waiting.",
                export::pendingNanos);
        metrics.gauge(
                "emberscope_collector_denied_processes",
                "Processes whose files are not read because they made a read take too long.",
                denied::size);
        metrics.counterFrom(
                "emberscope_collector_early_merges_total",
                "Times that samples were merged before all events had arrived, for want of room.",
                timeline::earlyReplays);
        metrics.counterFrom(
                "emberscope_collector_clock_jumps_total",
                "Times that the clock was set or the machine slept.",
                clock::jumps);
    }

    private static void deny(DenyList denied, Binary binary) {
        if (binary.isGenerated()) {
            denied.add(binary.pid());
        }
        for (Binary.Sighting sighting : binary.sightings()) {
            denied.add(sighting.pid());
        }
    }

    private static long groupId(String directory) throws IOException {
        return Cgroups.idOf(Path.of(directory));
    }

    /// Two agents with one identity would give two batches the same name.
    private @Nullable DiskLock lock(Path directory, Disk disk) throws IOException {
        try {
            disk.createDirectories(directory);
        } catch (IOException e) {
            log.line(
                    "data directory " + directory + ": " + e + "; nothing is kept across restarts");
            return null;
        }
        return disk.lock(directory);
    }

    private AgentState state(Path directory, Disk disk, String freshId, InstantSource wall) {
        if (lock != null) {
            try {
                return AgentState.begin(directory, disk, freshId);
            } catch (IOException e) {
                log.line("data directory " + directory + ": " + e + "; a new identity is used");
            }
        }
        return AgentState.unkept(freshId, wall.instant().getEpochSecond());
    }

    private static HttpTarget target(CollectorOptions options) throws IOException {
        boolean secure = options.server().getProtocol().equals("https");
        SSLSocketFactory tls =
                secure && (options.caFile() != null || options.certFile() != null)
                        ? Tls.of(options.caFile(), options.certFile(), options.keyFile())
                        : null;
        HostPort proxy = options.proxy();
        return new HttpTarget(
                options.server(),
                proxy == null
                        ? Proxy.NO_PROXY
                        : new Proxy(
                                Proxy.Type.HTTP,
                                InetSocketAddress.createUnresolved(proxy.host(), proxy.port())),
                options.tokenFile(),
                tls);
    }
}

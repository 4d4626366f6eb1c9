package io.emberscope.collector.process;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.primitive.LongMap;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// All processes of the node as they were at the time that has been merged so far: what events and
/// snapshots are applied to, in order of time. Not safe for use by several threads.
///
/// Bounded in processes ([#PROCESSES_MAX]) and in mappings (of one process [Mappings#MAPPINGS_MAX],
/// of all [#MAPPINGS_MAX]). When all mappings together are too many, the process with the most
/// loses its own, so a hostile one cannot take the names of others. Whatever is refused is counted;
/// samples are never lost for it, their frames stay unknown.
public final class ProcessTable {
    /// Most processes.
    public static final int PROCESSES_MAX = 65_536;

    /// Most mappings of all processes together.
    public static final int MAPPINGS_MAX = 300_000;

    /// How long after its end a process is kept for samples that were taken before.
    static final long KEPT_AFTER_EXIT_NANOS = 1_000_000_000L;

    private static final int SNAPSHOTS_WANTED_MAX = 1024;

    /// Mappings among which one that was moved is looked for.
    private static final int MOVED_AMONG_MAX = 256;

    private final Binaries binaries;
    private final IntConsumer gone;
    private final LongMap<ProfiledProcess> processes = new LongMap<>();
    private final ArrayDeque<Exited> exited = new ArrayDeque<>();
    private final ArrayDeque<ProfiledProcess> doubtful = new ArrayDeque<>();
    private final int[] snapshotsWanted = new int[SNAPSHOTS_WANTED_MAX];
    private int snapshotsWantedCount;
    private int mappingCount;

    private final Metrics.Counter refusedProcesses;
    private final Metrics.Counter refusedMappings;
    private final Metrics.Counter cutProcesses;
    private final Metrics.Counter missedExits;

    private record Exited(ProfiledProcess process, long timeNanos) {}

    /// An empty table.
    ///
    /// @param gone takes the id of each process that is forgotten
    public ProcessTable(Binaries binaries, Metrics metrics, IntConsumer gone) {
        this.binaries = binaries;
        this.gone = gone;
        refusedProcesses =
                metrics.counter(
                        "emberscope_collector_refused_processes_total",
                        "Processes not kept because the table was full.");
        refusedMappings =
                metrics.counter(
                        "emberscope_collector_refused_mappings_total",
                        "Mappings not kept because their process, or all, had too many.");
        cutProcesses =
                metrics.counter(
                        "emberscope_collector_cut_processes_total",
                        "Processes whose mappings were given up because they had the most.");
        missedExits =
                metrics.counter(
                        "emberscope_collector_missed_exits_total",
                        "Processes found gone without an event of their end.");
        metrics.gauge("emberscope_collector_processes", "Processes in the table.", processes::size);
        metrics.gauge(
                "emberscope_collector_mappings", "Mappings in the table.", () -> mappingCount);
    }

    /// The process, or null.
    public @Nullable ProfiledProcess find(int pid) {
        return processes.get(pid);
    }

    /// The process of a sample. One that is not known yet is kept without mappings. As long as it
    /// has none and no event is to tell them, snapshots of it are asked for.
    public ProfiledProcess ofSample(int pid, long timeNanos) {
        ProfiledProcess process = ofEvent(pid);
        boolean mayHave = process.isKept() && !process.isKernel() && !process.mappingsCut();
        if (mayHave && process.mappings().size() == 0 && !process.imageFresh()) {
            askForSnapshot(process, timeNanos);
        }
        return process;
    }

    /// Asks for a snapshot of a process of which something may have changed without an event, such
    /// as code that was moved; more and more seldom if there is nothing new.
    public void askForSnapshot(ProfiledProcess process, long timeNanos) {
        if (snapshotsWantedCount < SNAPSHOTS_WANTED_MAX && process.ask(timeNanos)) {
            snapshotsWanted[snapshotsWantedCount++] = process.pid();
        }
    }

    /// Asks for a snapshot of a process if a new program began in it and nobody has looked since
    /// which container it is in. A container's first process is started by one outside of it.
    public void askForContainer(ProfiledProcess process, long timeNanos) {
        if (process.containerUnsure()) {
            askForSnapshot(process, timeNanos);
        }
    }

    /// How many processes there are, those that just ended included.
    public int size() {
        return processes.size();
    }

    /// How many mappings there are.
    public int mappingCount() {
        return mappingCount;
    }

    /// A process or a thread began.
    public void fork(long timeNanos, int parentPid, int pid) {
        ProfiledProcess known = processes.get(pid);
        if (parentPid == pid) {
            if (known != null) {
                known.threadStarted(timeNanos);
            }
            return;
        }
        if (known != null) {
            forget(known);
        }
        ProfiledProcess child = new ProfiledProcess(pid, binaries);
        child.threadsExact();
        ProfiledProcess parent = processes.get(parentPid);
        if (parent != null) {
            child.becomeChildOf(parent);
        }
        if (!keep(child)) {
            release(child);
        } else if (parent == null) {
            askForSnapshot(child, timeNanos);
        }
    }

    /// A process began a new program.
    ///
    /// @param first the file that is mapped first afterwards, which is the program, if that is
    ///   known already
    public void exec(int pid, @Nullable Binary first) {
        ProfiledProcess process = ofEvent(pid);
        release(process);
        process.becomeNewImage();
        if (first != null) {
            process.executable(Names.fileName(first.path()));
        }
    }

    /// A process mapped executable memory.
    public void map(int pid, long start, long end, long offset, Binary binary) {
        ProfiledProcess process = ofEvent(pid);
        if (process.imageFresh() && binary.kind() == Binary.Kind.FILE) {
            process.executable(Names.fileName(binary.path()));
        }
        binary.seen(pid, start, end);
        add(process, start, end, offset, binary);
    }

    /// A thread ended.
    public void exit(long timeNanos, int pid, int tid) {
        ProfiledProcess process = processes.get(pid);
        if (process == null || process.exited()) {
            return;
        }
        process.threadEnded(timeNanos, pid == tid);
        if (process.isOver()) {
            process.exit();
            exited.addLast(new Exited(process, timeNanos));
        } else if (process.mayBeOver() && !process.isDoubted()) {
            process.doubt();
            doubtful.addLast(process);
        }
    }

    /// Takes what `/proc` told of a process instead of what was known.
    public void apply(Snapshot snapshot) {
        ProfiledProcess process = ofEvent(snapshot.pid());
        if (process.exited()) {
            return;
        }
        process.threads(snapshot.threads(), snapshot.takenNanos());
        process.kernel(snapshot.isKernel());
        process.container(snapshot.container());
        if (!snapshot.executable().isEmpty()) {
            process.executable(snapshot.executable());
        }
        if (snapshot.isCut()) {
            refusedMappings.increment();
        }
        Mappings before = process.mappings();
        Binary[] found = new Binary[snapshot.size()];
        for (int i = 0; i < found.length; i++) {
            found[i] = binaryOf(snapshot, i, before);
        }
        for (int i = 0; i < found.length; i++) {
            found[i].seen(snapshot.pid(), snapshot.start(i), snapshot.end(i));
        }
        if (isAsTold(before, snapshot, found)) {
            return;
        }
        process.askOften();
        release(process);
        process.mappings(new Mappings());
        for (int i = 0; i < found.length; i++) {
            add(process, snapshot.start(i), snapshot.end(i), snapshot.offset(i), found[i]);
        }
    }

    private static boolean isAsTold(Mappings known, Snapshot snapshot, Binary[] found) {
        known.merge();
        boolean same = known.size() == found.length;
        for (int i = 0; i < found.length && same; i++) {
            same =
                    known.start(i) == snapshot.start(i)
                            && known.end(i) == snapshot.end(i)
                            && known.fileOffset(i, known.start(i)) == snapshot.offset(i)
                            && known.binary(i).equals(found[i]);
        }
        return same;
    }

    /// Forgets processes whose end was merged some time ago.
    ///
    /// @param mergedNanos everything up to this time has been merged
    public void forgetExited(long mergedNanos) {
        for (Exited first = exited.peekFirst();
                first != null && mergedNanos - first.timeNanos > KEPT_AFTER_EXIT_NANOS;
                first = exited.peekFirst()) {
            exited.removeFirst();
            if (processes.get(first.process.pid()) == first.process) {
                forget(first.process);
            }
        }
    }

    /// Asks the kernel about processes whose threads we could not count.
    ///
    /// @param mergedNanos everything up to this time has been merged
    public void settleDoubts(long mergedNanos, ProcFiles kernel) {
        for (int i = doubtful.size(); i > 0; i--) {
            ProfiledProcess process = doubtful.removeFirst();
            if (processes.get(process.pid()) == process && !process.exited()) {
                if (kernel.isAlive(process.pid())) {
                    doubtful.addLast(process);
                } else {
                    process.exit();
                    exited.addLast(new Exited(process, mergedNanos));
                }
            }
        }
    }

    /// Ends those that are not in the kernel's list and were not in it at the last call either, for
    /// the case that the event of their end was lost.
    ///
    /// @param alive process ids
    /// @param mergedNanos everything up to this time has been merged
    public void endMissing(int[] alive, long mergedNanos) {
        LongMap<ProfiledProcess> missing = new LongMap<>();
        processes.forEach(
                (pid, process) -> {
                    if (!process.exited()) {
                        missing.put(pid, process);
                    }
                });
        for (int pid : alive) {
            ProfiledProcess present = missing.remove(pid);
            if (present != null) {
                present.missing(false);
            }
        }
        missing.forEach(
                (_, process) -> {
                    if (process.isMissing()) {
                        process.exit();
                        exited.addLast(new Exited(process, mergedNanos));
                        missedExits.increment();
                    }
                    process.missing(true);
                });
    }

    /// The processes of which a snapshot is wanted since the last call.
    public int[] takeSnapshotsWanted() {
        int[] pids = Arrays.copyOf(snapshotsWanted, snapshotsWantedCount);
        snapshotsWantedCount = 0;
        return pids;
    }

    private ProfiledProcess ofEvent(int pid) {
        ProfiledProcess process = processes.get(pid);
        if (process == null) {
            process = new ProfiledProcess(pid, binaries);
            keep(process);
        }
        return process;
    }

    private boolean keep(ProfiledProcess process) {
        if (processes.size() >= PROCESSES_MAX) {
            refusedProcesses.increment();
            return false;
        }
        process.keep();
        processes.put(process.pid(), process);
        return true;
    }

    private void forget(ProfiledProcess process) {
        processes.remove(process.pid());
        release(process);
        process.dropGeneratedCode();
        gone.accept(process.pid());
    }

    private void release(ProfiledProcess process) {
        Mappings mappings = process.mappings();
        if (mappings.release()) {
            mappingCount -= mappings.size();
        }
    }

    private void add(ProfiledProcess process, long start, long end, long offset, Binary binary) {
        if (process.mappingsCut() || !process.isKept()) {
            refusedMappings.increment();
            return;
        }
        if (binary.isJitDump()) {
            process.jitDump(start, end);
        }
        Mappings before = process.mappings();
        Mappings own = process.writableMappings();
        int had = own == before ? own.size() : 0;
        if (!own.add(start, end, offset, binary)) {
            refusedMappings.increment();
        }
        mappingCount += own.size() - had;
        if (mappingCount > MAPPINGS_MAX) {
            cutLargest();
        }
    }

    private void cutLargest() {
        Largest largest = new Largest();
        processes.forEach(largest);
        ProfiledProcess process = largest.process;
        if (process != null) {
            release(process);
            process.cutMappings();
            cutProcesses.increment();
        }
    }

    private static final class Largest implements LongMap.Visitor<ProfiledProcess> {
        private @Nullable ProfiledProcess process;
        private int size;

        @Override
        public void visit(long pid, ProfiledProcess candidate) {
            Mappings mappings = candidate.mappings();
            if (mappings.size() > size) {
                process = candidate;
                size = mappings.size();
            }
        }
    }

    /// The binary of a mapping of a snapshot: the one an event told of, if it is still there, or is
    /// a part of that elsewhere, because that has a build id.
    private Binary binaryOf(Snapshot snapshot, int index, Mappings known) {
        Binary fresh =
                binaries.of(
                        snapshot.path(index),
                        BuildId.NONE,
                        snapshot.device(index),
                        snapshot.inode(index));
        int there = known.find(snapshot.start(index));
        if (there >= 0 && known.start(there) == snapshot.start(index)) {
            return told(known, there, fresh);
        }
        long first = snapshot.offset(index);
        long end = first + (snapshot.end(index) - snapshot.start(index));
        for (int i = 0; i < known.size() && known.size() <= MOVED_AMONG_MAX; i++) {
            if (known.fileOffset(i, known.start(i)) <= first
                    && end <= known.fileOffset(i, known.end(i))
                    && told(known, i, fresh) != fresh) {
                return known.binary(i);
            }
        }
        return fresh;
    }

    private static Binary told(Mappings known, int index, Binary fresh) {
        Binary old = known.binary(index);
        return old.buildId().isKnown() && old.path().equals(fresh.path()) ? old : fresh;
    }
}

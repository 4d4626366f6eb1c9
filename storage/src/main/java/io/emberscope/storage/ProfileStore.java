package io.emberscope.storage;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskLock;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.Snapshots.Hold;
import io.emberscope.storage.iceberg.IcebergTables;
import io.emberscope.storage.query.LabelValues;
import io.emberscope.storage.query.Parts;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.query.TimeSeries;
import io.emberscope.storage.segment.DamagedSegmentException;
import io.emberscope.storage.segment.Segment;
import io.emberscope.storage.segment.SegmentDirectory;
import io.emberscope.storage.segment.SegmentDirectory.Found;
import io.emberscope.storage.segment.SegmentDirectory.Unreadable;
import io.emberscope.storage.segment.SymbolCache;
import io.emberscope.storage.wal.WriteAheadLog;
import io.emberscope.storage.window.Window;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps profiles and answers questions about them. Safe for use by several threads.
///
/// Queries of the short form have the limits of [QueryContext#strict()].
public final class ProfileStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProfileStore.class);
    private static final String LOG_DIRECTORY = "wal";
    private static final String SEGMENT_DIRECTORY = "segments";

    private final Path directory;
    private final Disk disk;
    private final DiskLock lock;
    private final WriteAheadLog log;
    private final SegmentDirectory segments;
    private final SymbolCache symbols;
    private final Parts parts;
    private final Snapshots snapshots;
    private final Writability writability;
    private final Ingest ingest;
    private final Maintenance maintenance;
    private final Merging merging;
    private final @Nullable StoreThreads threads;

    private ProfileStore(
            Path directory,
            StoreOptions options,
            Disk disk,
            InstantSource wall,
            Metrics metrics,
            StoreRuntime runtime,
            DiskLock lock)
            throws IOException {
        this.directory = directory;
        this.disk = disk;
        this.lock = lock;
        StoreMetrics counters = new StoreMetrics(metrics);
        segments =
                SegmentDirectory.open(
                        directory.resolve(SEGMENT_DIRECTORY),
                        disk,
                        options.cacheBytesMax() / 4,
                        (_, damage) -> {
                            counters.segmentsDamaged.increment();
                            LOG.error("Segment damaged: {}", damage.getMessage());
                        });
        symbols = new SymbolCache(options.cacheBytesMax() * 3 / 4);
        parts = runtime.parts();
        log =
                WriteAheadLog.open(
                        directory.resolve(LOG_DIRECTORY),
                        disk,
                        options.walFileBytesMax(),
                        runtime.salts());
        Found found = segments.scan();
        counters.segmentsDamaged.add(found.unreadable().size());
        AgeClock age =
                found.segments().isEmpty()
                        ? AgeClock.first(runtime.nanoClock(), wall)
                        : AgeClock.after(
                                runtime.nanoClock(),
                                wall,
                                found.segments().getLast().clockMillis(),
                                found.segments().getLast().storedAtMillis());
        Recovery.Result recovered = Recovery.run(options, segments, found, log);
        counters.replayed(recovered.replay());
        snapshots = new Snapshots(recovered.snapshot());
        writability = new Writability();
        ingest =
                new Ingest(
                        options,
                        log,
                        snapshots,
                        recovered.seen(),
                        writability,
                        counters,
                        runtime.nanoClock(),
                        runtime.completions());
        maintenance =
                new Maintenance(
                        directory,
                        options,
                        disk,
                        log,
                        segments,
                        symbols,
                        snapshots,
                        writability,
                        counters,
                        wall,
                        age,
                        runtime.nanoClock());
        merging =
                new Merging(
                        directory,
                        options,
                        disk,
                        segments,
                        snapshots,
                        writability,
                        counters,
                        age,
                        runtime.nanoClock(),
                        runtime.threaded());
        maintenance.start();
        threads =
                runtime.threaded()
                        ? new StoreThreads(ingest, maintenance, merging, writability)
                        : null;
        registerGauges(counters);
    }

    /// Opens the store in a directory, which is made if it is missing. No other process may use it.
    ///
    /// What an earlier process acknowledged is there when this returns. If it cannot be made
    /// durable anew because the disk is full or fails, the store opens for queries only; see
    /// [#health].
    ///
    /// @param wall for what people read, and for how long the process was down; all else is
    ///   measured by the monotonic clock
    public static ProfileStore open(
            Path directory, StoreOptions options, Disk disk, InstantSource wall, Metrics metrics)
            throws IOException {
        ProfileStore store =
                open(directory, options, disk, wall, metrics, StoreRuntime.threadedRuntime());
        if (store.threads != null) {
            store.threads.start();
        }
        return store;
    }

    /// The same; without threads if the runtime says so, and then the test does their work.
    static ProfileStore open(
            Path directory,
            StoreOptions options,
            Disk disk,
            InstantSource wall,
            Metrics metrics,
            StoreRuntime runtime)
            throws IOException {
        disk.createDirectories(directory);
        DiskLock lock = disk.lock(directory);
        boolean opened = false;
        try {
            ProfileStore store =
                    new ProfileStore(directory, options, disk, wall, metrics, runtime, lock);
            opened = true;
            return store;
        } finally {
            if (!opened) {
                lock.close();
            }
        }
    }

    /// Stores a batch. The future completes once the batch survives a power cut, and then queries
    /// see it. A batch whose id was stored before is not stored again.
    ///
    /// The future fails with
    ///
    /// - [OverCapacityException] if memory or a limit of the tenant is used up; nothing was kept
    /// - [NotWritableException] if the disk is full or failed
    /// - [MalformedInputException] if the batch breaks a rule; nothing was kept
    ///
    /// @param id names the batch, or null if it is never sent twice
    public CompletableFuture<Appended> append(
            TenantId tenant, @Nullable BatchId id, ProfileBatch batch) {
        return ingest.append(tenant, id, batch);
    }

    /// Sums by stack over all matching samples. A stack whose sum is zero is part of the answer.
    public MergedProfile merge(
            TenantId tenant, ProfileType type, Selector selector, TimeRange range)
            throws IOException {
        return merge(tenant, type, selector, null, range, QueryContext.strict());
    }

    /// The same with limits of the caller's choice.
    ///
    /// @param groupBy a label for whose values the sums are made apart, at most
    ///   [StackSums#GROUPS_MAX]: each stack then has the value as a frame at its root. Null for
    ///   sums over all
    public MergedProfile merge(
            TenantId tenant,
            ProfileType type,
            Selector selector,
            @Nullable String groupBy,
            TimeRange range,
            QueryContext context)
            throws IOException {
        try (Hold hold = snapshots.hold()) {
            return queries(tenant, hold, context).merge(type, selector, groupBy, range);
        }
    }

    /// Sums by steps of time over all matching samples.
    ///
    /// @param step at least a millisecond, and such that there are at most 11,000 steps
    public TimeSeries series(
            TenantId tenant, ProfileType type, Selector selector, TimeRange range, Duration step)
            throws IOException {
        return series(tenant, type, selector, range, step, QueryContext.strict());
    }

    /// The same with limits of the caller's choice.
    public TimeSeries series(
            TenantId tenant,
            ProfileType type,
            Selector selector,
            TimeRange range,
            Duration step,
            QueryContext context)
            throws IOException {
        try (Hold hold = snapshots.hold()) {
            return queries(tenant, hold, context)
                    .series(type, selector, null, range, step)
                    .values()
                    .iterator()
                    .next();
        }
    }

    /// Sums by steps of time, apart for each value of a label.
    ///
    /// @param groupBy the label, which may have [StackSums#GROUPS_MAX] values at most
    /// @return the sums by value, in the order of the values; series without the label are under
    ///   the empty text
    public Map<String, TimeSeries> seriesBy(
            TenantId tenant,
            ProfileType type,
            Selector selector,
            String groupBy,
            TimeRange range,
            Duration step,
            QueryContext context)
            throws IOException {
        try (Hold hold = snapshots.hold()) {
            return queries(tenant, hold, context).series(type, selector, groupBy, range, step);
        }
    }

    /// The types of which there are samples in the range, sorted by id.
    public List<ProfileType> profileTypes(TenantId tenant, TimeRange range) throws IOException {
        return profileTypes(tenant, range, QueryContext.strict());
    }

    /// The same with limits of the caller's choice.
    public List<ProfileType> profileTypes(TenantId tenant, TimeRange range, QueryContext context)
            throws IOException {
        try (Hold hold = snapshots.hold()) {
            return queries(tenant, hold, context).profileTypes(range);
        }
    }

    /// The names of the labels of all matching series that have samples in the range, sorted.
    public List<String> labelNames(TenantId tenant, Selector selector, TimeRange range)
            throws IOException {
        return labelNames(tenant, selector, range, QueryContext.strict());
    }

    /// The same with limits of the caller's choice.
    public List<String> labelNames(
            TenantId tenant, Selector selector, TimeRange range, QueryContext context)
            throws IOException {
        try (Hold hold = snapshots.hold()) {
            return queries(tenant, hold, context).labelNames(selector, range);
        }
    }

    /// The values of one label of all matching series that have samples in the range.
    ///
    /// @param name the label
    /// @param prefix only values that start with it; empty for all
    /// @param limit how many values at most, the first ones in their order
    public LabelValues labelValues(
            TenantId tenant,
            String name,
            Selector selector,
            String prefix,
            int limit,
            TimeRange range)
            throws IOException {
        return labelValues(tenant, name, selector, prefix, limit, range, QueryContext.strict());
    }

    /// The same with limits of the caller's choice.
    public LabelValues labelValues(
            TenantId tenant,
            String name,
            Selector selector,
            String prefix,
            int limit,
            TimeRange range,
            QueryContext context)
            throws IOException {
        try (Hold hold = snapshots.hold()) {
            return queries(tenant, hold, context).labelValues(name, selector, prefix, limit, range);
        }
    }

    /// The tables of a tenant as SQL engines see them: what is in segments now. Their files stay
    /// until it is closed.
    ///
    /// @param place URI under which the objects of the tables are, with a slash at its end
    /// @throws DamagedSegmentException if a segment is damaged
    public IcebergTables tables(TenantId tenant, String place) throws IOException {
        Hold hold = snapshots.hold();
        try {
            for (Unreadable segment : hold.snapshot().unreadable()) {
                throw new DamagedSegmentException(segment.damage());
            }
            return new IcebergTables(tenant, place, hold.snapshot().segments(), hold::close);
        } catch (IOException e) {
            hold.close();
            throw e;
        }
    }

    /// Whether the store takes batches, and what else an operator should know.
    public StoreHealth health() {
        List<String> warnings = new ArrayList<>();
        Snapshot snapshot = snapshots.current();
        snapshot.unreadable().forEach(segment -> warnings.add(segment.damage()));
        for (Segment segment : snapshot.segments()) {
            String damage = segment.damage();
            if (damage != null) {
                warnings.add(damage);
            }
        }
        return new StoreHealth(writability.isWritable(), writability.reason(), warnings);
    }

    /// The store in numbers.
    public StoreStatus status() {
        Snapshot snapshot = snapshots.current();
        return new StoreStatus(
                snapshot.windowBytes(),
                snapshot.windows().stream().mapToLong(Window::rows).sum(),
                ingest.pendingBytes(),
                snapshot.segments().size(),
                snapshot.segments().stream().mapToLong(Segment::rows).sum(),
                snapshot.segments().stream().mapToLong(Segment::bytes).sum(),
                damagedSegments(snapshot),
                freeBytes());
    }

    /// Makes a segment of what is in memory and stops. What was appended before is durable in any
    /// case.
    @Override
    public void close() throws IOException {
        ingest.close();
        if (threads == null) {
            commitWaiting();
        } else {
            threads.stop();
        }
        try {
            flush();
            log.close();
        } finally {
            lock.close();
        }
    }

    /// Commits one group of the batches that wait; only without threads.
    ///
    /// @return whether there were any
    boolean commitWaiting() {
        List<Pending> group = ingest.poll();
        if (!group.isEmpty()) {
            ingest.commit(group);
        }
        return !group.isEmpty();
    }

    /// Makes segments of what is in memory; only without threads, or when they have ended.
    void flush() {
        while (commitWaiting()) {
            // all of them
        }
        ingest.freeze(true);
        maintenance.run();
    }

    /// Does what is due by size and age; only without threads.
    void tick() {
        ingest.freeze(false);
        maintenance.run();
    }

    /// Makes one segment of several, if any should become one; only without threads.
    ///
    /// @return whether it did
    boolean mergeOne() {
        return merging.mergeOne();
    }

    /// Holds the files of all segments, as a query does.
    AutoCloseable holdForTest() {
        return snapshots.hold();
    }

    private StoreQueries queries(TenantId tenant, Hold hold, QueryContext context) {
        return new StoreQueries(tenant, hold.snapshot(), symbols, parts, context);
    }

    private static int damagedSegments(Snapshot snapshot) {
        return snapshot.unreadable().size()
                + (int) snapshot.segments().stream().filter(s -> s.damage() != null).count();
    }

    private long freeBytes() {
        try {
            return disk.usableBytes(directory);
        } catch (IOException e) {
            return 0;
        }
    }

    private void registerGauges(StoreMetrics metrics) {
        metrics.gauge(
                "writable", "1 if batches are taken.", () -> writability.isWritable() ? 1 : 0);
        metrics.gauge(
                "window_bytes",
                "Memory of samples that are not in a segment yet.",
                () -> snapshots.current().windowBytes());
        metrics.gauge(
                "window_samples",
                "Samples that are not in a segment yet.",
                () -> snapshots.current().windows().stream().mapToLong(Window::rows).sum());
        metrics.gauge(
                "waiting_bytes", "Memory of batches that wait for the log.", ingest::pendingBytes);
        metrics.gauge("segments", "Segments.", () -> snapshots.current().segments().size());
        metrics.gauge(
                "segment_bytes",
                "Bytes of the tables of all segments.",
                () -> snapshots.current().segments().stream().mapToLong(Segment::bytes).sum());
        metrics.gauge(
                "damaged_segments",
                "Segments that are left out because they are damaged.",
                () -> damagedSegments(snapshots.current()));
        metrics.gauge(
                "merge_waits_for_room",
                "1 if segments are not merged for want of room on the disk.",
                () -> merging.waitsForRoom() ? 1 : 0);
        metrics.gauge("free_bytes", "Bytes that can still be written.", this::freeBytes);
        metrics.gauge("agent_runs", "Runs of agents whose batches are remembered.", ingest::runs);
        metrics.counterFrom(
                "forgotten_agent_runs_total",
                "Runs of agents that were forgotten because there were too many.",
                ingest::forgottenRuns);
        metrics.gauge(
                "cache_bytes",
                "Memory of what was read from segments.",
                () -> symbols.bytes() + segments.cacheBytes());
        metrics.counterFrom("symbol_cache_hits_total", "Stacks found in the cache.", symbols::hits);
        metrics.counterFrom(
                "symbol_cache_misses_total", "Stacks not found in the cache.", symbols::misses);
    }
}

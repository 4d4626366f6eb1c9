package io.emberscope.storage;

import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.LabelValues;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.query.TimeSeries;
import io.emberscope.storage.window.PreparedBatch;
import io.emberscope.storage.window.Window;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Keeps profiles and answers questions about them. Safe for use by several threads.
///
/// Queries of the short form have the limits of [QueryContext#strict()].
public final class ProfileStore implements AutoCloseable {
    private final StoreOptions options;
    private final Object lock = new Object();
    private final Window window = new Window(1);
    private final Set<String> stored = new HashSet<>();

    private ProfileStore(StoreOptions options) {
        this.options = options;
    }

    /// Opens the store in a directory, which is made if it is missing. No other process may use it.
    ///
    /// @param clock only for what people read; durations come from the monotonic clock
    public static ProfileStore open(
            Path directory, StoreOptions options, Disk disk, InstantSource clock, Metrics metrics)
            throws IOException {
        disk.createDirectories(directory);
        return new ProfileStore(options);
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
        try {
            PreparedBatch prepared = PreparedBatch.of(tenant, batch);
            synchronized (lock) {
                if (id != null && !stored.add(tenant + "/" + id)) {
                    return CompletableFuture.completedFuture(Appended.DUPLICATE);
                }
                if (window.bytes() > options.memoryBytesMax()) {
                    return CompletableFuture.failedFuture(
                            new OverCapacityException(
                                    "window: full (expected: at most "
                                            + options.memoryBytesMax()
                                            + " bytes)",
                                    Duration.ofSeconds(5)));
                }
                window.intern(prepared);
                window.add(prepared, window.lastSequence() + 1);
            }
            return CompletableFuture.completedFuture(Appended.STORED);
        } catch (MalformedInputException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /// Sums by stack over all matching samples. A stack whose sum is zero is part of the answer.
    public MergedProfile merge(
            TenantId tenant, ProfileType type, Selector selector, TimeRange range)
            throws IOException {
        return merge(tenant, type, selector, range, QueryContext.strict());
    }

    /// The same with limits of the caller's choice.
    public MergedProfile merge(
            TenantId tenant,
            ProfileType type,
            Selector selector,
            TimeRange range,
            QueryContext context)
            throws IOException {
        return queries(tenant, context).merge(type, selector, range);
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
        return queries(tenant, context).series(type, selector, range, step);
    }

    /// The types of which there are samples in the range, sorted by id.
    public List<ProfileType> profileTypes(TenantId tenant, TimeRange range) throws IOException {
        return profileTypes(tenant, range, QueryContext.strict());
    }

    /// The same with limits of the caller's choice.
    public List<ProfileType> profileTypes(TenantId tenant, TimeRange range, QueryContext context)
            throws IOException {
        return queries(tenant, context).profileTypes(range);
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
        return queries(tenant, context).labelNames(selector, range);
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
        return queries(tenant, context).labelValues(name, selector, prefix, limit, range);
    }

    /// Whether the store takes batches, and what else an operator should know.
    public StoreHealth health() {
        return new StoreHealth(true, "", List.of());
    }

    /// Stores what was appended and stops.
    @Override
    public void close() throws IOException {}

    private StoreQueries queries(TenantId tenant, QueryContext context) {
        return new StoreQueries(tenant, List.of(window), context);
    }
}

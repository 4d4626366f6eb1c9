package io.emberscope.storage.window;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.Part;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.SampleSource;
import io.emberscope.storage.query.SeriesMatcher;
import io.emberscope.storage.query.SeriesVisitor;
import io.emberscope.storage.query.StackResolver;
import io.emberscope.storage.query.StackSums;
import io.emberscope.storage.query.StepGroups;
import io.emberscope.storage.query.TimeRange;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Samples in memory, of all tenants, in columns. One thread writes, any number reads; a reader
/// sees every batch whole or not at all.
///
/// A window belongs to a range of log sequence numbers. When it is large or old enough it takes no
/// more batches and becomes a segment.
public final class Window implements SampleSource {
    private final Map<TenantId, TenantWindow> tenants = new ConcurrentHashMap<>();
    private final long firstSequence;
    private volatile long lastSequence;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong rows = new AtomicLong();

    /// An empty window.
    ///
    /// @param firstSequence log sequence number of the first batch that may come
    public Window(long firstSequence) {
        this.firstSequence = firstSequence;
        this.lastSequence = firstSequence - 1;
    }

    /// Log sequence number of the first batch that could be here.
    public long firstSequence() {
        return firstSequence;
    }

    /// Log sequence number of the newest batch here; below [#firstSequence] if there is none.
    public long lastSequence() {
        return lastSequence;
    }

    /// Whether no batch came.
    public boolean isEmpty() {
        return lastSequence < firstSequence;
    }

    /// Memory held, estimated.
    public long bytes() {
        return bytes.get();
    }

    /// Samples held.
    public long rows() {
        return rows.get();
    }

    /// Who has samples here.
    public Iterable<TenantId> tenants() {
        return tenants.keySet();
    }

    /// Everything of one tenant; null if there is nothing.
    public @Nullable Content content(TenantId tenant) {
        TenantWindow found = tenants.get(tenant);
        return found == null ? null : found.content();
    }

    /// Series that the tenant would have here after the batch.
    public int seriesAfter(PreparedBatch batch) {
        TenantWindow found = tenants.get(batch.tenant());
        return found == null
                ? batch.batch().profiles().size()
                : found.seriesCount() + found.newSeries(batch);
    }

    /// Takes in what the samples of a batch refer to, so that [#add] cannot fail; no query sees it.
    ///
    /// @throws MalformedInputException if other content has one of the batch's ids
    public void intern(PreparedBatch batch) throws MalformedInputException {
        if (batch.rows() > 0) {
            TenantWindow tenant = tenants.computeIfAbsent(batch.tenant(), _ -> new TenantWindow());
            long before = tenant.bytes();
            tenant.intern(batch);
            bytes.addAndGet(tenant.bytes() - before);
        }
    }

    /// Adds a batch that was taken in. Queries that start from now on see all of it.
    ///
    /// @param sequence its log sequence number, above the last one
    public void add(PreparedBatch batch, long sequence) {
        if (sequence <= lastSequence) {
            throw new IllegalArgumentException(
                    "sequence: " + sequence + " (expected: above " + lastSequence + ")");
        }
        if (batch.rows() > 0) {
            TenantWindow tenant = tenants.get(batch.tenant());
            if (tenant == null) {
                throw new IllegalStateException("batch: added (expected: taken in before)");
            }
            long before = tenant.bytes();
            tenant.add(batch);
            bytes.addAndGet(tenant.bytes() - before);
            rows.addAndGet(batch.rows());
        }
        lastSequence = sequence;
    }

    @Override
    public boolean mayHold(TenantId tenant, TimeRange range) {
        return tenants.containsKey(tenant);
    }

    @Override
    public void forEachSeries(
            TenantId tenant, TimeRange range, QueryContext context, SeriesVisitor visitor)
            throws IOException {
        TenantWindow found = tenants.get(tenant);
        if (found != null) {
            found.forEachSeries(range, context, visitor);
        }
    }

    @Override
    public List<Part> sumByStack(
            TenantId tenant,
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            QueryContext context,
            StackSums sums)
            throws IOException {
        TenantWindow found = tenants.get(tenant);
        return found == null
                ? List.of()
                : List.of(Part.of(() -> found.sumByStack(type, matcher, range, context, sums)));
    }

    @Override
    public List<Part> sumByTime(
            TenantId tenant,
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            QueryContext context,
            StepGroups sums)
            throws IOException {
        TenantWindow found = tenants.get(tenant);
        return found == null
                ? List.of()
                : List.of(Part.of(() -> found.sumByTime(type, matcher, range, context, sums)));
    }

    @Override
    public void resolve(TenantId tenant, StackResolver wanted, QueryContext context)
            throws IOException {
        TenantWindow found = tenants.get(tenant);
        if (found != null) {
            found.resolve(wanted, context);
        }
    }
}

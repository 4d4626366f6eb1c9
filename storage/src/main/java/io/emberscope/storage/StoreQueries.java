package io.emberscope.storage;

import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.LabelValues;
import io.emberscope.storage.query.Part;
import io.emberscope.storage.query.Parts;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.QueryStoppedException;
import io.emberscope.storage.query.SampleSource;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.SeriesMatcher;
import io.emberscope.storage.query.StackResolver;
import io.emberscope.storage.query.StackSums;
import io.emberscope.storage.query.StepGroups;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.query.TimeSeries;
import io.emberscope.storage.segment.DamagedSegmentException;
import io.emberscope.storage.segment.Segment;
import io.emberscope.storage.segment.SegmentDirectory.Unreadable;
import io.emberscope.storage.segment.SymbolCache;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// Answers one question from one snapshot of the store.
///
/// Where a segment is damaged there is no answer, unless the context asks for a partial one: then
/// the question is asked anew of the rest.
final class StoreQueries {
    private static final int VALUE_BYTES = 64;

    private final TenantId tenant;
    private final Snapshot snapshot;
    private final SymbolCache symbols;
    private final Parts parts;
    private final QueryContext context;

    StoreQueries(
            TenantId tenant,
            Snapshot snapshot,
            SymbolCache symbols,
            Parts parts,
            QueryContext context) {
        this.tenant = tenant;
        this.snapshot = snapshot;
        this.symbols = symbols;
        this.parts = parts;
        this.context = context;
    }

    MergedProfile merge(
            ProfileType type, Selector selector, @Nullable String groupBy, TimeRange range)
            throws IOException {
        return answer(range, sources -> merge(type, selector, groupBy, range, sources));
    }

    Map<String, TimeSeries> series(
            ProfileType type,
            Selector selector,
            @Nullable String groupBy,
            TimeRange range,
            Duration step)
            throws IOException {
        return answer(
                range,
                sources -> {
                    StepGroups sums = new StepGroups(groupBy, range, step, context);
                    SeriesMatcher matcher = selector.matcher(context);
                    List<Part> work = new ArrayList<>();
                    for (SampleSource source : sources) {
                        context.check();
                        work.addAll(source.sumByTime(tenant, type, matcher, range, context, sums));
                    }
                    parts.run(work, context);
                    return sums.toSeries(type);
                });
    }

    List<ProfileType> profileTypes(TimeRange range) throws IOException {
        return answer(
                range,
                sources -> {
                    Set<ProfileType> types = new HashSet<>();
                    for (SampleSource source : sources) {
                        source.forEachSeries(
                                tenant, range, context, series -> types.add(series.type()));
                    }
                    return types.stream().sorted(Comparator.comparing(ProfileType::id)).toList();
                });
    }

    List<String> labelNames(Selector selector, TimeRange range) throws IOException {
        return answer(
                range,
                sources -> {
                    Set<String> names = new TreeSet<>();
                    SeriesMatcher matcher = selector.matcher(context);
                    for (SampleSource source : sources) {
                        source.forEachSeries(
                                tenant,
                                range,
                                context,
                                series -> {
                                    if (matcher.matches(series.labels())) {
                                        names.addAll(series.labels().names());
                                    }
                                });
                    }
                    return List.copyOf(names);
                });
    }

    LabelValues labelValues(
            String name, Selector selector, String prefix, int limit, TimeRange range)
            throws IOException {
        if (limit <= 0) {
            throw new IllegalArgumentException("limit: " + limit + " (expected: > 0)");
        }
        return answer(range, sources -> labelValues(name, selector, prefix, limit, range, sources));
    }

    private MergedProfile merge(
            ProfileType type,
            Selector selector,
            @Nullable String groupBy,
            TimeRange range,
            List<SampleSource> sources)
            throws IOException {
        StackSums sums = new StackSums(groupBy, context);
        SeriesMatcher matcher = selector.matcher(context);
        // Stacks are numbered as they come, so a source that brought the numbers from one end to
        // the next is sure to know those stacks.
        int[] ends = new int[sources.size()];
        List<Part> work = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            context.check();
            int source = i;
            work.addAll(sources.get(i).sumByStack(tenant, type, matcher, range, context, sums));
            work.add(Part.of(() -> ends[source] = sums.all().size()));
        }
        parts.run(work, context);
        StackResolver resolver = new StackResolver(sums.all(), context);
        boolean cacheAsked = false;
        for (int i = 0; i < ends.length; i++) {
            SampleSource source = sources.get(i);
            int from = i == 0 ? 0 : ends[i - 1];
            boolean onDisk = source instanceof Segment;
            if (onDisk && !cacheAsked) {
                symbols.resolve(tenant, resolver);
                cacheAsked = true;
            }
            if (!resolver.misses(from, ends[i])) {
                continue;
            }
            context.check();
            source.resolve(tenant, resolver, context);
            if (resolver.misses(from, ends[i]) || resolver.wantsFrames()) {
                throw incomplete(source);
            }
            if (onDisk) {
                symbols.learn(tenant, resolver, from, ends[i]);
            }
        }
        return sums.merged(type, range, resolver);
    }

    private static IOException incomplete(SampleSource source) {
        if (source instanceof Segment segment) {
            return segment.damaged("stacks or frames missing");
        }
        throw new IllegalStateException("window: stacks or frames missing");
    }

    private LabelValues labelValues(
            String name,
            Selector selector,
            String prefix,
            int limit,
            TimeRange range,
            List<SampleSource> sources)
            throws IOException {
        // One more than the limit is kept, which tells whether there are more.
        TreeSet<String> values = new TreeSet<>();
        SeriesMatcher matcher = selector.matcher(context);
        for (SampleSource source : sources) {
            source.forEachSeries(
                    tenant,
                    range,
                    context,
                    series -> {
                        String value = series.labels().get(name);
                        if (!value.isEmpty()
                                && value.startsWith(prefix)
                                && (values.size() <= limit || value.compareTo(values.last()) < 0)
                                && matcher.matches(series.labels())
                                && values.add(value)) {
                            context.reserve(VALUE_BYTES);
                            if (values.size() > limit + 1) {
                                values.pollLast();
                                context.release(VALUE_BYTES);
                            }
                        }
                    });
        }
        boolean truncated = values.size() > limit;
        if (truncated) {
            values.pollLast();
        }
        return new LabelValues(List.copyOf(values), truncated);
    }

    private interface Question<T> {
        T ask(List<SampleSource> sources) throws IOException;
    }

    private <T> T answer(TimeRange range, Question<T> question) throws IOException {
        long before = context.reserved();
        while (true) {
            try {
                return question.ask(inside(range));
            } catch (DamagedSegmentException e) {
                // The segment has it noted, so the next round leaves it out and one is fewer.
                if (!context.isPartial()) {
                    throw e;
                }
                context.release(context.reserved() - before);
            } catch (ClosedByInterruptException e) {
                QueryStoppedException stopped =
                        new QueryStoppedException(
                                QueryStoppedException.Reason.CANCELLED, "query: interrupted");
                stopped.initCause(e);
                throw stopped;
            }
        }
    }

    private List<SampleSource> inside(TimeRange range) throws IOException {
        List<SampleSource> inside = new ArrayList<>();
        for (SampleSource source : snapshot.sources()) {
            if (!source.mayHold(tenant, range)) {
                continue;
            }
            String damage = source instanceof Segment segment ? segment.damage() : null;
            if (damage == null) {
                inside.add(source);
            } else {
                missing(damage);
            }
        }
        for (Unreadable segment : snapshot.unreadable()) {
            missing(segment.damage());
        }
        return inside;
    }

    /// Says that a segment is left out, or refuses to leave it out.
    private void missing(String damage) throws IOException {
        if (!context.isPartial()) {
            throw new DamagedSegmentException(damage);
        }
        context.warn("incomplete: " + damage);
    }
}

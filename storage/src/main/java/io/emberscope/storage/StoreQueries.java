package io.emberscope.storage;

import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.LabelValues;
import io.emberscope.storage.query.LongSums;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.SampleSource;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.SeriesMatcher;
import io.emberscope.storage.query.StackResolver;
import io.emberscope.storage.query.StepSums;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.query.TimeSeries;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The questions that can be asked of a list of sources, newest first.
///
/// @param tenant whose samples are asked about
/// @param sources what one snapshot of the store holds, newest first
/// @param context limits of the one query that this object answers
record StoreQueries(TenantId tenant, List<? extends SampleSource> sources, QueryContext context) {
    private static final int VALUE_BYTES = 64;

    MergedProfile merge(ProfileType type, Selector selector, TimeRange range) throws IOException {
        LongSums sums = new LongSums(context);
        SeriesMatcher matcher = selector.matcher(context);
        for (SampleSource source : inside(range)) {
            context.check();
            source.sumByStack(tenant, type, matcher, range, context, sums);
        }
        StackResolver resolver = new StackResolver(sums, context);
        for (SampleSource source : inside(range)) {
            if (resolver.isDone()) {
                break;
            }
            context.check();
            source.resolve(tenant, resolver, context);
        }
        return new MergedProfile(
                type,
                range.startNanos(),
                range.durationNanos(),
                resolver.frames(),
                resolver.stacks(),
                sums.sums());
    }

    TimeSeries series(ProfileType type, Selector selector, TimeRange range, Duration step)
            throws IOException {
        StepSums sums = new StepSums(range, step);
        SeriesMatcher matcher = selector.matcher(context);
        for (SampleSource source : inside(range)) {
            context.check();
            source.sumByTime(tenant, type, matcher, range, context, sums);
        }
        return sums.toSeries(type);
    }

    List<ProfileType> profileTypes(TimeRange range) throws IOException {
        Set<ProfileType> types = new HashSet<>();
        for (SampleSource source : inside(range)) {
            context.check();
            source.forEachSeries(tenant, range, context, series -> types.add(series.type()));
        }
        return types.stream().sorted(Comparator.comparing(ProfileType::id)).toList();
    }

    List<String> labelNames(Selector selector, TimeRange range) throws IOException {
        Set<String> names = new TreeSet<>();
        SeriesMatcher matcher = selector.matcher(context);
        for (SampleSource source : inside(range)) {
            context.check();
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
    }

    LabelValues labelValues(
            String name, Selector selector, String prefix, int limit, TimeRange range)
            throws IOException {
        if (limit <= 0) {
            throw new IllegalArgumentException("limit: " + limit + " (expected: > 0)");
        }
        // One more than the limit is kept, which tells whether there are more.
        TreeSet<String> values = new TreeSet<>();
        SeriesMatcher matcher = selector.matcher(context);
        for (SampleSource source : inside(range)) {
            context.check();
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

    private List<SampleSource> inside(TimeRange range) {
        List<SampleSource> inside = new ArrayList<>();
        for (SampleSource source : sources) {
            if (source.mayHold(tenant, range)) {
                inside.add(source);
            }
        }
        return inside;
    }
}

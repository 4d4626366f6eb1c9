package io.emberscope.storage;

import io.emberscope.profile.Frame;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// All that a store answers, so that it can be compared with what it answers later.
final class Answers {
    private static final List<String> LABELS =
            List.of("service_name", "pod", "namespace", "node", "thread_name", "odd \"name\"");
    private static final List<TimeRange> RANGES =
            List.of(
                    TimeRange.ofMillis(Batches.START_MILLIS, Batches.START_MILLIS + 700_000),
                    TimeRange.ofMillis(Batches.START_MILLIS, Batches.START_MILLIS + 95_000),
                    TimeRange.ofMillis(
                            Batches.START_MILLIS + 100_000, Batches.START_MILLIS + 400_000));
    private static final List<String> SELECTORS =
            List.of("{}", "{service_name=\"service-1\"}", "{pod=~\"pod-[12]\",node=\"\"}");

    private Answers() {}

    static Map<String, Object> of(ProfileStore store, TenantId tenant) throws IOException {
        Map<String, Object> answers = new TreeMap<>();
        for (TimeRange range : RANGES) {
            List<ProfileType> types = store.profileTypes(tenant, range);
            answers.put(range + " types", types);
            for (String text : SELECTORS) {
                Selector selector = Selector.parse(text);
                String about = range + text;
                answers.put(about + " names", store.labelNames(tenant, selector, range));
                for (String label : LABELS) {
                    answers.put(
                            about + label,
                            store.labelValues(tenant, label, selector, "", 100, range));
                }
                for (ProfileType type : types) {
                    answers.put(about + type, merged(store, tenant, type, selector, null, range));
                    for (String label : LABELS) {
                        answers.put(
                                about + type + " by " + label,
                                merged(store, tenant, type, selector, label, range));
                    }
                    answers.put(
                            about + type + " steps",
                            Arrays.toString(
                                    store.series(
                                                    tenant,
                                                    type,
                                                    selector,
                                                    range,
                                                    Duration.ofSeconds(10))
                                            .values()));
                }
            }
        }
        return answers;
    }

    private static Map<String, Long> merged(
            ProfileStore store,
            TenantId tenant,
            ProfileType type,
            Selector selector,
            @Nullable String groupBy,
            TimeRange range)
            throws IOException {
        MergedProfile merged =
                store.merge(tenant, type, selector, groupBy, range, QueryContext.strict());
        Map<String, Long> sums = new TreeMap<>();
        for (int i = 0; i < merged.values().length; i++) {
            List<Frame> frames = new ArrayList<>();
            for (int frame : merged.stacks().get(i)) {
                frames.add(merged.frames().get(frame));
            }
            if (sums.put(frames.toString(), merged.values()[i]) != null) {
                throw new AssertionError("a stack came twice: " + frames);
            }
        }
        return sums;
    }
}

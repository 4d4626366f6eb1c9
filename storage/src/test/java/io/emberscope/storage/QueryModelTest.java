package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Labels;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.LabelValues;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.query.TimeSeries;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Random questions about random data, part of it in memory and part in segments, answered as the
/// obvious way answers them.
class QueryModelTest {
    private static final TenantId ACME = new TenantId("acme");
    private static final ProfileType MEMORY =
            new ProfileType("memory", "alloc_space", "bytes", "space", "bytes");
    private static final List<String> SELECTORS =
            List.of(
                    "{}",
                    "{service_name=\"service-1\"}",
                    "{service_name=~\"service-[12]\",pod!=\"\"}",
                    "{pod=\"\"}",
                    "{namespace!~\"namespace-1|\",node=~\".*-[02]\"}",
                    "{\"odd \\\"name\\\"\"=~\".+\"}",
                    "{thread_name=\"thread_name-2\",pod=\"pod-0\"}",
                    "{service_name=\"nowhere\"}");

    @Test
    void answersAreThoseOfTheObviousWay() throws Exception {
        int rounds = Integer.getInteger("rounds", 60);
        long first = Long.getLong("seed", 1);
        for (long seed = first; seed < first + rounds; seed++) {
            round(seed);
        }
    }

    private static void round(long seed) throws Exception {
        StoreSimulation simulation = new StoreSimulation(seed);
        Random random = simulation.random;
        simulation.open();
        List<ProfileBatch> batches = new ArrayList<>();
        int count = 5 + random.nextInt(30);
        for (int i = 0; i < count; i++) {
            ProfileBatch batch = Batches.random(random, 12, Batches.START_MILLIS, 30);
            var _ = simulation.store.append(ACME, null, batch);
            var _ =
                    simulation.store.append(
                            new TenantId("globex"),
                            null,
                            Batches.random(random, 12, Batches.START_MILLIS, 30));
            simulation.store.commitWaiting();
            batches.add(batch);
            if (random.nextInt(6) == 0) {
                simulation.store.flush();
            }
        }
        for (int question = 0; question < 40; question++) {
            ask(simulation.store, batches, random, seed);
        }
    }

    private static void ask(
            ProfileStore store, List<ProfileBatch> batches, Random random, long seed)
            throws Exception {
        String text = SELECTORS.get(random.nextInt(SELECTORS.size()));
        Selector selector = Selector.parse(text);
        long from = Batches.START_MILLIS + random.nextInt(400_000) - 50_000;
        TimeRange range =
                random.nextInt(4) == 0
                        ? StoreSimulation.ALL
                        : TimeRange.ofMillis(from, from + random.nextInt(300_000));
        ProfileType type = random.nextInt(3) == 0 ? MEMORY : ProfileType.CPU;
        Predicate<Series> selected = series -> selector.matches(series.labels());
        LongPredicate inside = range::contains;
        String about = "seed " + seed + " " + type + " " + text + " " + range;

        MergedProfile merged = store.merge(ACME, type, selector, range);
        assertThat(Sums.differences(Sums.of(merged), Sums.of(batches, type, selected, inside)))
                .as(about)
                .isEmpty();
        assertNamed(merged, batches, about);

        if (!range.equals(StoreSimulation.ALL)) {
            long step = List.of(1_000L, 10_000L, 37_000L).get(random.nextInt(3));
            TimeSeries series = store.series(ACME, type, selector, range, Duration.ofMillis(step));
            Map<Long, Long> nonZero = new TreeMap<>();
            for (int i = 0; i < series.values().length; i++) {
                nonZero.put(series.millis(i), series.values()[i]);
            }
            Map<Long, Long> expected = Sums.byTime(batches, type, selected, inside, step);
            nonZero.keySet().forEach(key -> expected.putIfAbsent(key, 0L));
            assertThat(nonZero).as(about).isEqualTo(expected);
            assertGrouped(store, batches, type, selected, selector, range, step, about);
        }

        TreeSet<String> names = new TreeSet<>();
        matching(batches, selected, inside)
                .forEach(profile -> names.addAll(profile.series().labels().names()));
        assertThat(store.labelNames(ACME, selector, range))
                .as(about)
                .containsExactlyElementsOf(names);

        String name = List.of("service_name", "pod", "odd \"name\"").get(random.nextInt(3));
        String prefix = List.of("", "pod-", "service-").get(random.nextInt(3));
        int limit = 1 + random.nextInt(4);
        List<String> values =
                matching(batches, selected, inside)
                        .map(profile -> profile.series().labels().get(name))
                        .filter(value -> !value.isEmpty() && value.startsWith(prefix))
                        .distinct()
                        .sorted()
                        .toList();
        assertThat(store.labelValues(ACME, name, selector, prefix, limit, range))
                .as(about)
                .isEqualTo(
                        new LabelValues(
                                values.subList(0, Math.min(limit, values.size())),
                                values.size() > limit));

        assertThat(store.profileTypes(ACME, range))
                .as(about)
                .containsExactlyElementsOf(
                        matching(batches, _ -> true, inside)
                                .map(profile -> profile.series().type())
                                .distinct()
                                .sorted((a, b) -> a.id().compareTo(b.id()))
                                .toList());
    }

    private static void assertGrouped(
            ProfileStore store,
            List<ProfileBatch> batches,
            ProfileType type,
            Predicate<Series> selected,
            Selector selector,
            TimeRange range,
            long step,
            String about)
            throws Exception {
        Map<String, TimeSeries> groups =
                store.seriesBy(
                        ACME,
                        type,
                        selector,
                        "pod",
                        range,
                        Duration.ofMillis(step),
                        QueryContext.strict());
        Map<String, Map<Long, Long>> expected = new TreeMap<>();
        matching(batches, selected, range::contains)
                .filter(profile -> profile.series().type().equals(type))
                .map(profile -> profile.series().labels().get("pod"))
                .distinct()
                .forEach(
                        pod ->
                                expected.put(
                                        pod,
                                        Sums.byTime(
                                                batches,
                                                type,
                                                selected.and(
                                                        s -> s.labels().get("pod").equals(pod)),
                                                range::contains,
                                                step)));
        assertThat(groups.keySet()).as(about).containsExactlyElementsOf(expected.keySet());
        groups.forEach(
                (pod, series) -> {
                    Map<Long, Long> known = expected.get(pod);
                    for (int i = 0; i < series.values().length; i++) {
                        assertThat(series.values()[i])
                                .as("%s, pod %s", about, pod)
                                .isEqualTo(known.getOrDefault(series.millis(i), 0L));
                    }
                });
    }

    private static Stream<Profile> matching(
            List<ProfileBatch> batches, Predicate<Series> selected, LongPredicate inside) {
        return batches.stream()
                .flatMap(batch -> batch.profiles().stream())
                .filter(profile -> profile.size() > 0)
                .filter(profile -> selected.test(profile.series()))
                .filter(profile -> inside.test(Sums.micros(profile)));
    }

    /// A frame has one of the names that it was sent with, or none if it never had one.
    private static void assertNamed(
            MergedProfile merged, List<ProfileBatch> batches, String about) {
        Map<String, List<Frame>> sent = new HashMap<>();
        batches.forEach(
                batch ->
                        batch.frames()
                                .forEach(
                                        frame ->
                                                sent.computeIfAbsent(
                                                                key(frame), _ -> new ArrayList<>())
                                                        .add(frame)));
        for (Frame frame : merged.frames()) {
            assertThat(sent.get(key(frame))).as(about).contains(frame);
        }
    }

    private static String key(Frame frame) {
        return frame.kind() + frame.buildId() + frame.offset() + frame.binary();
    }

    /// A name that comes later is shown for all samples, also those that were stored before.
    @Test
    void aLaterNameIsShownForEarlierSamples() throws Exception {
        StoreSimulation simulation = new StoreSimulation(1);
        simulation.open();
        Frame named = Batches.frame("f");
        Frame unnamed =
                new Frame(named.kind(), named.buildId(), named.binary(), named.offset(), List.of());
        for (List<Frame> frames : List.of(List.of(unnamed), List.of(named), List.of(unnamed))) {
            ProfileBatch batch = Batches.one(Labels.EMPTY, Batches.START_MILLIS, 1, "f");
            var _ =
                    simulation.store.append(
                            ACME, null, new ProfileBatch(frames, batch.stacks(), batch.profiles()));
            simulation.store.commitWaiting();
        }
        assertThat(all(simulation).frames()).containsExactly(named);
        simulation.store.flush();
        assertThat(all(simulation).frames()).containsExactly(named);
        assertThat(all(simulation).values()).containsExactly(3);
    }

    private static MergedProfile all(StoreSimulation simulation) throws Exception {
        return simulation.store.merge(ACME, ProfileType.CPU, Selector.ALL, StoreSimulation.ALL);
    }
}

package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.ContentHash;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.query.TimeSeries;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The segments are what they say they are: DuckDB, which knows nothing of us, reads the same files
/// by their columns and finds the same sums.
class DuckDbOracleIT {
    private static final TenantId ACME = new TenantId("acme");

    /// A selector, and the same in SQL: over the columns of the samples, or over all labels.
    private record Condition(String selector, String samples, String series) {}

    private static final List<Condition> CONDITIONS =
            List.of(
                    new Condition("{}", "true", "true"),
                    new Condition(
                            "{service_name=\"service-1\"}",
                            "service_name = 'service-1'",
                            "labels['service_name'] = 'service-1'"),
                    new Condition(
                            "{pod=~\"pod-[12]\",namespace!=\"namespace-0\"}",
                            "regexp_full_match(pod, 'pod-[12]')"
                                    + " and coalesce(namespace, '') <> 'namespace-0'",
                            "regexp_full_match(labels['pod'], 'pod-[12]')"
                                    + " and coalesce(labels['namespace'], '') <> 'namespace-0'"),
                    new Condition(
                            "{pod=\"\",node!=\"\"}",
                            "pod is null and node is not null",
                            "labels['pod'] is null and labels['node'] is not null"));

    @TempDir Path directory;

    @Test
    void duckDbFindsTheSameInTheSameFiles() throws Exception {
        long seed = Long.getLong("seed", 12);
        Random random = new Random(seed);
        AtomicLong leap = new AtomicLong();
        try (ProfileStore store =
                        ProfileStore.open(
                                directory,
                                StoreOptions.defaults().withWindow(1 << 20, Duration.ofHours(1)),
                                new LocalDisk(),
                                InstantSource.system(),
                                new Metrics(),
                                StoreRuntime.manual(
                                        () -> System.nanoTime() + leap.get(), random::nextLong));
                Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement sql = duck.createStatement()) {
            for (int i = 0; i < 1_500; i++) {
                var _ =
                        store.append(
                                ACME, null, Batches.random(random, 10, Batches.START_MILLIS, 60));
                if (i % 20 == 0) {
                    store.commitWaiting();
                    store.tick();
                }
            }
            store.flush();
            assertThat(store.status().segments()).isGreaterThan(2);
            for (String table : List.of("samples", "series", "stacks", "frames", "symbols")) {
                sql.execute(
                        "create view "
                                + table
                                + " as select * from read_parquet('"
                                + directory.resolve("segments/*/*/" + table + ".parquet")
                                + "')");
            }
            ask(store, sql, random, "seed " + seed);
            leap.set(MergePolicy.QUIET.toNanos());
            while (store.mergeOne()) {
                // all that there is to merge
            }
            store.tick();
            assertThat(store.status().segments()).isEqualTo(2);
            ask(store, sql, random, "merged, seed " + seed);
            for (String id : List.of("stack", "frame")) {
                assertOnce(sql, id, directory.resolve("segments/*/*/" + id + "s.parquet"));
            }
        }
    }

    private static void ask(ProfileStore store, Statement sql, Random random, String about)
            throws Exception {
        Map<Long, List<Long>> stacks = stacks(sql);
        for (int i = 0; i < 40; i++) {
            Condition condition = CONDITIONS.get(i % CONDITIONS.size());
            long from = Batches.START_MILLIS + random.nextInt(600) * 1_000L;
            TimeRange range =
                    i < 4
                            ? StoreSimulation.ALL
                            : TimeRange.ofMillis(from, from + random.nextInt(300_000));
            compare(store, sql, stacks, condition, range, about + " question " + i);
        }
        compareFrames(store, sql);
    }

    /// A merged segment has each stack, and each frame, once.
    private static void assertOnce(Statement sql, String id, Path files) throws SQLException {
        try (ResultSet rows =
                sql.executeQuery(
                        "select count(*), count(distinct (filename, "
                                + id
                                + "_id)) from read_parquet('"
                                + files
                                + "', filename = true)")) {
            assertThat(rows.next()).isTrue();
            assertThat(rows.getLong(1)).as(id).isPositive().isEqualTo(rows.getLong(2));
        }
    }

    private static void compare(
            ProfileStore store,
            Statement sql,
            Map<Long, List<Long>> stacks,
            Condition condition,
            TimeRange range,
            String about)
            throws Exception {
        Selector selector = Selector.parse(condition.selector);
        String time =
                " and epoch_us(ts) >= "
                        + range.fromMicros()
                        + " and epoch_us(ts) < "
                        + range.toMicros();
        String type = "profile_type = '" + ProfileType.CPU.id() + "'";
        String which = " from samples where " + type + " and " + condition.samples + time;

        Map<List<Long>, Long> expected = new HashMap<>();
        try (ResultSet rows =
                sql.executeQuery("select stack_id, sum(value)" + which + " group by stack_id")) {
            while (rows.next()) {
                expected.put(stacks.get(rows.getLong(1)), rows.getLong(2));
            }
        }
        MergedProfile merged = store.merge(ACME, ProfileType.CPU, selector, range);
        assertThat(Sums.differences(byFrameIds(merged), expected)).as(about).isEmpty();

        if (!range.equals(StoreSimulation.ALL)) {
            Map<Long, Long> steps = new TreeMap<>();
            try (ResultSet rows =
                    sql.executeQuery(
                            "select epoch_us(ts) // 10000000 * 10000, sum(value)"
                                    + which
                                    + " group by 1")) {
                while (rows.next()) {
                    steps.put(rows.getLong(1), rows.getLong(2));
                }
            }
            TimeSeries series =
                    store.series(ACME, ProfileType.CPU, selector, range, Duration.ofSeconds(10));
            for (int i = 0; i < series.values().length; i++) {
                assertThat(series.values()[i])
                        .as(about)
                        .isEqualTo(steps.getOrDefault(series.millis(i), 0L));
            }
        }

        List<String> pods = new ArrayList<>();
        try (ResultSet rows =
                sql.executeQuery(
                        "select distinct s.labels['pod'] from series s where "
                                + condition.series
                                + " and exists (select 1 from samples m where m.series_id ="
                                + " s.series_id"
                                + time
                                + ") and s.labels['pod'] is not null order by 1")) {
            while (rows.next()) {
                pods.add(rows.getString(1));
            }
        }
        assertThat(store.labelValues(ACME, "pod", selector, "", 1_000, range).values())
                .as(about)
                .isEqualTo(pods);
    }

    private static Map<Long, List<Long>> stacks(Statement sql) throws SQLException {
        Map<Long, List<Long>> stacks = new HashMap<>();
        try (ResultSet rows = sql.executeQuery("select stack_id, frames from stacks")) {
            while (rows.next()) {
                List<Long> frames = longs(rows.getArray(2));
                List<Long> before = stacks.put(rows.getLong(1), frames);
                assertThat(before == null || before.equals(frames)).isTrue();
            }
        }
        return stacks;
    }

    private static List<Long> longs(Array array) throws SQLException {
        return Arrays.stream((Object[]) array.getArray()).map(Long.class::cast).toList();
    }

    private static Map<List<Long>, Long> byFrameIds(MergedProfile merged) {
        ContentHash hash = new ContentHash();
        Map<List<Long>, Long> sums = new HashMap<>();
        for (int i = 0; i < merged.values().length; i++) {
            List<Long> frames = new ArrayList<>();
            for (int frame : merged.stacks().get(i)) {
                frames.add(merged.frames().get(frame).id(hash));
            }
            sums.put(frames, merged.values()[i]);
        }
        return sums;
    }

    /// Every frame that a query shows is in the tables with its place and its lines.
    private static void compareFrames(ProfileStore store, Statement sql) throws Exception {
        ContentHash hash = new ContentHash();
        MergedProfile merged =
                store.merge(ACME, ProfileType.CPU, Selector.ALL, StoreSimulation.ALL);
        Map<Long, List<String>> known = new HashMap<>();
        try (ResultSet rows =
                sql.executeQuery(
                        "select distinct f.frame_id, kind, coalesce(build_id, ''),"
                                + " coalesce(f.\"binary\", ''), \"offset\","
                                + " coalesce(address, -1) from frames f")) {
            while (rows.next()) {
                known.put(
                        rows.getLong(1),
                        List.of(
                                rows.getString(2),
                                rows.getString(3),
                                rows.getString(4),
                                rows.getString(5),
                                rows.getString(6)));
            }
        }
        Map<Long, Map<Integer, String>> lines = new HashMap<>();
        try (ResultSet rows =
                sql.executeQuery(
                        "select frame_id, depth, function, coalesce(system_name, ''),"
                                + " coalesce(file, ''), line from symbols")) {
            while (rows.next()) {
                lines.computeIfAbsent(rows.getLong(1), _ -> new TreeMap<>())
                        .put(
                                rows.getInt(2),
                                new Line(
                                                rows.getString(3),
                                                rows.getString(4),
                                                rows.getString(5),
                                                rows.getInt(6))
                                        .toString());
            }
        }
        assertThat(merged.frames()).isNotEmpty();
        for (Frame frame : merged.frames()) {
            long id = frame.id(hash);
            assertThat(known.get(id))
                    .containsExactly(
                            frame.kind().text(),
                            frame.buildId(),
                            frame.binary(),
                            Long.toString(frame.offset()),
                            Long.toString(frame.address()));
            assertThat(frame.lines().stream().map(Line::toString).toList())
                    .containsExactlyElementsOf(lines.getOrDefault(id, Map.of()).values());
        }
    }
}

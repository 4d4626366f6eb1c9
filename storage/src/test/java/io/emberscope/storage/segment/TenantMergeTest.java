package io.emberscope.storage.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// The tables of a merge against what was put into its sources.
class TenantMergeTest {
    private static final BigInteger LONG_MAX = BigInteger.valueOf(Long.MAX_VALUE);

    private final FaultyDisk disk = new FaultyDisk(1);
    private final Random random = new Random(Long.getLong("seed", 3));

    private record Key(long series, long stack, long micros, int millis, long period)
            implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int order = Long.compare(series, other.series);
            order = order != 0 ? order : Long.compare(stack, other.stack);
            order = order != 0 ? order : Long.compare(micros, other.micros);
            order = order != 0 ? order : Integer.compare(millis, other.millis);
            return order != 0 ? order : Long.compare(period, other.period);
        }
    }

    /// Frames of a stack; a function of its id, as a hash is.
    private static long[] framesOf(long stack) {
        Random random = new Random(stack);
        long[] frames = new long[random.nextInt(6)];
        for (int i = 0; i < frames.length; i++) {
            frames[i] = random.nextInt(50) * 0x9e37_79b9_7f4a_7c15L;
        }
        return frames;
    }

    private static Series series(long id) {
        return new Series(
                ProfileType.CPU, Labels.of("service_name", "s" + id % 3, "other", "o" + id));
    }

    private TenantSource write(String name, Map<Key, Long> rows) throws IOException {
        Path directory = Path.of("/" + name);
        disk.createDirectories(directory);
        try (TenantTables tables = TenantTables.create(disk, directory, 3, Pace.FULL)) {
            TreeSet<Long> bySeries =
                    new TreeSet<>(
                            (a, b) -> {
                                int order = TableOrder.SERIES.compare(series(a), series(b));
                                return order != 0 ? order : Long.compare(a, b);
                            });
            TreeSet<Long> stacks =
                    new TreeSet<>(
                            (a, b) -> {
                                long[] left = framesOf(a);
                                long[] right = framesOf(b);
                                int order =
                                        TableOrder.compareStacks(
                                                left, 0, left.length, right, 0, right.length);
                                return order != 0 ? order : Long.compare(a, b);
                            });
            TreeSet<Long> frames = new TreeSet<>();
            rows.keySet().forEach(key -> bySeries.add(key.series));
            for (long series : bySeries) {
                tables.series(series, series(series));
                for (Map.Entry<Key, Long> row : rows.entrySet()) {
                    Key key = row.getKey();
                    if (key.series == series) {
                        tables.sample(
                                key.micros, key.millis, key.stack, row.getValue(), key.period);
                        stacks.add(key.stack);
                    }
                }
            }
            for (long stack : stacks) {
                long[] of = framesOf(stack);
                tables.stack(stack, of, 0, of.length);
                for (long frame : of) {
                    frames.add(frame);
                }
            }
            for (long frame : frames) {
                tables.frame(frame, frame(frame));
            }
            List<DataFile> files = tables.finish();
            return new TenantSource(disk, directory, files, tables.rows(), null);
        }
    }

    /// In the order of the ids, as the offset is the id.
    private static Frame frame(long id) {
        return new Frame(
                FrameKind.NATIVE, "b1d0", "app", id, List.of(new Line("f" + id, "", "", 1)));
    }

    private Map<Key, Long> randomRows(int count) {
        Map<Key, Long> rows = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            Key key =
                    new Key(
                            random.nextInt(8),
                            random.nextInt(300),
                            random.nextInt(20) * 10_000_000L,
                            random.nextInt(10) == 0 ? 5_000 : 10_000,
                            random.nextInt(10) == 0 ? 0 : 97);
            rows.put(key, random.nextInt(20) == 0 ? Long.MAX_VALUE - 5 : random.nextInt(100));
        }
        return rows;
    }

    @Test
    void everyRowIsThereInOrderAndEqualOnesAreOne() throws Exception {
        for (int round = 0; round < 30; round++) {
            List<TenantSource> sources = new ArrayList<>();
            Map<Key, List<Long>> expected = new TreeMap<>();
            for (int i = 0; i < 1 + random.nextInt(9); i++) {
                Map<Key, Long> rows = randomRows(1 + random.nextInt(3_000));
                sources.add(write("source-" + round + "-" + i, rows));
                rows.forEach(
                        (key, value) ->
                                expected.computeIfAbsent(key, _ -> new ArrayList<>()).add(value));
            }
            Path directory = Path.of("/merged-" + round);
            disk.createDirectories(directory);
            TenantMerge.Result result =
                    new TenantMerge(sources, disk, directory, 9, Pace.FULL).run();
            assertRows(
                    new TenantSource(disk, directory, result.files(), result.rows(), null),
                    expected);
            assertThat(result.minMicros())
                    .isEqualTo(expected.keySet().stream().mapToLong(Key::micros).min().orElse(0));
            assertThat(result.maxMicros())
                    .isEqualTo(expected.keySet().stream().mapToLong(Key::micros).max().orElse(0));
        }
    }

    private static void assertRows(TenantSource merged, Map<Key, List<Long>> expected)
            throws IOException {
        Map<Key, List<Long>> found = new TreeMap<>();
        Series before = null;
        try (TableReader reader = merged.open(Tables.SERIES);
                SeriesCursor series = new SeriesCursor(merged);
                SampleCursor sample = new SampleCursor(merged)) {
            SeriesTable table = SeriesTable.read(reader);
            for (int place = 0; series.next(); place++) {
                if (before != null) {
                    assertThat(TableOrder.SERIES.compare(before, series.series()))
                            .isLessThanOrEqualTo(0);
                }
                before = series.series();
                long first = Long.MAX_VALUE;
                long last = Long.MIN_VALUE;
                Key previous = null;
                boolean more = sample.begin(series.samples());
                while (more) {
                    Key key =
                            new Key(
                                    series.id(),
                                    sample.stackId(),
                                    sample.micros(),
                                    sample.millis(),
                                    sample.period());
                    if (previous != null) {
                        assertThat(previous).isLessThanOrEqualTo(key);
                    }
                    previous = key;
                    found.computeIfAbsent(key, _ -> new ArrayList<>()).add(sample.value());
                    first = Math.min(first, key.micros);
                    last = Math.max(last, key.micros);
                    more = sample.nextOfSeries();
                }
                assertThat(table.firstMicros(place)).isEqualTo(first);
                assertThat(table.lastMicros(place)).isEqualTo(last);
            }
        }
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        found.forEach(
                (key, values) -> {
                    assertThat(sum(values)).isEqualTo(sum(expected.get(key)));
                    for (int i = 1; i < values.size(); i++) {
                        BigInteger both = sum(values.subList(i - 1, i + 1));
                        assertThat(both).as("not one").isGreaterThan(LONG_MAX);
                    }
                });
    }

    private static BigInteger sum(List<Long> values) {
        return values.stream().map(BigInteger::valueOf).reduce(BigInteger.ZERO, BigInteger::add);
    }

    /// What was written is read before it is believed.
    @Test
    void aMergeThatLostSomethingIsRefused() throws Exception {
        Map<Key, Long> rows = randomRows(500);
        TenantSource whole = write("whole", rows);
        Totals totals = totals(whole);
        int frames = frames(whole);
        new MergeCheck(whole, Pace.FULL).compare(totals, frames);

        Key some = rows.keySet().iterator().next();
        Map<Key, Long> fewer = new TreeMap<>(rows);
        fewer.remove(some);
        Map<Key, Long> other = new TreeMap<>(rows);
        other.merge(some, 1L, (a, b) -> a == Long.MAX_VALUE - 5 ? a - b : a + b);
        Map<Key, Long> elsewhere = new TreeMap<>(rows);
        Key moved = new Key(some.series, some.stack, some.micros + 1, some.millis, some.period);
        elsewhere.put(moved, elsewhere.remove(some));
        int number = 0;
        for (Map<Key, Long> wrong : List.of(fewer, other, elsewhere)) {
            TenantSource written = write("wrong-" + number++, wrong);
            assertThatThrownBy(() -> new MergeCheck(written, Pace.FULL).compare(totals, frames))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("sums ")
                    .hasMessageContaining("as in what was merged");
        }
        assertThatThrownBy(() -> new MergeCheck(whole, Pace.FULL).compare(totals, frames + 1))
                .hasMessageContaining(": frames " + frames + " (expected: " + (frames + 1));
    }

    private static Totals totals(TenantSource source) throws IOException {
        Totals totals = new Totals();
        try (SeriesCursor series = new SeriesCursor(source);
                SampleCursor sample = new SampleCursor(source)) {
            while (series.next()) {
                for (boolean more = sample.begin(series.samples());
                        more;
                        more = sample.nextOfSeries()) {
                    totals.of(series.series().type()).add(series.id(), sample);
                }
            }
        }
        return totals;
    }

    private static int frames(TenantSource source) throws IOException {
        int count = 0;
        try (IdCursor frame = IdCursor.ofFrames(source)) {
            while (frame.next()) {
                count++;
            }
        }
        return count;
    }

    /// Wherever it is stopped.
    @Test
    void aMergeStopsWhereItIsTold() throws Exception {
        List<TenantSource> sources =
                List.of(write("a", randomRows(900)), write("b", randomRows(9)));
        int[] pauses = {0};
        Path directory = Path.of("/all");
        disk.createDirectories(directory);
        new TenantMerge(sources, disk, directory, 9, () -> pauses[0]++).run();
        assertThat(pauses[0]).isGreaterThan(8);
        for (int n = 1; n <= pauses[0]; n++) {
            Path stopped = Path.of("/stopped-" + n);
            disk.createDirectories(stopped);
            int[] left = {n};
            assertThatThrownBy(
                            () ->
                                    new TenantMerge(
                                                    sources,
                                                    disk,
                                                    stopped,
                                                    9,
                                                    () -> {
                                                        if (--left[0] == 0) {
                                                            throw new MergeStoppedException();
                                                        }
                                                    })
                                            .run())
                    .isInstanceOf(MergeStoppedException.class);
        }
    }
}

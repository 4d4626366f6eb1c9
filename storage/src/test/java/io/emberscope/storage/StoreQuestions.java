package io.emberscope.storage;

import com.sun.management.OperatingSystemMXBean;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.profile.pprof.PprofWriter;
import io.emberscope.profile.tree.FlameTree;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.query.TimeSeries;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What [StoreMeasurement] asks a store that holds a [RecordedHour]. As a program it opens the
/// store, asks one question once and prints its milliseconds and CPU milliseconds.
final class StoreQuestions {
    static final TenantId TENANT = new TenantId("acme");

    /// As the server draws by default.
    private static final int NODES_DEFAULT = 1 << 16;

    private static final Duration STEP = Duration.ofSeconds(15);

    /// Asks, and returns a number by which answers can be compared.
    interface Question {
        long ask(ProfileStore store) throws IOException;
    }

    private StoreQuestions() {}

    /// Asks one question.
    ///
    /// @param arguments directory, first and last millisecond of the hour, a service, a pod, and
    ///   the number of the question
    public static void main(String[] arguments) throws IOException {
        OperatingSystemMXBean process =
                (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        TimeRange hour =
                TimeRange.ofMillis(Long.parseLong(arguments[1]), Long.parseLong(arguments[2]));
        List<Question> questions = List.copyOf(of(hour, arguments[3], arguments[4]).values());
        Question question = questions.get(Integer.parseInt(arguments[5]));
        try (ProfileStore store = open(Path.of(arguments[0]), StoreOptions.defaults())) {
            long start = System.nanoTime();
            long cpu = process.getProcessCpuTime();
            question.ask(store);
            System.out.printf(
                    "%.3f %.3f%n",
                    (System.nanoTime() - start) / 1e6, (process.getProcessCpuTime() - cpu) / 1e6);
        }
    }

    static ProfileStore open(Path directory, StoreOptions options) throws IOException {
        return ProfileStore.open(
                directory, options, new LocalDisk(), InstantSource.system(), new Metrics());
    }

    /// The questions by name.
    static Map<String, Question> of(TimeRange hour, String service, String pod) {
        String one = "{service_name=\"" + service + "\"}";
        long from = hour.from().toEpochMilli();
        long to = hour.to().toEpochMilli();
        long middle = (from + to) / 2;
        TimeRange first = TimeRange.ofMillis(from, middle);
        TimeRange second = TimeRange.ofMillis(middle, to);
        Map<String, Question> all = new LinkedHashMap<>();
        all.put("pod", store -> draw(store, "{pod=\"" + pod + "\"}", hour, NODES_DEFAULT));
        all.put("service", store -> draw(store, one, hour, NODES_DEFAULT));
        all.put("everything, 65,536 nodes", store -> draw(store, "{}", hour, NODES_DEFAULT));
        all.put("everything, exact", store -> draw(store, "{}", hour, FlameTree.NODES_MAX));
        all.put("everything, sums by stack only", store -> merge(store, "{}", hour).total());
        all.put("pprof of a service", store -> PprofWriter.write(merge(store, one, hour)).length);
        all.put(
                "two halves of a service",
                store ->
                        draw(store, one, first, NODES_DEFAULT)
                                + draw(store, one, second, NODES_DEFAULT));
        all.put("label names", store -> store.labelNames(TENANT, Selector.ALL, hour).size());
        all.put("values of pod", store -> values(store, "pod", hour).size());
        all.put("services", store -> values(store, "service_name", hour).size());
        all.put("time series, sum", store -> series(store, "{}", hour));
        all.put("time series, by service", store -> seriesBy(store, "service_name", hour));
        all.put("time series, by pod", store -> seriesBy(store, "pod", hour));
        return all;
    }

    static MergedProfile merge(ProfileStore store, String selector, TimeRange range)
            throws IOException {
        return store.merge(
                TENANT, ProfileType.CPU, Selector.parse(selector), null, range, patient());
    }

    private static long draw(ProfileStore store, String selector, TimeRange range, int nodesMax)
            throws IOException {
        FlameTree tree = FlameTree.of(merge(store, selector, range), nodesMax);
        return tree.encode().length > 0 ? tree.size() : 0;
    }

    private static List<String> values(ProfileStore store, String label, TimeRange range)
            throws IOException {
        return store.labelValues(TENANT, label, Selector.ALL, "", 10_000, range).values();
    }

    private static long series(ProfileStore store, String selector, TimeRange range)
            throws IOException {
        return store.series(
                        TENANT, ProfileType.CPU, Selector.parse(selector), range, STEP, patient())
                .total();
    }

    private static long seriesBy(ProfileStore store, String label, TimeRange range)
            throws IOException {
        return store
                .seriesBy(TENANT, ProfileType.CPU, Selector.ALL, label, range, STEP, patient())
                .values()
                .stream()
                .mapToLong(TimeSeries::total)
                .sum();
    }

    private static QueryContext patient() {
        return QueryContext.strict(Duration.ofMinutes(5), 1L << 30);
    }
}

package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Await;
import io.emberscope.base.OverCapacityException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.Labels;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The real threads on the real disk: senders, segments being written and merged all the time, and
/// queries.
class ConcurrencyTest {
    private static final TenantId ACME = new TenantId("acme");
    private static final TimeRange ALL =
            TimeRange.ofMillis(Batches.START_MILLIS, Batches.START_MILLIS + 1_000_000);
    private static final int SENDERS = 4;
    private static final int BATCHES = 400;
    private static final int BATCHES_MAX = 100_000;
    private static final int SEGMENTS = 24;

    @TempDir Path directory;

    private final Metrics metrics = new Metrics();

    /// A total never falls and never counts twice: it is at least what was acknowledged before the
    /// query began and at most what was sent before it ended.
    @Test
    void totalsNeverDipOrDouble() throws Exception {
        StoreOptions options = StoreOptions.defaults().withWindow(12 << 10, Duration.ofMinutes(5));
        AtomicLong sent = new AtomicLong();
        AtomicLong acknowledged = new AtomicLong();
        try (ProfileStore store = open(options);
                ExecutorService threads = Executors.newCachedThreadPool()) {
            List<Future<?>> senders = new ArrayList<>();
            for (int sender = 0; sender < SENDERS; sender++) {
                int number = sender;
                senders.add(threads.submit(() -> send(store, number, sent, acknowledged)));
            }
            List<Future<Long>> readers = new ArrayList<>();
            for (int reader = 0; reader < 2; reader++) {
                readers.add(threads.submit(() -> query(store, senders, sent, acknowledged)));
            }
            for (Future<?> sender : senders) {
                sender.get();
            }
            long queries = 0;
            for (Future<Long> reader : readers) {
                queries += reader.get();
            }
            assertThat(queries).as("queries while it ran").isGreaterThan(10);
            assertThat(total(store)).isEqualTo(acknowledged.get());
            assertThat(counted("segments_written_total"))
                    .as("windows became segments meanwhile")
                    .isGreaterThanOrEqualTo(SEGMENTS);
            Await.until(Duration.ofMinutes(3), () -> counted("merges_total") > 0);
            assertThat(total(store)).isEqualTo(acknowledged.get());
        }
        try (ProfileStore store = open(options)) {
            assertThat(total(store)).isEqualTo(acknowledged.get());
            assertThat(store.status().windowSamples()).as("a clean close leaves no log").isZero();
        }
    }

    /// A store that is closed does not wait for a merge, and nothing is left of that.
    @Test
    void aMergeStopsWhenTheStoreIsClosed() throws Exception {
        try (ProfileStore store = manual()) {
            for (int i = 0; i < 10; i++) {
                var _ = store.append(ACME, null, Batches.one(Labels.EMPTY, 0, 1, "f" + i));
                store.flush();
            }
        }
        Path segments = directory.resolve("segments");
        List<Path> before = new LocalDisk().list(segments);
        Thread closer = Thread.currentThread();
        CountDownLatch begun = new CountDownLatch(1);
        ProfileStore store =
                ProfileStore.open(
                        directory,
                        StoreOptions.defaults(),
                        heldUp(begun, closer),
                        InstantSource.system(),
                        metrics);
        assertThat(begun.await(3, TimeUnit.MINUTES)).isTrue();
        store.close();
        assertThat(new LocalDisk().list(segments)).isEqualTo(before);
        assertThat(counted("merges_total")).isZero();
        assertThat(counted("merge_failures_total")).isZero();
        // A second time nothing holds it up.
        try (ProfileStore again = open(StoreOptions.defaults())) {
            Await.until(Duration.ofMinutes(3), () -> counted("merges_total") > 0);
            assertThat(
                            again.merge(ACME, ProfileType.CPU, Selector.ALL, StoreSimulation.ALL)
                                    .total())
                    .isEqualTo(10);
        }
    }

    /// A disk on which the first file of a merge is not made before a thread has waited for
    /// something for a while.
    private static Disk heldUp(CountDownLatch begun, Thread waiting) {
        LocalDisk disk = new LocalDisk();
        return (Disk)
                Proxy.newProxyInstance(
                        Disk.class.getClassLoader(),
                        new Class<?>[] {Disk.class},
                        (_, method, arguments) -> {
                            if (method.getName().equals("create")
                                    && arguments[0].toString().endsWith("samples.parquet")) {
                                begun.countDown();
                                for (int i = 0; i < 5; i++) {
                                    if (waiting.getState() != Thread.State.WAITING) {
                                        i = 0;
                                    }
                                    Thread.sleep(10);
                                }
                            }
                            return method.invoke(disk, arguments);
                        });
    }

    private ProfileStore manual() throws Exception {
        return ProfileStore.open(
                directory,
                StoreOptions.defaults(),
                new LocalDisk(),
                InstantSource.system(),
                new Metrics(),
                StoreRuntime.manual(System::nanoTime, () -> 1));
    }

    private Void send(ProfileStore store, int sender, AtomicLong sent, AtomicLong acknowledged)
            throws Exception {
        for (int i = 1; i <= BATCHES || counted("segments_written_total") < SEGMENTS; i++) {
            assertThat(i).as("batches until there are segments").isLessThan(BATCHES_MAX);
            Labels labels = Labels.of("service_name", "s" + sender, "pod", "p" + i % 10);
            sent.incrementAndGet();
            while (true) {
                try {
                    store.append(
                                    ACME,
                                    new BatchId("agent-" + sender, 1, i),
                                    Batches.one(
                                            labels,
                                            Batches.START_MILLIS + i % 900 * 1_000L,
                                            1,
                                            "f" + i % 50,
                                            "main" + sender))
                            .get();
                    break;
                } catch (ExecutionException e) {
                    if (!(e.getCause() instanceof OverCapacityException)) {
                        throw e;
                    }
                    Thread.sleep(5);
                }
            }
            acknowledged.incrementAndGet();
        }
        return null;
    }

    private static Long query(
            ProfileStore store, List<Future<?>> senders, AtomicLong sent, AtomicLong acknowledged)
            throws Exception {
        long queries = 0;
        long before = 0;
        while (!senders.stream().allMatch(Future::isDone)) {
            long atLeast = acknowledged.get();
            long total = total(store);
            long atMost = sent.get();
            assertThat(total).isBetween(Math.max(atLeast, before), atMost);
            long series =
                    store.series(ACME, ProfileType.CPU, Selector.ALL, ALL, Duration.ofSeconds(10))
                            .total();
            assertThat(series).isBetween(total, sent.get());
            before = total;
            queries++;
        }
        return queries;
    }

    private static long total(ProfileStore store) throws Exception {
        return store.merge(ACME, ProfileType.CPU, Selector.ALL, ALL).total();
    }

    private long counted(String name) {
        Matcher matcher =
                Pattern.compile("^emberscope_storage_" + name + " (\\d+)", Pattern.MULTILINE)
                        .matcher(metrics.text());
        assertThat(matcher.find()).as(name).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    private ProfileStore open(StoreOptions options) throws Exception {
        return ProfileStore.open(
                directory, options, new LocalDisk(), InstantSource.system(), metrics);
    }
}

package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.Labels;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.query.TimeRange;
import java.io.File;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/// Segments are written and read without a class of Hadoop: it is there for the compiler only. If a
/// new version of parquet-java changes what its constructors touch, this fails.
class HadoopFreeTest {
    /// Hadoop, codecs that we do not use, and a reader that makes objects of any class.
    private static final List<String> ABSENT =
            List.of(
                    "org.apache.hadoop.conf.Configuration",
                    "org.xerial.snappy.Snappy",
                    "io.airlift.compress.Decompressor",
                    "org.apache.parquet.avro.AvroParquetReader");

    @Test
    void segmentsAreWrittenAndReadWithoutHadoop() throws Exception {
        List<URL> urls = new ArrayList<>();
        int left = 0;
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (entry.contains("hadoop-client")) {
                left++;
            } else {
                urls.add(new File(entry).toURI().toURL());
            }
        }
        assertThat(left).as("Hadoop was on the class path of this test").isPositive();
        try (URLClassLoader loader =
                new URLClassLoader(
                        urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            for (String name : ABSENT) {
                assertThat(loader.getResource(name.replace('.', '/') + ".class")).as(name).isNull();
            }
            Callable<?> roundTrip =
                    (Callable<?>)
                            loader.loadClass(RoundTrip.class.getName())
                                    .getDeclaredConstructor()
                                    .newInstance();
            assertThat(roundTrip.call()).isEqualTo(42L);
        }
    }

    /// Runs inside the class loader without Hadoop.
    public static final class RoundTrip implements Callable<Long> {
        @Override
        public Long call() throws Exception {
            TenantId tenant = new TenantId("acme");
            FaultyDisk disk = new FaultyDisk(1);
            Path directory = Path.of(URI.create("file:///data"));
            StoreRuntime runtime = StoreRuntime.manual(() -> 0, () -> 1);
            try (ProfileStore store = open(directory, disk, runtime)) {
                Labels labels = Labels.of("service_name", "web");
                var appended =
                        store.append(
                                tenant,
                                null,
                                Batches.one(labels, Batches.START_MILLIS, 42, "f", "main"));
                store.flush();
                if (appended.get() != Appended.STORED || store.status().segments() != 1) {
                    throw new IllegalStateException("not in a segment");
                }
            }
            try (ProfileStore store = open(directory, disk, runtime)) {
                return store.merge(
                                tenant,
                                ProfileType.CPU,
                                Selector.parse("{service_name=\"web\"}"),
                                TimeRange.ofMillis(Batches.START_MILLIS, Batches.START_MILLIS + 1))
                        .total();
            }
        }

        private static ProfileStore open(Path directory, FaultyDisk disk, StoreRuntime runtime)
                throws Exception {
            return ProfileStore.open(
                    directory,
                    StoreOptions.defaults(),
                    disk,
                    InstantSource.system(),
                    new Metrics(),
                    runtime);
        }
    }
}

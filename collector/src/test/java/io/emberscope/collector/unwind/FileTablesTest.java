package io.emberscope.collector.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.naming.BinaryFiles;
import io.emberscope.collector.process.Binaries;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.BuildId;
import io.emberscope.symbolizer.PathSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class FileTablesTest {
    private static final Path LARGE =
            Path.of(System.getProperty("java.home"), "lib/server/libjvm.so");

    private final ConcurrentLinkedQueue<Binary> stuck = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> log = new ConcurrentLinkedQueue<>();
    private final Binary binary = new Binaries().of("/libjvm.so", BuildId.NONE, 1, 2);

    private @Nullable FileTables tables;

    @AfterEach
    void close() {
        if (tables != null) {
            tables.close();
        }
    }

    private FileTables open(BinaryFiles files) {
        return open(files, null, new Metrics());
    }

    private FileTables open(BinaryFiles files, @Nullable Path cache, Metrics metrics) {
        close();
        tables =
                new FileTables(
                        files,
                        stuck::add,
                        cache,
                        new LocalDisk(),
                        System::nanoTime,
                        metrics,
                        log::add);
        return tables;
    }

    private static BinaryFiles.OpenFile file(ByteSource source) {
        return new BinaryFiles.OpenFile(source, 1, 2, 3, source.size(), true);
    }

    private static TableLoader.Loaded next(FileTables from) {
        TableLoader.Loaded next = from.poll();
        while (next == null) {
            Thread.onSpinWait();
            next = from.poll();
        }
        return next;
    }

    @Test
    void tablesThatNobodyTookYetWaitAndDoNotFillTheHeap() {
        FileTables made = open(_ -> file(PathSource.open(LARGE)));
        int count = 30; // of about a megabyte
        for (int i = 0; i < count; i++) {
            assertThat(made.request(binary)).isTrue();
        }
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            TableLoader.Loaded next = next(made);
            assertThat(next.isFailed()).isFalse();
            bytes += next.blocks().stream().mapToLong(block -> 4L * block.length).sum();
        }
        assertThat(bytes).isGreaterThan(FileTables.MEMORY_BYTES);
        assertThat(log).isEmpty();
    }

    /// A process that was there before the collector tells no build id: the file has it.
    @ParameterizedTest
    @CsvSource({"true, 1", "false, 0"})
    void tableThatWasMadeBeforeIsFoundByTheBuildIdInTheFile(
            boolean isOfRoot, int hits, @TempDir Path cache) {
        BinaryFiles files =
                _ -> {
                    ByteSource source = PathSource.open(LARGE);
                    return new BinaryFiles.OpenFile(source, 1, 2, 3, source.size(), isOfRoot);
                };
        FileTables first = open(files, cache, new Metrics());
        first.request(binary);
        TableLoader.Loaded made = next(first);
        Metrics metrics = new Metrics();
        FileTables second = open(files, cache, metrics);
        second.request(binary);
        TableLoader.Loaded found = next(second);
        assertThat(found.buildId()).isEqualTo(made.buildId());
        assertThat(found.blocks()).hasSameSizeAs(made.blocks());
        assertThat(found.blocks().getFirst()).isEqualTo(made.blocks().getFirst());
        assertThat(metrics.text()).contains("emberscope_collector_unwind_cache_hits_total " + hits);
    }

    @Test
    void fileThatMakesUsFailIsAnsweredAndTheNextIsRead() {
        List<BinaryFiles> files =
                List.of(
                        _ -> {
                            throw new IllegalStateException("by a test");
                        },
                        _ -> file(new Failing()),
                        _ -> file(PathSource.open(LARGE)));
        ConcurrentLinkedQueue<BinaryFiles> turns = new ConcurrentLinkedQueue<>(files);
        FileTables made = open(asked -> turns.remove().open(asked));
        for (int i = 0; i < files.size(); i++) {
            made.request(binary);
        }
        assertThat(next(made).isFailed()).isTrue();
        assertThat(next(made).isFailed()).isTrue();
        assertThat(stuck).containsExactly(binary, binary);
        assertThat(next(made).blocks()).isNotEmpty();
    }

    /// A file at which we run out of memory.
    private static final class Failing implements ByteSource {
        @Override
        public long size() {
            return 1 << 20;
        }

        @Override
        public int read(long position, byte[] target, int offset, int length) throws IOException {
            throw new OutOfMemoryError("by a test");
        }

        @Override
        public void close() {}
    }
}

package io.emberscope.symbolizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.HandmadeElf;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SymbolCacheTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long AT = HandmadeElf.TEXT_OFFSET;

    private final Metrics metrics = new Metrics();
    private long now = -3 * SECOND; // a monotonic clock may begin anywhere
    private int opened;
    private int closed;

    private SymbolCache cache(SymbolCache.Limits limits) {
        return new SymbolCache(limits, () -> now, metrics);
    }

    private SymbolCache cache() {
        return cache(SymbolCache.Limits.OF_AGENT);
    }

    private static HandmadeElf elf(int id, int functions) {
        HandmadeElf elf = HandmadeElf.usual().buildId(new byte[] {0, (byte) id});
        for (int i = 0; i < functions; i++) {
            elf.symbol("f" + id + "_" + i, 2, 1, 16L * i, 16);
        }
        return elf;
    }

    private static BinaryKey key(int id) {
        return new BinaryKey.BuildId(String.format("00%02x", id));
    }

    private SourceOpener opener(HandmadeElf elf) {
        byte[] bytes = elf.bytes();
        return () -> {
            opened++;
            return new Counted(new ArraySource(bytes));
        };
    }

    private static ByteSource never() {
        throw new AssertionError("opened once more");
    }

    private final class Counted implements ByteSource {
        private final ByteSource source;
        private boolean isClosed;

        Counted(ByteSource source) {
            this.source = source;
        }

        @Override
        public long size() {
            return source.size();
        }

        @Override
        public int read(long position, byte[] target, int offset, int length) throws IOException {
            assertThat(isClosed).as("read after close").isFalse();
            return source.read(position, target, offset, length);
        }

        @Override
        public void close() {
            assertThat(isClosed).as("closed twice").isFalse();
            isClosed = true;
            closed++;
        }
    }

    @Test
    void placesHaveTheBinarysOwnAddressesOnceItWasRead() {
        SymbolCache cache = cache();
        assertThat(cache.address(key(1), AT + 17)).isEqualTo(ElfFile.NOWHERE);
        cache.name(key(1), AT + 17, opener(elf(1, 0))); // also where it has no names
        assertThat(cache.address(key(1), AT + 17)).isEqualTo(HandmadeElf.TEXT_ADDRESS + 17);
        long end = AT + HandmadeElf.TEXT_SIZE;
        assertThat(cache.address(key(1), end - 1))
                .isEqualTo(HandmadeElf.TEXT_ADDRESS + HandmadeElf.TEXT_SIZE - 1);
        assertThat(cache.address(key(1), end)).isEqualTo(ElfFile.NOWHERE);
    }

    @Test
    void namesComeFromOneTableAndOneOpenFile() {
        SymbolCache cache = cache();
        assertThat(cache.name(key(1), AT + 17, opener(elf(1, 3)))).isEqualTo("f1_1");
        assertThat(cache.name(key(1), AT + 32, SymbolCacheTest::never)).isEqualTo("f1_2");
        String again = cache.name(key(1), AT + 33, SymbolCacheTest::never);
        assertThat(again).isSameAs(cache.name(key(1), AT + 34, SymbolCacheTest::never));
        assertThat(cache.name(key(1), AT + 48, SymbolCacheTest::never)).isNull();
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_lookups_total{result=\"named\"} 4\n")
                .contains("emberscope_symbolizer_lookups_total{result=\"nameless\"} 1\n")
                .contains("emberscope_symbolizer_names_read_total 2\n")
                .contains("emberscope_symbolizer_tables_built_total 1\n")
                .contains("emberscope_symbolizer_table_bytes 548\n")
                .contains("emberscope_symbolizer_open_sources 1\n");
        cache.close();
        assertThat(closed).isEqualTo(1);
        assertThat(metrics.text()).contains("emberscope_symbolizer_table_bytes 0\n");
    }

    @Test
    void aFileWithAnotherBuildIdGivesNoNames() {
        SymbolCache cache = cache();
        assertThat(cache.name(key(1), AT, opener(elf(2, 3)))).isNull();
        assertThat(closed).isEqualTo(1);
        // Another process may still have the right file.
        now += SECOND;
        assertThat(cache.name(key(1), AT, opener(elf(1, 3)))).isEqualTo("f1_0");
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"wrong_build_id\"} 1\n");
    }

    @Test
    void namesOfAFileThatIsWrittenOverWhileItIsOpenAreNotRight() {
        SymbolCache cache = cache();
        byte[] bytes = elf(1, 3).bytes();
        assertThat(cache.hold(key(1), () -> new Counted(new ArraySource(bytes)))).isTrue();
        assertThat(cache.name(key(1), AT, SymbolCacheTest::never)).isEqualTo("f1_0");
        assertThat(cache.isStillRight(key(1))).isTrue();
        byte[] others = elf(2, 3).bytes();
        assertThat(others).hasSameSizeAs(bytes);
        System.arraycopy(others, 0, bytes, 0, bytes.length);
        assertThat(cache.name(key(1), AT + 16, SymbolCacheTest::never)).isEqualTo("f2_1");
        assertThat(cache.isStillRight(key(1))).isFalse();
        assertThat(closed).isEqualTo(1);
        // Nothing of it is kept.
        now += SECOND;
        assertThat(cache.name(key(1), AT, opener(elf(1, 3)))).isEqualTo("f1_0");
        assertThat(cache.name(key(1), AT + 16, SymbolCacheTest::never)).isEqualTo("f1_1");
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"wrong_build_id\"} 1\n");
    }

    @Test
    void whatFailedIsTriedAgainAfterLongerAndLongerPauses() {
        SymbolCache cache = cache();
        int[] tries = {0};
        SourceOpener failing =
                () -> {
                    tries[0]++;
                    throw new IOException("gone");
                };
        for (int tenths = 0; tenths < 10 * 200; tenths++) {
            assertThat(cache.name(key(1), AT, failing)).isNull();
            now += SECOND / 10;
        }
        // At 0, 1, 3, 7, 15, 31, 63 seconds, then every minute.
        assertThat(tries[0]).isEqualTo(9);
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_lookups_total{result=\"refused\"} 2000\n")
                .contains("emberscope_symbolizer_refusals_total{reason=\"unreadable\"} 9\n");
    }

    @Test
    void whatIsNoElfFileIsRefusedForAMinute() {
        SymbolCache cache = cache();
        BinaryKey key = new BinaryKey.FileIdentity(1, 2, 3, 4);
        assertThat(cache.name(key, AT, () -> new ArraySource(new byte[100]))).isNull();
        now += 59 * SECOND;
        assertThat(cache.name(key, AT, SymbolCacheTest::never)).isNull();
        now += SECOND;
        assertThat(cache.name(key, AT, opener(elf(7, 1)))).isEqualTo("f7_0");
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"malformed\"} 1\n");
    }

    @Test
    void moreFunctionsThanTheLimitAreRefused() {
        SymbolCache cache = cache(new SymbolCache.Limits(1 << 20, 3, 2, 2, SECOND));
        assertThat(cache.name(key(1), AT, opener(elf(1, 3)))).isEqualTo("f1_0");
        assertThat(cache.name(key(2), AT, opener(elf(2, 4)))).isNull();
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"too_large\"} 1\n");
    }

    @Test
    void theTableUsedLongestAgoIsDroppedFirst() {
        // Room for two tables of ten functions.
        SymbolCache cache = cache(new SymbolCache.Limits(2 * (512 + 120), 100, 9, 9, SECOND));
        cache.name(key(1), AT, opener(elf(1, 10)));
        cache.name(key(2), AT, opener(elf(2, 10)));
        cache.name(key(1), AT, SymbolCacheTest::never);
        cache.name(key(3), AT, opener(elf(3, 10)));
        assertThat(closed).isEqualTo(1);
        assertThat(cache.name(key(1), AT + 16, SymbolCacheTest::never)).isEqualTo("f1_1");
        assertThat(cache.name(key(3), AT + 16, SymbolCacheTest::never)).isEqualTo("f3_1");
        assertThat(cache.name(key(2), AT, opener(elf(2, 10)))).isEqualTo("f2_0");
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_tables_evicted_total 2\n")
                .contains("emberscope_symbolizer_binaries 2\n")
                .contains("emberscope_symbolizer_table_bytes 1264\n");
        // The name of a dropped table is never given to the function that took its place.
        assertThat(cache.name(key(2), AT, SymbolCacheTest::never)).isEqualTo("f2_0");
    }

    @Test
    void aFileClosedForTheLimitIsOpenedAgainWhenANameIsNeeded() {
        SymbolCache cache = cache(new SymbolCache.Limits(1 << 20, 100, 2, 100, SECOND));
        for (int id = 1; id <= 3; id++) {
            cache.name(key(id), AT, opener(elf(id, 10)));
        }
        assertThat(closed).isEqualTo(1);
        // A recent name needs no file, a new one does.
        assertThat(cache.name(key(1), AT, SymbolCacheTest::never)).isEqualTo("f1_0");
        assertThat(cache.name(key(1), AT + 16, opener(elf(1, 10)))).isEqualTo("f1_1");
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_tables_built_total 3\n")
                .contains("emberscope_symbolizer_sources_evicted_total 2\n")
                .contains("emberscope_symbolizer_open_sources 2\n");
        // If by then it is another file, its names are not those of the table.
        assertThat(cache.name(key(2), AT + 16, opener(elf(9, 10)))).isNull();
        cache.close();
        assertThat(closed).isEqualTo(opened);
    }

    @Test
    void aHeldFileGivesNamesAfterItsProcessIsGone() {
        SymbolCache cache = cache();
        assertThat(cache.hold(key(1), opener(elf(1, 3)))).isTrue();
        assertThat(cache.hold(key(1), SymbolCacheTest::never)).isTrue();
        assertThat(cache.name(key(1), AT, SymbolCacheTest::never)).isEqualTo("f1_0");
        assertThat(
                        cache.hold(
                                key(2),
                                () -> {
                                    throw new IOException("gone");
                                }))
                .isFalse();
        assertThat(cache.hold(key(2), SymbolCacheTest::never)).isFalse();
        now += SECOND;
        assertThat(cache.hold(key(2), opener(elf(2, 1)))).isTrue();
        assertThat(cache.name(key(2), AT, SymbolCacheTest::never)).isEqualTo("f2_0");
    }

    @Test
    void holdingManyFilesKeepsWithinTheLimits() {
        SymbolCache cache = cache(new SymbolCache.Limits(1 << 20, 100, 5, 20, SECOND));
        for (int id = 0; id < 100; id++) {
            assertThat(cache.hold(key(id), opener(elf(id, 1)))).isTrue();
            assertThat(opened - closed).isLessThanOrEqualTo(5);
        }
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_binaries 20\n")
                .contains("emberscope_symbolizer_open_sources 5\n");
    }

    @Test
    void whatNobodyAsksForExpires() {
        SymbolCache cache = cache();
        cache.name(key(1), AT, opener(elf(1, 1)));
        now += TimeUnit.MINUTES.toNanos(6);
        cache.name(key(2), AT, opener(elf(2, 1)));
        now += TimeUnit.MINUTES.toNanos(5);
        cache.expire();
        assertThat(closed).isEqualTo(1);
        assertThat(cache.name(key(2), AT, SymbolCacheTest::never)).isEqualTo("f2_0");
        assertThat(metrics.text()).contains("emberscope_symbolizer_binaries 1\n");
    }

    @Test
    void aBinaryWithoutFunctionsIsClosedAtOnce() {
        SymbolCache cache = cache();
        assertThat(cache.name(key(1), AT, opener(elf(1, 0)))).isNull();
        assertThat(closed).isEqualTo(1);
        assertThat(cache.name(key(1), AT, SymbolCacheTest::never)).isNull();
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_lookups_total{result=\"nameless\"} 2\n");
    }

    @Test
    void aFileThatFailsWhileANameIsReadIsGivenUp() {
        SymbolCache cache = cache();
        byte[] bytes = elf(1, 2).bytes();
        boolean[] broken = {false};
        SourceOpener opener =
                () ->
                        new Counted(
                                new ByteSource() {
                                    @Override
                                    public long size() {
                                        return bytes.length;
                                    }

                                    @Override
                                    public int read(long at, byte[] to, int offset, int length)
                                            throws IOException {
                                        if (broken[0]) {
                                            throw new IOException("EIO");
                                        }
                                        return new ArraySource(bytes).read(at, to, offset, length);
                                    }

                                    @Override
                                    public void close() {}
                                });
        assertThat(cache.name(key(1), AT, opener)).isEqualTo("f1_0");
        broken[0] = true;
        assertThat(cache.name(key(1), AT + 16, opener)).isNull();
        assertThat(closed).isEqualTo(1);
        broken[0] = false;
        now += SECOND;
        assertThat(cache.name(key(1), AT + 16, opener)).isEqualTo("f1_1");
    }

    @Test
    void buildIdsAreLowerCaseHex() {
        for (String wrong : new String[] {"", "0", "AB", "0g", "ab ", "00".repeat(65)}) {
            assertThatThrownBy(() -> new BinaryKey.BuildId(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("build id: (expected: ");
        }
    }
}

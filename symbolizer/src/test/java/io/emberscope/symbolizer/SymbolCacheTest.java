package io.emberscope.symbolizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.disk.SimulatedCrash;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.HandmadeElf;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SymbolCacheTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long AT = HandmadeElf.TEXT_OFFSET;
    private static final Path DIRECTORY = Path.of("/agent/symbols");

    private final Metrics metrics = new Metrics();
    private final FaultyDisk disk = new FaultyDisk(1);
    private final List<String> log = new ArrayList<>();
    private SymbolFiles store = store(SymbolFiles.Limits.OF_AGENT);
    private long now = -3 * SECOND; // a monotonic clock may begin anywhere
    private int opened;
    private int closed;
    private boolean isTrusted = true;

    private SymbolFiles store(SymbolFiles.Limits limits) {
        return new SymbolFiles(DIRECTORY, disk, limits, metrics, log::add);
    }

    private static SymbolFiles.Limits limits(int functionsMax, long keptBytesMax) {
        return new SymbolFiles.Limits(
                functionsMax, SymbolLimits.OF_AGENT, keptBytesMax, keptBytesMax, 1 << 20);
    }

    private SymbolCache cache(SymbolCache.Limits limits) {
        return new SymbolCache(store, limits, () -> now, metrics);
    }

    private SymbolCache cache() {
        return cache(SymbolCache.Limits.OF_AGENT);
    }

    /// As a new process of the agent has it.
    private SymbolCache restarted() {
        disk.processKill();
        store = store(SymbolFiles.Limits.OF_AGENT);
        return cache();
    }

    private static HandmadeElf elf(int id, int functions) {
        HandmadeElf elf = HandmadeElf.usual().buildId(idOf(id));
        for (int i = 0; i < functions; i++) {
            elf.symbol("f" + id + "_" + i, 2, 1, 16L * i, 16);
        }
        return elf;
    }

    /// With more names than fit into the buffers of who makes its symbol file.
    private static HandmadeElf large() {
        HandmadeElf elf = HandmadeElf.usual().buildId(idOf(1));
        for (int i = 0; i < 40; i++) {
            elf.symbol("f1_" + i + "x".repeat(4000), 2, 1, 16L * i, 16);
        }
        return elf;
    }

    private static byte[] idOf(int id) {
        return new byte[] {0, 1, 2, (byte) id};
    }

    private static BinaryKey key(int id) {
        return new BinaryKey.BuildId(HexFormat.of().formatHex(idOf(id)));
    }

    private static @Nullable String name(
            SymbolCache cache, BinaryKey key, long offset, SourceOpener opener) {
        return cache.find(key, offset, opener, true).name();
    }

    private SourceOpener opener(HandmadeElf elf) {
        byte[] bytes = elf.bytes();
        return () -> open(new ArraySource(bytes));
    }

    private SourceOpener.Opened open(ByteSource source) {
        opened++;
        return new SourceOpener.Opened(new Counted(source), isTrusted);
    }

    private static SourceOpener.Opened never() {
        throw new AssertionError("opened once more");
    }

    private static SourceOpener.Opened gone() throws IOException {
        throw new IOException("gone");
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
        public boolean hasChanged() throws IOException {
            return source.hasChanged();
        }

        @Override
        public void close() {
            assertThat(isClosed).as("closed twice").isFalse();
            isClosed = true;
            closed++;
        }
    }

    @Test
    void placesHaveTheBinarysOwnAddresses() {
        SymbolCache cache = cache();
        NamedPlace unknown = cache.find(key(1), AT + 17, SymbolCacheTest::never, false);
        assertThat(unknown).isEqualTo(new NamedPlace(null, ElfFile.NOWHERE));
        // Also where it has no names.
        NamedPlace found = cache.find(key(1), AT + 17, opener(elf(1, 0)), true);
        assertThat(found).isEqualTo(new NamedPlace(null, HandmadeElf.TEXT_ADDRESS + 17));
        long end = AT + HandmadeElf.TEXT_SIZE;
        assertThat(cache.find(key(1), end - 1, SymbolCacheTest::never, true).address())
                .isEqualTo(HandmadeElf.TEXT_ADDRESS + HandmadeElf.TEXT_SIZE - 1);
        assertThat(cache.find(key(1), end, SymbolCacheTest::never, true).address())
                .isEqualTo(ElfFile.NOWHERE);
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_lookups_total{result=\"later\"} 1\n")
                .contains("emberscope_symbolizer_lookups_total{result=\"nameless\"} 3\n");
    }

    @Test
    void namesComeFromOneSymbolFileAndTheBinaryIsClosed() {
        SymbolCache cache = cache();
        assertThat(name(cache, key(1), AT + 17, opener(elf(1, 3)))).isEqualTo("f1_1");
        assertThat(closed).isEqualTo(1);
        assertThat(name(cache, key(1), AT + 32, SymbolCacheTest::never)).isEqualTo("f1_2");
        String again = name(cache, key(1), AT + 33, SymbolCacheTest::never);
        assertThat(again).isSameAs(name(cache, key(1), AT + 34, SymbolCacheTest::never));
        assertThat(name(cache, key(1), AT + 48, SymbolCacheTest::never)).isNull();
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_lookups_total{result=\"named\"} 4\n")
                .contains("emberscope_symbolizer_lookups_total{result=\"nameless\"} 1\n")
                .contains("emberscope_symbolizer_files_made_total 1\n")
                .contains("emberscope_symbolizer_files_opened_total 1\n")
                .contains("emberscope_symbolizer_open_sources 0\n")
                .contains("emberscope_symbolizer_open_files 1\n");
        cache.close();
        assertThat(metrics.text()).contains("emberscope_symbolizer_open_files 0\n");
    }

    @Test
    void afterARestartABinaryIsNamedWithoutBeingOpened() {
        assertThat(name(cache(), key(1), AT, opener(elf(1, 3)))).isEqualTo("f1_0");
        SymbolCache cache = restarted();
        assertThat(cache.isPrepared(key(1))).isTrue();
        assertThat(cache.hold(key(1), SymbolCacheTest::never)).isTrue();
        cache.prepare(key(1), SymbolCacheTest::never);
        assertThat(cache.find(key(1), AT + 17, SymbolCacheTest::never, false))
                .isEqualTo(new NamedPlace("f1_1", HandmadeElf.TEXT_ADDRESS + 17));
    }

    @Test
    void whatNobodyVouchesForIsNotFoundAfterARestart() throws Exception {
        SymbolCache cache = cache();
        isTrusted = false; // a build id is easily copied
        assertThat(name(cache, key(1), AT, opener(elf(1, 3)))).isEqualTo("f1_0");
        isTrusted = true;
        BinaryKey unnamed = new BinaryKey.FileIdentity(1, 2, 3, 4);
        assertThat(name(cache, unnamed, AT, opener(elf(2, 3)))).isEqualTo("f2_0");
        assertThat(name(cache, key(1), AT + 16, SymbolCacheTest::never)).isEqualTo("f1_1");
        assertThat(disk.files(DIRECTORY)).hasSize(2);
        cache = restarted();
        assertThat(cache.isPrepared(key(1))).isFalse();
        assertThat(cache.isPrepared(unnamed)).isFalse();
        assertThat(disk.files(DIRECTORY)).isEmpty();
        assertThat(name(cache, key(1), AT, opener(elf(1, 3)))).isEqualTo("f1_0");
        assertThat(name(cache, unnamed, AT, opener(elf(3, 3)))).isEqualTo("f3_0");
    }

    @Test
    void aFileWithAnotherBuildIdGivesNoNames() {
        SymbolCache cache = cache();
        assertThat(name(cache, key(1), AT, opener(elf(2, 3)))).isNull();
        assertThat(closed).isEqualTo(1);
        // Another process may still have the right file.
        now += SECOND;
        assertThat(name(cache, key(1), AT, opener(elf(1, 3)))).isEqualTo("f1_0");
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"wrong_build_id\"} 1\n");
    }

    /// A file that is another one from the n-th read on.
    private ByteSource writtenOver(byte[] before, byte[] after, int reads) {
        assertThat(after).hasSameSizeAs(before);
        byte[] bytes = before.clone();
        int[] left = {reads};
        return new Counted(
                new ByteSource() {
                    @Override
                    public long size() {
                        return bytes.length;
                    }

                    @Override
                    public int read(long position, byte[] target, int offset, int length) {
                        if (left[0]-- == 0) {
                            System.arraycopy(after, 0, bytes, 0, bytes.length);
                        }
                        return new ArraySource(bytes).read(position, target, offset, length);
                    }

                    @Override
                    public void close() {}
                });
    }

    @Test
    void aFileThatIsWrittenOverWhileItIsReadNeverGivesOthersNames() {
        byte[] right = elf(1, 3).bytes();
        byte[] others = elf(2, 3).bytes();
        int refused = 0;
        for (int reads = 0; ; reads++) {
            assertThat(reads).isLessThan(1000);
            disk.processKill();
            store.forgetDamaged(key(1));
            SymbolCache cache = cache();
            ByteSource source = writtenOver(right, others, reads);
            SourceOpener opener = () -> new SourceOpener.Opened(source, true);
            String name = name(cache, key(1), AT + 16, opener);
            if (name != null) {
                // All was read before.
                assertThat(name).isEqualTo("f1_1");
                assertThat(name(cache, key(1), AT, SymbolCacheTest::never)).isEqualTo("f1_0");
                break;
            }
            refused++;
            assertThat(cache.isPrepared(key(1))).isFalse();
            now += SECOND;
            assertThat(name(cache, key(1), AT, opener(elf(1, 3)))).isEqualTo("f1_0");
            assertThat(name(cache, key(1), AT + 16, SymbolCacheTest::never)).isEqualTo("f1_1");
        }
        assertThat(refused).isGreaterThan(10);
        assertThat(metrics.text())
                .containsPattern("refusals_total\\{reason=\"wrong_build_id\"} [1-9]");
    }

    @Test
    void aFileWithoutABuildIdThatIsWrittenToWhileItIsReadGivesNoNames() {
        SymbolCache cache = cache();
        BinaryKey key = new BinaryKey.FileIdentity(1, 2, 3, 4);
        byte[] bytes = elf(1, 3).bytes();
        boolean[] isChanged = {false};
        SourceOpener opener =
                () ->
                        open(
                                new ByteSource() {
                                    @Override
                                    public long size() {
                                        return bytes.length;
                                    }

                                    @Override
                                    public int read(long at, byte[] to, int offset, int length) {
                                        return new ArraySource(bytes).read(at, to, offset, length);
                                    }

                                    @Override
                                    public boolean hasChanged() {
                                        return isChanged[0];
                                    }

                                    @Override
                                    public void close() {}
                                });
        assertThat(cache.hold(key, opener)).isTrue();
        isChanged[0] = true;
        assertThat(name(cache, key, AT, opener)).isNull();
        assertThat(closed).isEqualTo(1);
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"changed\"} 1\n");
        isChanged[0] = false;
        now += SECOND;
        assertThat(name(cache, key, AT, opener)).isEqualTo("f1_0");
    }

    @Test
    void whatFailedIsTriedAgainAfterLongerAndLongerPauses() {
        SymbolCache cache = cache();
        int[] tries = {0};
        SourceOpener failing =
                () -> {
                    tries[0]++;
                    return gone();
                };
        for (int tenths = 0; tenths < 10 * 200; tenths++) {
            assertThat(name(cache, key(1), AT, failing)).isNull();
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
        assertThat(name(cache, key, AT, () -> open(new ArraySource(new byte[100])))).isNull();
        now += 59 * SECOND;
        assertThat(name(cache, key, AT, SymbolCacheTest::never)).isNull();
        now += SECOND;
        assertThat(name(cache, key, AT, opener(elf(7, 1)))).isEqualTo("f7_0");
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"malformed\"} 1\n");
    }

    @Test
    void moreFunctionsThanTheLimitAreRefusedButHaveAddresses() {
        store = store(limits(3, 1 << 20));
        SymbolCache cache = cache();
        assertThat(name(cache, key(1), AT, opener(elf(1, 3)))).isEqualTo("f1_0");
        assertThat(cache.find(key(2), AT + 5, opener(elf(2, 4)), true))
                .isEqualTo(new NamedPlace(null, HandmadeElf.TEXT_ADDRESS + 5));
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"too_large\"} 1\n");
    }

    @Test
    void theFileUsedLongestAgoMakesRoomFirst() throws Exception {
        name(cache(), key(1), AT, opener(elf(1, 10)));
        long bytes = disk.read(disk.files(DIRECTORY).getFirst(), 1 << 20).length;
        store = store(limits(100, 2 * bytes + 20));
        SymbolCache cache = cache();
        name(cache, key(2), AT, opener(elf(2, 10)));
        cache.expire(); // what is open is in use
        assertThat(cache.hold(key(1), SymbolCacheTest::never)).isTrue();
        name(cache, key(3), AT, opener(elf(3, 10)));
        assertThat(disk.files(DIRECTORY)).hasSize(2);
        assertThat(name(cache, key(1), AT + 16, SymbolCacheTest::never)).isEqualTo("f1_1");
        assertThat(name(cache, key(3), AT + 16, SymbolCacheTest::never)).isEqualTo("f3_1");
        cache.expire(); // closes what had to make room
        assertThat(metrics.text()).contains("emberscope_symbolizer_open_files 2\n");
        assertThat(name(cache, key(2), AT, opener(elf(2, 10)))).isEqualTo("f2_0");
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_files_made_total 4\n")
                .contains("emberscope_symbolizer_file_bytes " + 2 * bytes + "\n");
    }

    @Test
    void aSymbolFileClosedForTheLimitIsOpenedAgain() {
        SymbolCache cache = cache(new SymbolCache.Limits(9, 2, 100, SECOND));
        for (int id = 1; id <= 3; id++) {
            name(cache, key(id), AT, opener(elf(id, 10)));
        }
        assertThat(metrics.text()).contains("emberscope_symbolizer_open_files 2\n");
        for (int id = 1; id <= 3; id++) {
            assertThat(name(cache, key(id), AT + 16, SymbolCacheTest::never))
                    .isEqualTo("f" + id + "_1");
        }
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_files_made_total 3\n")
                .contains("emberscope_symbolizer_open_files 2\n");
        assertThat(closed).isEqualTo(opened);
    }

    @Test
    void aHeldFileGivesNamesAfterItsProcessIsGone() {
        SymbolCache cache = cache();
        assertThat(cache.hold(key(1), opener(elf(1, 3)))).isTrue();
        assertThat(cache.hold(key(1), SymbolCacheTest::never)).isTrue();
        assertThat(cache.isPrepared(key(1))).isFalse();
        cache.prepare(key(1), SymbolCacheTest::never);
        assertThat(cache.isPrepared(key(1))).isTrue();
        assertThat(closed).isEqualTo(1);
        assertThat(name(cache, key(1), AT, SymbolCacheTest::never)).isEqualTo("f1_0");
        assertThat(cache.hold(key(2), SymbolCacheTest::gone)).isFalse();
        assertThat(cache.hold(key(2), SymbolCacheTest::never)).isFalse();
        now += SECOND;
        assertThat(cache.hold(key(2), opener(elf(2, 1)))).isTrue();
        assertThat(name(cache, key(2), AT, SymbolCacheTest::never)).isEqualTo("f2_0");
    }

    @Test
    void holdingManyFilesKeepsWithinTheLimits() {
        SymbolCache cache = cache(new SymbolCache.Limits(5, 5, 20, SECOND));
        for (int id = 0; id < 100; id++) {
            assertThat(cache.hold(key(id), opener(elf(id, 1)))).isTrue();
            assertThat(opened - closed).isLessThanOrEqualTo(5);
        }
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_binaries 20\n")
                .contains("emberscope_symbolizer_sources_evicted_total 95\n")
                .contains("emberscope_symbolizer_open_sources 5\n");
    }

    @Test
    void whatNobodyAsksForExpires() {
        SymbolCache cache = cache();
        cache.hold(key(1), opener(elf(1, 1)));
        now += TimeUnit.MINUTES.toNanos(6);
        name(cache, key(2), AT, opener(elf(2, 1)));
        now += TimeUnit.MINUTES.toNanos(5);
        assertThat(opened - closed).isEqualTo(1);
        cache.expire();
        assertThat(opened - closed).isZero();
        assertThat(name(cache, key(2), AT, SymbolCacheTest::never)).isEqualTo("f2_0");
        assertThat(metrics.text()).contains("emberscope_symbolizer_binaries 1\n");
    }

    @Test
    void aFileThatFailsWhileItIsReadIsGivenUp() {
        SymbolCache cache = cache();
        byte[] bytes = elf(1, 2).bytes();
        boolean[] isBroken = {false};
        SourceOpener opener =
                () ->
                        open(
                                new ByteSource() {
                                    @Override
                                    public long size() {
                                        return bytes.length;
                                    }

                                    @Override
                                    public int read(long at, byte[] to, int offset, int length)
                                            throws IOException {
                                        if (isBroken[0]) {
                                            throw new IOException("EIO");
                                        }
                                        return new ArraySource(bytes).read(at, to, offset, length);
                                    }

                                    @Override
                                    public void close() {}
                                });
        assertThat(cache.hold(key(1), opener)).isTrue();
        isBroken[0] = true;
        assertThat(name(cache, key(1), AT + 16, opener)).isNull();
        assertThat(closed).isEqualTo(1);
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"unreadable\"} 1\n");
        isBroken[0] = false;
        now += SECOND;
        assertThat(name(cache, key(1), AT + 16, opener)).isEqualTo("f1_1");
    }

    @Test
    void onAFullDiskThereAreAddressesAndNamesOnceThereIsRoom() throws Exception {
        name(cache(), key(9), AT, opener(elf(9, 1)));
        long writes = disk.writes();
        SourceOpener large = opener(large());
        name(cache(), key(1), AT, large);
        writes = disk.writes() - writes;
        assertThat(writes).isGreaterThan(5);
        store.forgetDamaged(key(1));
        for (long n = 1; n <= writes; n++) {
            SymbolCache cache = cache();
            disk.fillAt(n);
            assertThat(cache.find(key(1), AT + 17, large, true))
                    .isEqualTo(new NamedPlace(null, HandmadeElf.TEXT_ADDRESS + 17));
            assertThat(disk.files(DIRECTORY)).hasSize(1);
            assertThat(name(cache, key(9), AT, SymbolCacheTest::never)).isEqualTo("f9_0");
            disk.makeRoom();
            now += SECOND;
            // The binary stayed open: it may be gone by now.
            assertThat(name(cache, key(1), AT + 17, SymbolCacheTest::never)).startsWith("f1_");
            store.forgetDamaged(key(1));
        }
        assertThat(log).hasSize((int) writes).allMatch(line -> line.contains("No space"));
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"no_room\"} " + writes);
        assertThat(closed).isEqualTo(opened);
    }

    @Test
    void withoutADirectoryThereAreAddressesOnly() {
        store = new SymbolFiles(null, disk, SymbolFiles.Limits.OF_AGENT, metrics, log::add);
        SymbolCache cache = cache();
        for (int i = 0; i < 10; i++) {
            assertThat(cache.find(key(1), AT + 17, opener(elf(1, 3)), true))
                    .isEqualTo(new NamedPlace(null, HandmadeElf.TEXT_ADDRESS + 17));
            now += SECOND / 2;
        }
        assertThat(log).hasSize(1);
        assertThat(log.getFirst()).contains("no directory");
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"no_room\"} 3\n");
    }

    @Test
    void aDirectoryThatCannotBeMadeIsTriedAgain() {
        disk.fillAt(1);
        SymbolCache cache = cache();
        assertThat(name(cache, key(1), AT, opener(elf(1, 3)))).isNull();
        disk.makeRoom();
        now += SECOND;
        assertThat(name(cache, key(1), AT, SymbolCacheTest::never)).isEqualTo("f1_0");
    }

    @Test
    void aDamagedFileOnDiskGivesNoWrongNamesAndIsMadeAgain() throws Exception {
        HandmadeElf elf = elf(1, 40);
        name(cache(), key(1), AT, opener(elf));
        Path path = disk.files(DIRECTORY).getFirst();
        byte[] whole = disk.read(path, 1 << 20);
        int remade = 0;
        for (int i = 0; i < whole.length; i++) {
            byte[] bytes = whole.clone();
            bytes[i] ^= 0x10;
            disk.put(path, bytes);
            SymbolCache cache = restarted();
            int before = opened;
            for (int function = 0; function < 40; function += 13) {
                assertThat(name(cache, key(1), AT + 16L * function, opener(elf)))
                        .as("byte %d", i)
                        .isEqualTo("f1_" + function);
            }
            if (opened > before) {
                remade++;
                assertThat(disk.read(path, 1 << 20)).isEqualTo(whole);
            }
        }
        // What was not asked for is not noticed.
        assertThat(remade).isGreaterThan(whole.length * 9 / 10);
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_files_damaged_total " + remade + "\n");
    }

    @Test
    void whatACrashLeftHalfMadeIsRemoved() throws Exception {
        name(cache(), key(1), AT, opener(elf(1, 3)));
        long operations = disk.operations();
        name(cache(), key(2), AT, opener(elf(2, 3)));
        operations = disk.operations() - operations;
        for (long n = 1; n <= operations; n++) {
            store.forgetDamaged(key(2));
            SymbolCache dying = cache();
            disk.crashAt(n);
            try {
                name(dying, key(2), AT, opener(elf(2, 3)));
            } catch (SimulatedCrash _) {
                // and it starts again
            }
            SymbolCache cache = restarted();
            assertThat(name(cache, key(1), AT, SymbolCacheTest::never)).isEqualTo("f1_0");
            assertThat(name(cache, key(2), AT, opener(elf(2, 3)))).isEqualTo("f2_0");
            assertThat(disk.files(DIRECTORY)).hasSize(2);
        }
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

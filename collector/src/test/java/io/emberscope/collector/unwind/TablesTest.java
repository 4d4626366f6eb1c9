package io.emberscope.collector.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.UnwindMemory;
import io.emberscope.collector.process.Binaries;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.BuildId;
import io.emberscope.collector.process.ProcessTable;
import io.emberscope.collector.unwind.Tables.State;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TablesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long CHUNK_BYTES = (long) UnwindMemory.CHUNK_WORDS * Integer.BYTES;
    private static final int LARGE = 90_000; // words: two of them fill a chunk, but for its quarter

    private final Metrics metrics = new Metrics();
    private final Binaries binaries = new Binaries();
    private final FakeLoader loader = new FakeLoader();
    private UnwindMemory memory = null;
    private Places places = null;
    private Tables tables = null;
    private long now = 1_000 * SECOND;

    @BeforeEach
    void open() throws Exception {
        memory = UnwindMemory.detached();
        places = new Places(memory, CHUNK_BYTES, metrics);
        tables = new Tables(memory, places, loader, metrics);
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private Binary binary(int id) {
        byte[] buildId = {(byte) id, 1, 2, 3};
        return binaries.of("/lib/" + id, BuildId.of(buildId, 0, 4), 0, 0);
    }

    /// A block for the first 64 KiB of a file, of that many words.
    private static int[] block(int words) {
        int[] block = new int[words];
        block[1] = 64;
        return block;
    }

    private void load(Binary binary, int... lengths) throws Exception {
        assertThat(tables.want(binary, now)).isEqualTo(State.LOADING);
        List<int[]> blocks = new ArrayList<>();
        for (int length : lengths) {
            blocks.add(block(length));
        }
        loader.done.add(new TableLoader.Loaded(binary, binary.buildId().hex(), blocks, false));
        tables.update(now);
    }

    private State state(Binary binary) {
        return tables.of(binary).state();
    }

    @Test
    void aTableIsAskedForOnceAndThenThere() throws Exception {
        Binary binary = binary(1);
        int before = tables.generation();
        load(binary, 5_000);
        assertThat(state(binary)).isEqualTo(State.READY);
        assertThat(tables.generation()).isGreaterThan(before);
        assertThat(tables.want(binary, now)).isEqualTo(State.READY);
        assertThat(loader.asked).hasSize(1);
        assertThat(tables.of(binary).parts()).hasSize(1);
        assertThat(tables.of(binary).parts().getFirst().end()).isEqualTo(1 << 16);
    }

    @Test
    void aFileThatIsNotRootsSpeaksForItselfAlone() throws Exception {
        Binary copied = binaries.of("/home/mallory/libc", binary(1).buildId(), 0, 0);
        assertThat(tables.want(copied, now)).isEqualTo(State.LOADING);
        loader.done.add(new TableLoader.Loaded(copied, "", List.of(block(5_000)), false));
        tables.update(now);
        assertThat(state(copied)).isEqualTo(State.READY);
        assertThat(state(binary(1))).isEqualTo(State.ABSENT);
        load(binary(1), 6_000);
        assertThat(tables.of(binary(1))).isNotSameAs(tables.of(copied));
        assertThat(tables.of(binaries.of("/another", binary(1).buildId(), 0, 0)))
                .isSameAs(tables.of(binary(1)));
    }

    @Test
    void binariesOfOneBuildIdHaveOneTable() throws Exception {
        Binary first = binary(1);
        load(first, 5_000);
        Binary copy = binaries.of("/other/1", first.buildId(), 0, 0);
        assertThat(state(copy)).isEqualTo(State.READY);
        // One that no event told the build id of: it is known when its file has been read.
        Binary found = binaries.of("/lib/1", BuildId.NONE, 5, 77);
        assertThat(tables.want(found, now)).isEqualTo(State.LOADING);
        loader.done.add(
                new TableLoader.Loaded(found, first.buildId().hex(), List.of(block(5_000)), false));
        tables.update(now);
        assertThat(tables.of(found)).isSameAs(tables.of(first));
        assertThat(places.usedBytes()).isEqualTo(5_000 * 4);
    }

    @Test
    void aFileThatWasGoneIsAskedForAgainWhenAnotherProcessHasIt() throws Exception {
        ProcessTable processes = new ProcessTable(binaries, metrics, _ -> {});
        Binary found = binaries.of("/lib/1", BuildId.NONE, 5, 77);
        processes.map(10, 0x1000, 0x2000, 0, found);
        assertThat(tables.want(found, now)).isEqualTo(State.LOADING);
        loader.done.add(TableLoader.Loaded.gone(found));
        tables.update(now);
        now += 2 * SECOND;
        tables.update(now);
        assertThat(tables.want(found, now)).isEqualTo(State.FAILED);
        processes.map(11, 0x1000, 0x2000, 0, found);
        assertThat(tables.want(found, now)).isEqualTo(State.LOADING);
        // Not at once, as storms of such processes would ask all the time.
        loader.done.add(TableLoader.Loaded.gone(found));
        tables.update(now);
        processes.map(12, 0x1000, 0x2000, 0, found);
        assertThat(tables.want(found, now)).isEqualTo(State.FAILED);
        now += SECOND;
        tables.update(now);
        assertThat(tables.want(found, now)).isEqualTo(State.LOADING);
        // What cannot be read is not read again for another process.
        loader.done.add(new TableLoader.Loaded(found, "", List.of(), true));
        tables.update(now);
        now += SECOND;
        tables.update(now);
        processes.map(13, 0x1000, 0x2000, 0, found);
        assertThat(tables.want(found, now)).isEqualTo(State.FAILED);
    }

    @Test
    void theLeastRecentlyUsedMakesRoom() throws Exception {
        load(binary(1), LARGE);
        now += 4 * SECOND;
        load(binary(2), LARGE);
        now += SECOND;
        load(binary(3), LARGE);
        // The first went, as it was not used; its room rests for some seconds.
        assertThat(state(binary(1))).isEqualTo(State.ABSENT);
        assertThat(state(binary(2))).isEqualTo(State.READY);
        assertThat(state(binary(3))).isEqualTo(State.NO_ROOM);
        assertThat(metrics.text()).contains("unwind_tables_evicted_total 1");
        tables.await(tables.of(binary(3)), 1);
        int room = tables.room();
        now += 12 * SECOND;
        tables.update(now);
        assertThat(tables.room()).isGreaterThan(room);
        load(binary(3), LARGE);
        assertThat(state(binary(3))).isEqualTo(State.READY);
        assertThat(tables.waiting()).isZero();
    }

    @Test
    void onlyATableUnusedForLongMakesRoomForOneThatWaits() throws Exception {
        for (int id = 1; id <= 3; id++) {
            load(binary(id), LARGE);
            tables.of(binary(id)).parts().forEach(part -> tables.refer(part.number(), 1));
        }
        assertThat(state(binary(3))).isEqualTo(State.NO_ROOM);
        tables.await(tables.of(binary(3)), 1);
        now += 20 * SECOND;
        tables.update(now);
        assertThat(state(binary(3))).isEqualTo(State.NO_ROOM);
        assertThat(metrics.text()).contains("unwind_tables_evicted_total 0");
        now += 20 * SECOND;
        tables.update(now); // gives one up
        now += 10 * SECOND;
        tables.update(now); // whose room is there now
        assertThat(metrics.text()).contains("unwind_tables_evicted_total 1");
        assertThat(state(binary(3))).isEqualTo(State.ABSENT);
    }

    @Test
    void nobodyWaitsForATableThatNoMappingsNeed() throws Exception {
        load(binary(1), LARGE);
        load(binary(2), LARGE);
        load(binary(3), LARGE);
        Tables.Table waiting = tables.of(binary(3));
        tables.await(waiting, 1);
        now += 6 * SECOND;
        tables.update(now);
        assertThat(tables.waiting()).isEqualTo(1);
        tables.await(waiting, -1);
        now += 6 * SECOND;
        tables.update(now);
        assertThat(tables.waiting()).isZero();
    }

    @Test
    void whereRoomIsShortTablesThatNoProcessMapsGoAheadOfNeed() throws Exception {
        load(binary(1), LARGE);
        tables.refer(tables.of(binary(1)).parts().getFirst().number(), 1);
        load(binary(2), LARGE);
        now += 20 * SECOND;
        tables.update(now);
        assertThat(state(binary(1))).isEqualTo(State.READY);
        assertThat(state(binary(2))).isEqualTo(State.ABSENT);
        now += 20 * SECOND;
        load(binary(3), LARGE);
        assertThat(state(binary(3))).isEqualTo(State.READY);
    }

    @Test
    void tablesLeaveAQuarterAndGiveWayToMappings() throws Exception {
        load(binary(1), LARGE);
        load(binary(2), LARGE);
        assertThat(places.freeWords()).isGreaterThanOrEqualTo(places.wordsMax() / 4);
        assertThat(tables.giveWay(now)).isTrue();
        assertThat(tables.giveWay(now)).isTrue();
        assertThat(tables.giveWay(now)).isFalse();
        assertThat(places.restingWords()).isEqualTo(2 * LARGE);
    }

    @Test
    void whereNumbersRunOutTheLeastRecentlyUsedGivesItsOwn() throws Exception {
        int count = UnwindMemory.TABLES_MAX - 3;
        for (int id = 0; id < count; id++) {
            load(numbered(id), 8);
        }
        assertThat(metrics.text()).contains("unwind_tables_loaded_total " + count);
        now += 10 * SECOND;
        load(numbered(count), 8);
        assertThat(state(numbered(count))).isEqualTo(State.NO_ROOM);
        assertThat(metrics.text()).contains("unwind_tables_evicted_total 1");
        tables.await(tables.of(numbered(count)), 1);
        now += 10 * SECOND;
        tables.update(now);
        load(numbered(count), 8);
        assertThat(state(numbered(count))).isEqualTo(State.READY);
    }

    private Binary numbered(int id) {
        byte[] buildId = {(byte) id, (byte) (id >> 8), 2, 3};
        return binaries.of("/numbered/" + id, BuildId.of(buildId, 0, 4), 0, 0);
    }

    @Test
    void aTableLargerThanAllRoomIsRefusedAndTakesNothing() throws Exception {
        load(binary(1), 100_000, 100_000);
        assertThat(state(binary(1))).isEqualTo(State.NO_ROOM);
        now += 5 * SECOND;
        tables.update(now);
        assertThat(places.usedBytes()).isZero();
        assertThat(metrics.text()).contains("unwind_tables_refused_total 1");
    }

    @Test
    void whatCannotBeReadIsTriedAgainAfterAWhile() throws Exception {
        Binary binary = binary(1);
        assertThat(tables.want(binary, now)).isEqualTo(State.LOADING);
        loader.done.add(new TableLoader.Loaded(binary, "", List.of(), true));
        tables.update(now);
        assertThat(tables.want(binary, now + SECOND)).isEqualTo(State.FAILED);
        assertThat(tables.want(binary, now + 61 * SECOND)).isEqualTo(State.LOADING);
        assertThat(loader.asked).hasSize(2);
    }

    @Test
    void aBinaryWithoutATableIsNotAskedForAgain() throws Exception {
        load(binary(1));
        assertThat(state(binary(1))).isEqualTo(State.NONE);
        assertThat(tables.want(binary(1), now + 1000 * SECOND)).isEqualTo(State.NONE);
        assertThat(loader.asked).hasSize(1);
    }

    @Test
    void aNumberIsNotGivenAgainWhileMappingsReferToIt() throws Exception {
        load(binary(1), LARGE);
        int number = tables.of(binary(1)).parts().getFirst().number();
        tables.refer(number, 1);
        for (int id = 2; id < 40; id++) {
            now += 6 * SECOND;
            load(binary(id), LARGE);
            if (state(binary(id)) == State.READY) {
                assertThat(tables.of(binary(id)).has(number)).isFalse();
            }
        }
        assertThat(state(binary(1))).isEqualTo(State.ABSENT);
    }
}

package io.emberscope.collector.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.disk.SimulatedCrash;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.BatchId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class SpoolTest {
    private static final Path DIRECTORY = Path.of("/state/spool");
    private static final long MIB = 1 << 20;
    private static final int HEADER = 60;

    private final List<String> log = new ArrayList<>();
    private FaultyDisk disk = new FaultyDisk(1);
    private Tally tally = new Tally(new Metrics());

    @Test
    void batchesComeBackInOrderAlsoAfterARestart() throws Exception {
        Spool spool = open(MIB);
        append(spool, 1, "one");
        append(spool, 2, "two");
        disk.processKill();
        tally = new Tally(new Metrics());
        Spool again = open(MIB);
        again.append(new BatchId("a", 8, 1), bytes("three"), 1, 10);
        assertThat(drain(again)).containsExactly("a/7/1 one", "a/7/2 two", "a/8/1 three");
        assertThat(tally.restoredSamples()).isEqualTo(3);
        assertThat(tally.restoredNanos()).isEqualTo(30);
        assertThat(again.bytes()).isZero();
        assertThat(disk.list(DIRECTORY)).isEmpty();
    }

    @Test
    void oldestIsDroppedAndCountedWhenThereIsNoRoom() throws Exception {
        Spool spool = open(3 * (HEADER + 1000));
        for (int i = 1; i <= 5; i++) {
            append(spool, i, "x".repeat(999) + i);
        }
        assertThat(spool.size()).isEqualTo(3);
        assertThat(tally.droppedSamples()).isEqualTo(1 + 2);
        assertThat(tally.droppedNanos()).isEqualTo(30);
        assertThat(drain(spool)).allMatch(text -> text.matches("a/7/[345] x+[345]"));
    }

    @Test
    void batchThatIsBeingSentIsNotDropped() throws Exception {
        Spool spool = open(2 * (HEADER + 1000));
        append(spool, 1, "x".repeat(1000));
        Spool.Batch sending = oldest(spool);
        append(spool, 2, "x".repeat(1000));
        append(spool, 3, "x".repeat(1000));
        assertThat(spool.read(sending)).hasSize(1000);
        assertThat(tally.droppedSamples()).isEqualTo(2);
        spool.remove(sending);
        assertThat(spool.samples()).isEqualTo(3);
    }

    @Test
    void fileTornByACrashIsToldAndDropped() throws Exception {
        byte[] whole = SpoolFile.encode(new BatchId("a", 7, 1), bytes("body"), 5, 50);
        for (int length = 0; length < whole.length; length++) {
            check(java.util.Arrays.copyOf(whole, length), "length " + length);
        }
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << (bit % 8));
            check(flipped, "bit " + bit);
        }
    }

    private void check(byte[] file, String what) throws Exception {
        disk = new FaultyDisk(1);
        tally = new Tally(new Metrics());
        disk.createDirectories(DIRECTORY);
        disk.put(DIRECTORY.resolve(SpoolFile.name(new BatchId("a", 7, 1))), file);
        Spool spool = open(MIB);
        Spool.Batch batch = spool.oldest(0);
        if (batch != null) {
            assertThat(spool.read(batch)).as(what).isNull();
        }
        assertThat(spool.size()).as(what).isZero();
        assertThat(tally.restoredSamples()).as(what).isEqualTo(tally.droppedSamples());
    }

    @Test
    void powerCutLosesNothingThatWasKept() throws Exception {
        for (int seed = 0; seed < 300; seed++) {
            disk = new FaultyDisk(seed);
            tally = new Tally(new Metrics());
            Spool spool = open(MIB);
            append(spool, 1, "kept" + "x".repeat(2000));
            spool.keep(oldest(spool));
            append(spool, 2, "perhaps" + "y".repeat(2000));
            disk.powerCut();
            tally = new Tally(new Metrics());
            List<String> found = drain(open(MIB));
            assertThat(found).as("seed %d", seed).first().asString().startsWith("a/7/1 kept");
            if (found.size() == 2) {
                assertThat(found.get(1)).isEqualTo("a/7/2 perhaps" + "y".repeat(2000));
            }
        }
    }

    @Test
    void crashAtAnyMomentLeavesWholeBatchesOnly() throws Exception {
        for (int at = 1; at < 60; at++) {
            disk = new FaultyDisk(at);
            tally = new Tally(new Metrics());
            Spool spool = open(MIB);
            disk.crashAt(at);
            try {
                for (int i = 1; i <= 10; i++) {
                    append(spool, i, "body " + i);
                    if (i % 3 == 0) {
                        spool.remove(oldest(spool));
                    }
                }
            } catch (SimulatedCrash _) {
                // As planned.
            }
            disk.powerCut();
            tally = new Tally(new Metrics());
            for (String found : drain(open(MIB))) {
                String[] parts = found.split(" ", 2);
                assertThat(parts[1]).isEqualTo("body " + parts[0].substring(4));
            }
        }
    }

    @Test
    void fullDiskMeansMemoryAndThenDropsThatAreCounted() throws Exception {
        Spool spool = open(8 * MIB);
        append(spool, 1, "on disk");
        disk.fillAt(1);
        append(spool, 2, "in memory");
        assertThat(spool.isDiskFailed()).isTrue();
        assertThat(log).anyMatch(line -> line.contains("kept in memory"));
        disk.makeRoom();
        append(spool, 3, "on disk again");
        assertThat(spool.isDiskFailed()).isFalse();
        assertThat(drain(spool))
                .containsExactly("a/7/1 on disk", "a/7/2 in memory", "a/7/3 on disk again");

        disk.fillAt(1);
        String megabyte = "m".repeat((int) MIB);
        for (int i = 4; i <= 10; i++) {
            append(spool, i, megabyte);
        }
        assertThat(spool.size()).isEqualTo(4);
        assertThat(tally.droppedSamples()).isEqualTo(4 + 5 + 6);
        assertThat(drain(spool)).hasSize(4);
    }

    @Test
    void diskThatCannotBeOpenedIsNoReasonToStop() throws Exception {
        disk.fillAt(1);
        Spool spool = open(MIB);
        append(spool, 1, "one");
        assertThat(drain(spool)).containsExactly("a/7/1 one");
    }

    @Test
    void waitingThreadIsWokenByABatch() throws Exception {
        Spool spool = open(MIB);
        Thread waiting =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    try {
                                        spool.oldest(60_000_000_000L);
                                    } catch (InterruptedException e) {
                                        throw new AssertionError(e);
                                    }
                                });
        append(spool, 1, "one");
        waiting.join(30_000);
        assertThat(waiting.isAlive()).isFalse();
        assertThat(spool.awaitEmpty(1)).isFalse();
        assertThat(drain(spool)).hasSize(1);
        assertThat(spool.awaitEmpty(1)).isTrue();
    }

    @Test
    void countsHoldUnderRandomUse() throws Exception {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            disk = new FaultyDisk(seed);
            tally = new Tally(new Metrics());
            Spool spool = open(20_000);
            long appended = 0;
            long removed = 0;
            for (int i = 1; i < 300; i++) {
                if (random.nextInt(20) == 0) {
                    disk.failWrite(1);
                }
                append(spool, i, "z".repeat(random.nextInt(3000)));
                appended += i;
                if (random.nextInt(3) == 0) {
                    Spool.Batch batch = spool.oldest(0);
                    if (batch != null && spool.read(batch) != null) {
                        removed += batch.samples();
                        spool.remove(batch);
                    }
                }
                assertThat(spool.bytes()).isLessThanOrEqualTo(20_000);
            }
            assertThat(removed + spool.samples() + tally.droppedSamples())
                    .as("seed %d", seed)
                    .isEqualTo(appended);
        }
    }

    private Spool open(long bytesMax) {
        return Spool.open(DIRECTORY, bytesMax, disk, tally, log::add);
    }

    private static void append(Spool spool, int sequence, String body) {
        spool.append(new BatchId("a", 7, sequence), bytes(body), sequence, sequence * 10L);
    }

    private static Spool.Batch oldest(Spool spool) throws InterruptedException {
        Spool.Batch batch = spool.oldest(0);
        if (batch == null) {
            throw new AssertionError("empty");
        }
        return batch;
    }

    private static List<String> drain(Spool spool) throws InterruptedException, IOException {
        List<String> found = new ArrayList<>();
        for (Spool.Batch batch = spool.oldest(0); batch != null; batch = spool.oldest(0)) {
            byte[] body = spool.read(batch);
            if (body != null) {
                found.add(batch.id() + " " + new String(body, StandardCharsets.UTF_8));
                spool.remove(batch);
            }
        }
        return found;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

package io.emberscope.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.Labels;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// D3: a damaged log loses only what is damaged.
class WalDamageTest {
    private static final Path DIRECTORY = Path.of("/wal");
    private static final TenantId ACME = new TenantId("acme");

    /// What is tried grows with its square.
    private static final int LOG_BYTES = Boolean.getBoolean("long") ? 12_000 : 6_000;

    private final FaultyDisk disk = new FaultyDisk(1);
    private final List<Integer> starts = new ArrayList<>();
    private Path path;
    private byte[] whole;
    private int records;

    /// A log of one file with records of several sizes, compressed and not.
    @BeforeEach
    void write() throws Exception {
        Random random = new Random(5);
        try (WriteAheadLog log = open(disk, random.nextLong())) {
            int end = WalFormat.FILE_HEADER_BYTES;
            while (end < LOG_BYTES) {
                List<WalEntry.Encoded> group = new ArrayList<>();
                for (int i = random.nextInt(3); i >= 0; i--) {
                    group.add(
                            new WalEntry(
                                            ACME,
                                            new BatchId("agent", 1, ++records),
                                            Batches.random(random, 3, Batches.START_MILLIS, 2))
                                    .encode());
                    starts.add(end);
                    end += WalFormat.RECORD_HEADER_BYTES + group.getLast().bytes().length;
                }
                log.append(group);
            }
            starts.add(end);
        }
        path = disk.list(DIRECTORY).getFirst();
        whole = disk.read(path, 1 << 20);
        assertThat(whole).hasSize(starts.getLast());
    }

    private static WriteAheadLog open(FaultyDisk disk, long salt) throws IOException {
        return WriteAheadLog.open(DIRECTORY, disk, 1 << 30, () -> salt);
    }

    /// Sequence numbers of the records that are found if the file has this content.
    private List<Long> replay(byte[] content, List<Replay> reports) throws IOException {
        disk.put(path, content);
        List<Long> found = new ArrayList<>();
        try (WriteAheadLog log = open(disk, 1)) {
            reports.add(
                    log.replay(
                            0,
                            (sequence, entry) -> {
                                assertThat(entry.id().sequence()).isEqualTo(sequence);
                                found.add(sequence);
                            }));
            assertThat(log.nextSequence()).isGreaterThan(found.isEmpty() ? 0 : found.getLast());
        }
        return found;
    }

    private List<Long> allBut(int lost) {
        List<Long> rest = new ArrayList<>();
        for (long i = 1; i <= records; i++) {
            if (i != lost) {
                rest.add(i);
            }
        }
        return rest;
    }

    /// The record that a byte belongs to, from 1; 0 for the file header.
    private int recordAt(int offset) {
        int place = Collections.binarySearch(starts, offset);
        return place >= 0 ? place + 1 : -place - 1;
    }

    @Test
    void anUndamagedLogIsReplayedWhole() throws Exception {
        List<Replay> reports = new ArrayList<>();
        assertThat(replay(whole, reports)).isEqualTo(allBut(-1));
        assertThat(reports.getFirst()).isEqualTo(new Replay(1, records, 0, 0, 0, 0, 0, records));
    }

    @Test
    void aDamagedByteCostsItsRecordAndNoOther() throws Exception {
        Random random = new Random(6);
        for (int offset = 0; offset < whole.length; offset++) {
            byte[] damaged = whole.clone();
            damaged[offset] ^= (byte) (1 << random.nextInt(8));
            List<Replay> reports = new ArrayList<>();
            int lost = recordAt(offset);
            assertThat(replay(damaged, reports))
                    .as("byte %d", offset)
                    .isEqualTo(allBut(lost == 0 ? -1 : lost));
            Replay report = reports.getFirst();
            if (lost > 0) {
                boolean last = lost == records;
                assertThat(report.damagedRecords() + report.tornFiles()).isEqualTo(1);
                assertThat(report.damagedBytes() + report.tornBytes())
                        .isEqualTo(starts.get(lost) - starts.get(lost - 1));
                assertThat(last || report.tornFiles() == 0).isTrue();
            } else {
                assertThat(report.damagedRecords()).isZero();
            }
        }
    }

    @Test
    void aLogCutAnywhereIsItsPrefix() throws Exception {
        for (int length = 0; length < whole.length; length++) {
            List<Long> expected = new ArrayList<>();
            for (int i = 1; i <= records && starts.get(i) <= length; i++) {
                expected.add((long) i);
            }
            List<Replay> reports = new ArrayList<>();
            assertThat(replay(Arrays.copyOf(whole, length), reports))
                    .as("cut at %d", length)
                    .isEqualTo(expected);
            assertThat(reports.getFirst().damagedRecords()).isZero();
        }
    }

    @Test
    void wideDamageNeverThrowsAndCostsOnlyWhatItTouches() throws Exception {
        long seed = Long.getLong("seed", 7);
        Random random = new Random(seed);
        for (int i = 0; i < 2_000; i++) {
            byte[] damaged = whole.clone();
            int from = random.nextInt(whole.length);
            int to = Math.min(whole.length, from + 1 + random.nextInt(3_000));
            switch (random.nextInt(3)) {
                case 0 -> Arrays.fill(damaged, from, to, (byte) 0);
                case 1 -> {
                    byte[] noise = new byte[to - from];
                    random.nextBytes(noise);
                    System.arraycopy(noise, 0, damaged, from, noise.length);
                }
                default ->
                        System.arraycopy(
                                whole,
                                random.nextInt(whole.length - (to - from) + 1),
                                damaged,
                                from,
                                to - from);
            }
            List<Long> found = replay(damaged, new ArrayList<>());
            boolean headerLost = from < 32 && to > 32;
            for (int number = 1; number <= records && !headerLost; number++) {
                long sequence = number;
                int start = starts.get(number - 1);
                int end = starts.get(number);
                if (end <= from || start >= to) {
                    assertThat(found).as("seed %d round %d", seed, i).contains(sequence);
                }
            }
        }
    }

    /// Texts in profiles come from strangers. One that holds a whole record, salt unknown, must not
    /// be taken for one when the reader looks for the next record behind damage.
    @Test
    void aRecordInsideATextIsNotBelieved() throws Exception {
        WalEntry.Encoded forged =
                new WalEntry(
                                new TenantId("victim"),
                                null,
                                Batches.one(Labels.EMPTY, Batches.START_MILLIS, 1, "forged"))
                        .encode();
        ByteBuffer record =
                ByteBuffer.allocate(WalFormat.RECORD_HEADER_BYTES + forged.bytes().length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        WalFormat.putRecordHeader(
                record, 999, starts.get(2) + WalFormat.RECORD_HEADER_BYTES, 1_000, forged);
        record.put(forged.bytes());
        byte[] content = Arrays.copyOf(whole, whole.length);
        int target = starts.get(2) + WalFormat.RECORD_HEADER_BYTES;
        content[starts.get(2)] ^= 1;
        System.arraycopy(record.array(), 0, content, target, record.capacity());
        assertThat(starts.get(3) - target).as("it fits").isGreaterThan(record.capacity());
        assertThat(replay(content, new ArrayList<>())).isEqualTo(allBut(3));
    }

    @Test
    void aNewerVersionIsRefusedByName() throws Exception {
        ByteBuffer header = WalFormat.fileHeader(77);
        byte[] content = new byte[header.remaining()];
        header.get(content);
        // The version with a checksum that is right, as a newer program writes it.
        for (int copy = 0; copy < 2; copy++) {
            int start = copy * WalFormat.FILE_HEADER_COPY_BYTES;
            content[start + 8] = WalFormat.VERSION + 1;
            byte[] covered = new byte[16 + 28];
            System.arraycopy(content, start, covered, 16, 28);
            ByteBuffer.wrap(content)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(start + 28, WalEntry.crc(covered));
        }
        assertThatThrownBy(() -> replay(content, new ArrayList<>()))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        path
                                + ": log version 3 (expected: at most 2; a newer Emberscope wrote it)");
    }

    @Test
    void damagedFilesAreSetAsideAndOthersDeleted() throws Exception {
        whole[starts.get(1) + 40] ^= 1;
        try (WriteAheadLog log = open(disk, 1)) {
            disk.put(path, whole);
            log.replay(0, (_, _) -> {});
            log.deleteThrough(records - 1);
            assertThat(disk.list(DIRECTORY)).containsExactly(path);
            log.deleteThrough(records);
            assertThat(disk.list(DIRECTORY))
                    .containsExactly(path.resolveSibling(path.getFileName() + ".damaged"));
        }
        assertThat(new String(whole, 0, 8, StandardCharsets.ISO_8859_1)).contains("EMBWAL");
    }
}

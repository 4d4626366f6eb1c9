package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.Selector;
import io.emberscope.storage.segment.DamagedSegmentException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// D4: never a wrong answer. Whatever is done to the files of a segment, a query has the right
/// answer or an error that names the file; asked for the rest, it has exactly the rest and says
/// what is missing.
class DamagedSegmentTest {
    private static final TenantId ACME = new TenantId("acme");
    private static final int DAMAGES = Integer.getInteger("damages", 1_000);

    private final StoreSimulation simulation = new StoreSimulation(9);
    private final List<Map<List<String>, Long>> answers = new ArrayList<>();
    private Map<Path, byte[]> files;

    /// Two segments; the sums of both, and of each alone.
    @BeforeEach
    void write() throws Exception {
        simulation.options =
                simulation.options.withWindow(16 << 20, Duration.ofHours(1)).withCache(64 << 20);
        simulation.open();
        List<List<ProfileBatch>> parts = List.of(new ArrayList<>(), new ArrayList<>());
        for (List<ProfileBatch> part : parts) {
            for (int i = 0; i < 200; i++) {
                var batch = Batches.random(simulation.random, 8, Batches.START_MILLIS, 20);
                part.add(batch);
                var _ = simulation.store.append(ACME, null, batch);
            }
            simulation.store.flush();
        }
        List<ProfileBatch> both = new ArrayList<>(parts.get(0));
        both.addAll(parts.get(1));
        for (var part : List.of(both, parts.get(0), parts.get(1))) {
            answers.add(Sums.of(part, ProfileType.CPU, _ -> true, _ -> true));
        }
        simulation.store.close();
        files = new HashMap<>();
        for (Path path : simulation.disk.files(StoreSimulation.DIRECTORY)) {
            files.put(path, simulation.disk.read(path, 1 << 30));
        }
    }

    private void restore() throws IOException {
        for (Map.Entry<Path, byte[]> file : files.entrySet()) {
            simulation.disk.put(file.getKey(), file.getValue());
        }
        simulation.processKill();
    }

    @Test
    void anyDamageGivesTheRightAnswerOrAnErrorThatNamesTheFile() throws Exception {
        long seed = Long.getLong("seed", 10);
        Random random = new Random(seed);
        List<Path> targets =
                files.keySet().stream()
                        .filter(path -> path.toString().contains("segments"))
                        .sorted()
                        .toList();
        int errors = 0;
        int named = 0;
        for (int i = 0; i < DAMAGES; i++) {
            restore();
            Path target = targets.get(random.nextInt(targets.size()));
            simulation.disk.put(target, damaged(files.get(target), random));
            String about = "seed " + seed + " damage " + i + " of " + target;
            simulation.metrics = new Metrics();
            simulation.open();
            try {
                assertThat(Sums.differences(sums(QueryContext.strict()), answers.getFirst()))
                        .as(about)
                        .isEmpty();
            } catch (DamagedSegmentException e) {
                errors++;
                assertThat(e).as(about).hasMessageContaining(target.getParent().toString());
                named += e.getMessage().contains(target.getFileName().toString()) ? 1 : 0;
                assertTheRestIsServed(target, about);
            }
            simulation.store.close();
        }
        assertThat(errors).as("damages that were found").isGreaterThan(DAMAGES / 2);
        assertThat(named).as("errors that name the very file").isGreaterThan(errors * 9 / 10);
        System.out.println("damages: " + DAMAGES + ", errors: " + errors + ", named: " + named);
    }

    private void assertTheRestIsServed(Path target, String about) throws Exception {
        QueryContext context = QueryContext.partial(Duration.ofMinutes(1), 1 << 28);
        Map<List<String>, Long> rest = sums(context);
        Map<List<String>, Long> other = answers.get(target.toString().contains("0001-") ? 2 : 1);
        assertThat(Sums.differences(rest, other)).as(about).isEmpty();
        assertThat(context.warnings())
                .as(about)
                .singleElement()
                .asString()
                .startsWith("incomplete: ");
        assertThat(simulation.store.health().warnings()).hasSize(1);
        assertThat(simulation.store.health().writable()).isTrue();
        assertThat(simulation.metrics.text())
                .contains("emberscope_storage_segments_damaged_total 1")
                .contains("emberscope_storage_damaged_segments 1");
    }

    private static byte[] damaged(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(5)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt(256);
            case 2 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 3 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 512), (byte) 0);
            default -> {
                // The footer, where Parquet itself checks nothing.
                int back = 1 + random.nextInt(Math.min(bytes.length, 1_500));
                bytes[bytes.length - back] ^= (byte) (1 << random.nextInt(8));
            }
        }
        return bytes;
    }

    @Test
    void theErrorNamesFileAndColumn() throws Exception {
        restore();
        for (Path path : files.keySet()) {
            if (path.endsWith("samples.parquet")) {
                byte[] bytes = files.get(path).clone();
                bytes[200] ^= 1;
                simulation.disk.put(path, bytes);
            }
        }
        simulation.open();
        assertThatThrownBy(() -> sums(QueryContext.strict()))
                .isInstanceOf(DamagedSegmentException.class)
                .hasMessageMatching(
                        "/data/segments/[0-9-]+/[0-9a-f]{64}/samples.parquet: (footer|column .*)"
                                + " damaged at 0");
    }

    @Test
    void aSegmentOfANewerVersionIsRefusedByName() throws Exception {
        restore();
        Path manifest =
                files.keySet().stream()
                        .filter(path -> path.endsWith("manifest"))
                        .sorted()
                        .toList()
                        .getFirst();
        byte[] bytes = files.get(manifest).clone();
        bytes[8] = 3;
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - 4);
        ByteBuffer.wrap(bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(bytes.length - 4, (int) crc.getValue());
        simulation.disk.put(manifest, bytes);
        assertThatThrownBy(simulation::open)
                .hasMessage(
                        manifest
                                + ": version 3 (expected: at most 2; a newer Emberscope wrote it)");
    }

    private Map<List<String>, Long> sums(QueryContext context) throws IOException {
        MergedProfile merged =
                simulation.store.merge(
                        ACME, ProfileType.CPU, Selector.ALL, null, StoreSimulation.ALL, context);
        return Sums.of(merged);
    }
}

package io.emberscope.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.Selector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// D10: what a released version wrote is read for ever. `golden/store-N.hex` is a whole store, as
/// paths and bytes in hexadecimal: a segment and a log of version N behind it; the third one has a
/// merged segment before, and manifests of version 2.
///
/// `-Dgolden.update=true` writes the newest anew; that is right only before a format is released.
class GoldenTest {
    private static final int NEWEST = 3;
    private static final TenantId ACME = new TenantId("acme");
    private static final int LINE = 96;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, NEWEST})
    void aStoreOfEachVersionIsRead(int version) throws Exception {
        if (version == NEWEST && Boolean.getBoolean("golden.update")) {
            update();
        }
        StoreSimulation simulation = new StoreSimulation(1);
        load(simulation.disk, golden(version));
        simulation.open();
        assertThat(simulation.store.health().warnings()).isEmpty();
        assertThat(describe(simulation))
                .isEqualTo(
                        """
                        main<f: 5
                        main<g: 7
                        main<g<inlined: 1
                        labels: [namespace, pod, service_name]
                        pods: [web-1, web-2]
                        """);
        // What it remembers of stored batches is read, too.
        for (int sequence = 1; sequence <= 3; sequence++) {
            assertThat(append(simulation, sequence)).isEqualTo(Appended.DUPLICATE);
        }
    }

    private static Appended append(StoreSimulation simulation, int sequence) throws Exception {
        Labels web1 = Labels.of("service_name", "web", "pod", "web-1", "namespace", "shop");
        Labels web2 = Labels.of("service_name", "web", "pod", "web-2");
        var batch =
                switch (sequence) {
                    case 1 -> Batches.one(web1, Batches.START_MILLIS, 5, "f", "main");
                    case 2 -> Batches.one(web2, Batches.START_MILLIS + 10_000, 7, "g", "main");
                    default ->
                            Batches.one(
                                    web2, Batches.START_MILLIS + 20_000, 1, "inlined", "g", "main");
                };
        var appended = simulation.store.append(ACME, new BatchId("agent", 1, sequence), batch);
        simulation.store.commitWaiting();
        return appended.get();
    }

    private static String describe(StoreSimulation simulation) throws Exception {
        MergedProfile merged =
                simulation.store.merge(ACME, ProfileType.CPU, Selector.ALL, StoreSimulation.ALL);
        Map<String, Long> lines = new TreeMap<>();
        for (int i = 0; i < merged.values().length; i++) {
            List<String> names = new ArrayList<>();
            for (int frame : merged.stacks().get(i)) {
                names.add(
                        merged.frames().get(frame).lines().stream()
                                .map(Line::function)
                                .collect(Collectors.joining("/")));
            }
            Collections.reverse(names);
            lines.put(String.join("<", names), merged.values()[i]);
        }
        StringBuilder text = new StringBuilder();
        lines.forEach((stack, value) -> text.append(stack).append(": ").append(value).append('\n'));
        text.append("labels: ")
                .append(simulation.store.labelNames(ACME, Selector.ALL, StoreSimulation.ALL))
                .append("\npods: ")
                .append(
                        simulation
                                .store
                                .labelValues(ACME, "pod", Selector.ALL, "", 10, StoreSimulation.ALL)
                                .values())
                .append('\n');
        return text.toString();
    }

    private static Path golden(int version) {
        return Path.of("src/test/resources/golden/store-" + version + ".hex");
    }

    private static void load(FaultyDisk disk, Path golden) throws IOException {
        Path path = null;
        StringBuilder hex = new StringBuilder();
        List<String> lines = new ArrayList<>(Files.readAllLines(golden));
        lines.add("/end");
        for (String line : lines) {
            if (!line.startsWith("/")) {
                hex.append(line);
                continue;
            }
            if (path != null) {
                disk.createDirectories(path.getParent());
                disk.put(path, HexFormat.of().parseHex(hex));
            }
            path = Path.of(line);
            hex.setLength(0);
        }
        disk.processKill();
    }

    private static void update() throws Exception {
        StoreSimulation simulation = new StoreSimulation(1);
        simulation.open();
        for (int sequence = 1; sequence <= 2; sequence++) {
            append(simulation, sequence);
            simulation.store.flush();
        }
        var _ =
                simulation.store.append(
                        new TenantId("globex"),
                        null,
                        Batches.one(Labels.EMPTY, Batches.START_MILLIS, 1, "f"));
        simulation.store.flush();
        simulation.nanos += MergePolicy.QUIET.toNanos();
        assertThat(simulation.merge()).isEqualTo(1);
        simulation.tick(1_000);
        append(simulation, 3);
        StringBuilder text = new StringBuilder();
        for (Path path : simulation.disk.files(StoreSimulation.DIRECTORY)) {
            text.append(path).append('\n');
            String hex = HexFormat.of().formatHex(simulation.disk.read(path, 1 << 20));
            for (int i = 0; i < hex.length(); i += LINE) {
                text.append(hex, i, Math.min(hex.length(), i + LINE)).append('\n');
            }
        }
        Files.writeString(golden(NEWEST), text);
    }
}

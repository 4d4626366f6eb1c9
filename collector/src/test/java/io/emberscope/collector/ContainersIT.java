package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.collector.RunningCollector.Totals;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real containers of runc, with a control group as the kubelet would give them.
@Tag("side-by-side")
final class ContainersIT {
    private static final String POD = "6f3c1e52-0b7a-4d58-9a3e-2f1d0c9b8a76";
    private static final String BEFORE = "0a".repeat(32);
    private static final String AFTER = "0b".repeat(32);
    private static final String BRIEF = "0c".repeat(32);
    private static final long MILLI = 1_000_000L;

    @TempDir Path directory;

    @Test
    void samplesHaveTheirContainerAndPodAlsoIfTheContainerIsGoneAtOnce() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        Path burner = programs.solo("contained", "contained_work", "-static");
        Path before = bundle("before", burner, "6000");
        Path after = bundle("after", burner, "1000");
        Path brief = bundle("brief", burner, "20");
        Process running = CPrograms.start("runc", "run", "-b", before, BEFORE);
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"), sink.address(), "--frequency=997")) {
            CPrograms.finish(CPrograms.start("runc", "run", "-b", after, AFTER));
            for (int i = 0; i < 10; i++) {
                CPrograms.finish(CPrograms.start("runc", "run", "-b", brief, BRIEF));
            }
            CPrograms.finish(running);
            Totals totals = collector.stop();
            assertThat(totals.dropped()).isZero();
            Received received = sink.received();
            for (String id : List.of(BEFORE, AFTER, BRIEF)) {
                double millis = id.equals(BRIEF) ? 200 : 1_000;
                double work =
                        received.nanos(
                                sample ->
                                        sample.label("container_id").equals(id)
                                                && sample.label("pod_uid").equals(POD)
                                                && sample.isOf("contained"));
                // What ran before has more; the share that chance may take is that of the least.
                double chance = Chance.ofTime(millis * MILLI, 997);
                assertThat(work).as(id).isGreaterThan(millis * MILLI * (0.95 - chance));
            }
            // The file is in the containers' own root only.
            assertThat(received.nanos(sample -> sample.isIn("contained_work")))
                    .isGreaterThan(1200 * MILLI);
            assertThat(
                            received.nanos(
                                    sample ->
                                            sample.isOf("contained")
                                                    && sample.label("container_id").isEmpty()))
                    .as("samples of the program outside its container")
                    .isLessThan(30 * MILLI);
        } finally {
            for (String id : List.of(BEFORE, AFTER, BRIEF)) {
                CPrograms.start("sh", "-c", "runc delete -f " + id + " 2>/dev/null").waitFor();
            }
        }
    }

    /// A directory with the configuration that runc itself proposes, changed where it must be.
    private Path bundle(String name, Path program, String millis) throws Exception {
        Path bundle = directory.resolve(name);
        Path root = Files.createDirectories(bundle.resolve("rootfs"));
        Files.copy(program, root.resolve("contained"));
        CPrograms.finish(CPrograms.start("runc", "spec", "-b", bundle));
        Path config = bundle.resolve("config.json");
        String id = name.equals("before") ? BEFORE : name.equals("after") ? AFTER : BRIEF;
        String group = "/kubepods/burstable/pod" + POD + '/' + id;
        String text = Files.readString(config);
        text = replace(text, "\"terminal\": true", "\"terminal\": false");
        text = replace(text, "\"sh\"", "\"/contained\", \"" + millis + '"');
        text = replace(text, "\"readonly\": true", "\"readonly\": false");
        text = replace(text, "\"linux\": {", "\"linux\": { \"cgroupsPath\": \"" + group + "\",");
        Files.writeString(config, text);
        return bundle;
    }

    private static String replace(String text, String from, String to) {
        assertThat(text).contains(from);
        return text.replace(from, to);
    }
}

package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Code that is made at run time has the names that its process tells: of C programs that know how
/// long they were in it. Run times that people use are in [JitRuntimesIT].
@Timeout(240)
@Tag("side-by-side")
final class GeneratedCodeIT {
    private static final int BRIEF_MILLIS = 2500;

    /// When one that deletes its file tells its second function.
    private static final int BRIEF_TOLD_MILLIS = 1500;

    @TempDir private Path directory;

    @Test
    void functionsHaveTheTimeThatTheProgramHadInThem() throws Exception {
        RunningCollector.assumeRoot();
        Path program = new CPrograms(directory).compile("generated", "generated");
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink);
                Generated plain = Generated.start("plain", program, 3000, "plain");
                Generated user = Generated.start("user", program, 3000, "user", "u");
                Generated late = Generated.start("late", program, 3000, "late", "l");
                // It has ended before its window has, and its file is gone.
                Generated brief = Generated.start("brief", program, BRIEF_MILLIS, "brief", "d");
                Generated shared = Generated.start("shared", program, 3000, "shared", "z");
                Generated twice = Generated.start("twice", program, 3000, "twice", "m")) {
            List<Generated> all = List.of(plain, user, shared, twice);
            for (Generated each : all) {
                each.finish();
            }
            late.finish();
            brief.finish();
            collector.stop();
            for (Generated each : all) {
                each.assertNamed(sink.received());
            }
            brief.assertNamedLate(
                    sink.received(), (double) (BRIEF_MILLIS - BRIEF_TOLD_MILLIS) / BRIEF_MILLIS);
            // A window that was over before the file was there has no names.
            double named =
                    sink.received()
                            .nanos(
                                    sample ->
                                            sample.isIn("late_much") || sample.isIn("late_little"));
            double chance = Chance.ofTime(late.nanos(), Generated.HZ);
            assertThat(named / late.nanos()).isBetween(0.5 - 0.05 - chance, 1.05 + chance);
        }
    }

    @Test
    void aProcessInNamespacesOfItsOwnIsKnownByItsIdThere() throws Exception {
        RunningCollector.assumeRoot();
        Path box = Files.createDirectory(directory.resolve("box"));
        new CPrograms(box).compile("generated", "boxed");
        String inside = "mount --bind '" + box + "' /tmp && exec /tmp/boxed 3000 boxed";
        try (Sink sink = new Sink();
                RunningCollector collector = start(sink);
                Generated boxed =
                        Generated.start(
                                "boxed",
                                "unshare",
                                "-pfm",
                                "--propagation",
                                "private",
                                "sh",
                                "-c",
                                inside)) {
            boxed.finish();
            collector.stop();
            assertThat(box.resolve("perf-1.map")).exists();
            boxed.assertNamed(sink.received());
        }
    }

    private RunningCollector start(Sink sink) throws Exception {
        return RunningCollector.start(
                directory.resolve("data"), sink.address(), "--frequency=" + Generated.HZ);
    }
}

package io.emberscope.collector.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.container.Container;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ProcessTableTest {
    private static final long SECOND = 1_000_000_000L;

    private final Binaries binaries = new Binaries();
    private final Metrics metrics = new Metrics();
    private final ProcessTable table = new ProcessTable(binaries, metrics, _ -> {});

    @Test
    void childHasItsParentsMappingsAndKeepsThemWhenTheParentChanges() {
        table.exec(1, file("/bin/parent"));
        table.map(1, 0x1000, 0x2000, 0, file("/bin/parent"));
        table.fork(10, 1, 2);
        table.map(1, 0x1000, 0x2000, 0, file("/plugin"));
        assertThat(pathAt(2, 0x1800)).isEqualTo("/bin/parent");
        assertThat(pathAt(1, 0x1800)).isEqualTo("/plugin");
        assertThat(process(2).executable()).isEqualTo("parent");
    }

    @Test
    void newProgramBeginsWithoutMappings() {
        table.exec(1, null);
        table.map(1, 0x1000, 0x2000, 0, file("/bin/first"));
        table.exec(1, null);
        assertThat(pathAt(1, 0x1800)).isNull();
        assertThat(process(1).executable()).isEmpty();
        table.map(1, 0x5000, 0x6000, 0, Binary.VDSO);
        table.map(1, 0x1000, 0x2000, 0, file("/usr/bin/second"));
        table.map(1, 0x3000, 0x4000, 0, file("/lib/ld.so"));
        assertThat(process(1).executable()).isEqualTo("second");
    }

    @Test
    void generatedCodeIsTheProcessesOwnUntilItBeginsAnotherProgram() {
        table.fork(0, 1, 2);
        table.fork(0, 1, 3);
        Binary second = process(2).generatedCode();
        assertThat(second.isGenerated()).isTrue();
        assertThat(second.pid()).isEqualTo(2);
        assertThat(second.path()).isEqualTo(Binary.ANONYMOUS.path());
        assertThat(process(2).generatedCode()).isSameAs(second);
        assertThat(process(3).generatedCode()).isNotSameAs(second);
        table.exec(2, null);
        assertThat(process(2).generatedCode().number()).isNotEqualTo(second.number());
    }

    @Test
    void generatedCodeOfMoreProcessesThanTheBoundIsShared() {
        for (int pid = 2; pid < Binaries.GENERATED_MAX + 2; pid++) {
            table.fork(0, 1, pid);
            assertThat(process(pid).generatedCode().isGenerated()).isTrue();
        }
        table.fork(0, 1, 60_000);
        assertThat(process(60_000).generatedCode()).isSameAs(Binary.ANONYMOUS);
        table.exit(SECOND, 2, 2);
        table.forgetExited(10 * SECOND);
        table.fork(SECOND, 1, 60_001);
        assertThat(process(60_001).generatedCode().isGenerated()).isTrue();
    }

    @Test
    void mappedJitDumpIsSeenBeforeAndAfterTheFirstGeneratedCode() {
        table.fork(0, 1, 2);
        table.map(2, 0x1000, 0x2000, 0, file("/tmp/jit-2.dump"));
        table.map(2, 0x3000, 0x4000, 0, file("/tmp/jit-x.dump"));
        Binary code = process(2).generatedCode();
        assertThat(code.sightings()).containsExactly(new Binary.Sighting(2, 0x1000, 0x2000));
        table.map(2, 0x5000, 0x6000, 0, file("/app/.debug/jit-17.dump"));
        assertThat(code.sightings()[0]).isEqualTo(new Binary.Sighting(2, 0x5000, 0x6000));
        table.fork(0, 2, 3);
        Binary.Sighting ofChild = process(3).generatedCode().sightings()[0];
        assertThat(ofChild).isEqualTo(new Binary.Sighting(3, 0x5000, 0x6000));
    }

    @Test
    void memoryInWhichRunTimesMakeCodeIsAnonymousWhateverItsName() {
        for (String path :
                new String[] {
                    "", "//anon", "/dev/zero (deleted)", "/memfd:doublemapper (deleted)"
                }) {
            assertThat(binaries.of(path, BuildId.NONE, 1, 2)).isSameAs(Binary.ANONYMOUS);
        }
        assertThat(binaries.of("/memfd:other (deleted)", BuildId.NONE, 1, 2).kind())
                .isEqualTo(Binary.Kind.FILE);
    }

    @Test
    void endedProcessStaysForSamplesTakenBefore() {
        table.fork(0, 1, 2);
        table.exit(10 * SECOND, 2, 2);
        table.forgetExited(10 * SECOND);
        assertThat(table.find(2)).isNotNull();
        table.forgetExited(12 * SECOND);
        assertThat(table.find(2)).isNull();
    }

    @Test
    void processLivesUntilItsLastThreadEndsAlsoIfTheFirstEndsEarlier() {
        table.fork(0, 1, 2);
        table.fork(1, 2, 2);
        table.exit(SECOND, 2, 2);
        table.forgetExited(10 * SECOND);
        assertThat(table.find(2)).isNotNull();
        table.exit(20 * SECOND, 2, 3);
        table.forgetExited(30 * SECOND);
        assertThat(table.find(2)).isNull();
    }

    @Test
    void programOfOneThreadIsLeftAfterManyThreadsExecute() {
        table.fork(0, 1, 2);
        table.fork(1, 2, 2);
        table.fork(1, 2, 2);
        table.exec(2, null);
        table.exit(SECOND, 2, 2);
        table.forgetExited(3 * SECOND);
        assertThat(table.find(2)).isNull();
    }

    @Test
    void reusedProcessIdIsANewProcess() {
        table.fork(0, 1, 2);
        table.map(2, 0x1000, 0x2000, 0, file("/bin/old"));
        table.exit(10, 2, 2);
        ProfiledProcess old = process(2);
        table.fork(20, 1, 2);
        assertThat(process(2)).isNotSameAs(old);
        assertThat(pathAt(2, 0x1800)).isNull();
        // The end of the old one, merged before, must not take the new one away.
        table.forgetExited(10 * SECOND);
        assertThat(table.find(2)).isNotNull();
    }

    @Test
    void unknownProcessOfASampleIsKeptAndASnapshotIsWantedUntilItIsTaken() {
        ProfiledProcess process = table.ofSample(77, SECOND);
        assertThat(process.executable()).isEmpty();
        assertThat(table.ofSample(77, SECOND + 1)).isSameAs(process);
        assertThat(table.takeSnapshotsWanted()).containsExactly(77);
        assertThat(table.takeSnapshotsWanted()).isEmpty();
        assertThat(process.isWithoutMappings(SECOND + 1)).isFalse();

        // It was not to be had: asked for again, more and more seldom.
        List<Long> askedAt = new ArrayList<>();
        for (long second = 2; second < 20; second++) {
            table.ofSample(77, second * SECOND);
            if (table.takeSnapshotsWanted().length > 0) {
                askedAt.add(second);
            }
        }
        assertThat(askedAt).containsExactly(3L, 7L, 15L);
        assertThat(process.isWithoutMappings(20 * SECOND)).isTrue();

        Snapshot snapshot = new Snapshot(77, 20 * SECOND);
        snapshot.add(0x1000, 0x2000, 0, 8, 9, "/lib/a.so");
        table.apply(snapshot);
        table.ofSample(77, 100 * SECOND);
        assertThat(table.takeSnapshotsWanted()).isEmpty();
        assertThat(process.isWithoutMappings(100 * SECOND)).isFalse();
    }

    @Test
    void codeThatWasMovedIsFoundByASnapshotAndWhatIsTheSameStays() {
        table.fork(SECOND, 1, 5);
        table.exec(5, null);
        Binary told = binaries.of("/lib/a.so", new BuildId(5, 0, 0, 20), 0, 0);
        table.map(5, 0x1000, 0x2000, 0, told);
        ProfiledProcess process = process(5);
        int version = process.mappings().version();
        table.takeSnapshotsWanted();

        table.askForSnapshot(process, 2 * SECOND);
        assertThat(table.takeSnapshotsWanted()).containsExactly(5);
        Snapshot same = new Snapshot(5, 2 * SECOND);
        same.add(0x1000, 0x2000, 0, 8, 9, "/lib/a.so");
        table.apply(same);
        assertThat(process.mappings().version()).isEqualTo(version);
        table.askForSnapshot(process, 3 * SECOND);
        assertThat(table.takeSnapshotsWanted()).isEmpty();

        table.askForSnapshot(process, 4 * SECOND);
        assertThat(table.takeSnapshotsWanted()).containsExactly(5);
        Snapshot moved = new Snapshot(5, 4 * SECOND);
        moved.add(0x6000, 0x7000, 0, 8, 9, "/lib/a.so");
        table.apply(moved);
        assertThat(process.mappings().version()).isNotEqualTo(version);
        Mappings mappings = process.mappings();
        assertThat(mappings.binary(mappings.find(0x6800))).isSameAs(told);
        assertThat(mappings.find(0x1800)).isNegative();
    }

    @Test
    void snapshotReplacesWhatWasKnownButKeepsBuildIds() {
        Binary withBuildId = binaries.of("/lib/a.so", new BuildId(5, 0, 0, 20), 0, 0);
        table.map(3, 0x1000, 0x2000, 0, withBuildId);
        table.map(3, 0x7000, 0x8000, 0, file("/gone"));
        Snapshot snapshot = new Snapshot(3, 50);
        snapshot.executable("app");
        snapshot.container(new Container("c", "p"));
        snapshot.threads(2);
        snapshot.add(0x1000, 0x2000, 0, 8, 9, "/lib/a.so");
        snapshot.add(0x3000, 0x4000, 0x100, 8, 10, "/lib/b.so");
        table.apply(snapshot);
        assertThat(table.find(3)).isNotNull();
        assertThat(process(3).executable()).isEqualTo("app");
        assertThat(process(3).container()).isEqualTo(new Container("c", "p"));
        Mappings mappings = process(3).mappings();
        assertThat(mappings.binary(mappings.find(0x1000))).isSameAs(withBuildId);
        assertThat(pathAt(3, 0x3000)).isEqualTo("/lib/b.so");
        assertThat(pathAt(3, 0x7000)).isNull();
        assertThat(table.mappingCount()).isEqualTo(2);
    }

    @Test
    void threadsCountedBySnapshotAreNotCountedAgainByOlderEvents() {
        Snapshot snapshot = new Snapshot(3, 50);
        snapshot.threads(2);
        table.apply(snapshot);
        table.fork(40, 3, 3);
        table.exit(60, 3, 4);
        table.exit(70, 3, 3);
        // The count is not exact, so the kernel has the last word.
        ProcFiles nobody = new ProcFiles("/nowhere", () -> 0);
        table.forgetExited(10 * SECOND);
        assertThat(table.find(3)).isNotNull();
        table.settleDoubts(10 * SECOND, nobody);
        table.forgetExited(12 * SECOND);
        assertThat(table.find(3)).isNull();
    }

    @Test
    void processesMissingFromTheKernelsListTwiceAreEnded() {
        table.fork(0, 1, 2);
        table.fork(0, 1, 3);
        table.fork(0, 1, 4);
        table.endMissing(new int[] {1, 3}, SECOND);
        table.forgetExited(3 * SECOND);
        assertThat(table.find(2)).isNotNull();
        table.endMissing(new int[] {1, 3, 4}, 30 * SECOND);
        table.forgetExited(33 * SECOND);
        assertThat(table.find(2)).isNull();
        assertThat(table.find(3)).isNotNull();
        assertThat(table.find(4)).isNotNull();
        assertThat(metrics.text()).contains("emberscope_collector_missed_exits_total 1");
    }

    @Test
    void processWithTheMostMappingsLosesThemWhenAllAreTooMany() {
        table.map(1, 0x1000, 0x2000, 0, file("/bin/honest"));
        Binary jit = file("/jit");
        int hostile = 100;
        for (int i = 0; table.mappingCount() < ProcessTable.MAPPINGS_MAX; i++) {
            long start = 0x10_0000L + (i % 49_000) * 0x2000L;
            table.map(hostile + i / 49_000, start, start + 0x1000, 0, jit);
        }
        table.map(1, 0x3000, 0x4000, 0, file("/lib/honest.so"));
        table.map(1, 0x5000, 0x6000, 0, file("/lib/honest2.so"));
        assertThat(pathAt(1, 0x1000)).isEqualTo("/bin/honest");
        assertThat(pathAt(1, 0x5000)).isEqualTo("/lib/honest2.so");
        assertThat(metrics.text()).contains("emberscope_collector_cut_processes_total 1");
        assertThat(table.mappingCount()).isLessThan(ProcessTable.MAPPINGS_MAX);
    }

    @Test
    void moreProcessesThanTheBoundAreRefusedButTheirSamplesAreTaken() {
        for (int pid = 1; pid <= ProcessTable.PROCESSES_MAX; pid++) {
            table.ofSample(pid, 0);
        }
        ProfiledProcess refused = table.ofSample(1_000_000, 0);
        assertThat(refused.pid()).isEqualTo(1_000_000);
        table.map(1_000_001, 0x1000, 0x2000, 0, file("/x"));
        assertThat(table.find(1_000_000)).isNull();
        assertThat(table.mappingCount()).isZero();
        assertThat(metrics.text()).contains("emberscope_collector_refused_processes_total 2");
    }

    @Test
    void mappingsAreCountedOnceHoweverManyShareThem() {
        table.map(1, 0x1000, 0x2000, 0, file("/bin/a"));
        table.map(1, 0x3000, 0x4000, 0, file("/bin/b"));
        for (int pid = 2; pid < 100; pid++) {
            table.fork(pid, 1, pid);
        }
        assertThat(table.mappingCount()).isEqualTo(2);
        table.map(50, 0x5000, 0x6000, 0, file("/bin/c"));
        assertThat(table.mappingCount()).isEqualTo(5);
        table.exec(1, null);
        table.exec(50, null);
        assertThat(table.mappingCount()).isEqualTo(2);
        for (int pid = 2; pid < 100; pid++) {
            table.exit(1000, pid, pid);
        }
        table.forgetExited(10 * SECOND);
        assertThat(table.mappingCount()).isZero();
    }

    private ProfiledProcess process(int pid) {
        ProfiledProcess process = table.find(pid);
        if (process == null) {
            throw new AssertionError("no process " + pid);
        }
        return process;
    }

    private @Nullable String pathAt(int pid, long address) {
        Mappings mappings = process(pid).mappings();
        int index = mappings.find(address);
        return index < 0 ? null : mappings.binary(index).path();
    }

    private Binary file(String path) {
        return binaries.of(path, BuildId.NONE, 1, (path.hashCode() & 0xffff) | 1);
    }
}

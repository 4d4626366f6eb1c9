package io.emberscope.collector.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.StackEnd;
import io.emberscope.bpf.UnwindMemory;
import io.emberscope.collector.process.Binaries;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.BuildId;
import io.emberscope.collector.process.ProcessTable;
import io.emberscope.collector.process.ProfiledProcess;
import io.emberscope.collector.process.SampleView;
import io.emberscope.collector.process.SamplesOnly;
import io.emberscope.collector.process.Timeline;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What becomes of stacks when the memory for mappings and tables is short.
class UnwindingTest implements SamplesOnly {
    private static final long SECOND = 1_000_000_000L;
    private static final long CHUNK_BYTES = (long) UnwindMemory.CHUNK_WORDS * Integer.BYTES;
    private static final long CODE = 0x40_0000;
    private static final int RESUMPTION_WORDS = 20;

    /// Half of a chunk has room for 16 processes with so many.
    private static final int MAPPINGS = 1000;

    private final Metrics metrics = new Metrics();
    private final Binaries binaries = new Binaries();
    private final List<String> log = new ArrayList<>();
    private final FakeLoader loader = new FakeLoader();
    private final Timeline timeline = new Timeline(binaries, this);
    private Unwinding unwinding = null;
    private ProcessTable processes = null;
    private StackEnd end = StackEnd.NO_STACK;
    private int frames;
    private long now = 1_000 * SECOND;

    @BeforeEach
    void open() throws Exception {
        unwinding =
                new Unwinding(
                        UnwindMemory.detached(), loader, CHUNK_BYTES, () -> now, metrics, log::add);
        processes = new ProcessTable(binaries, metrics, unwinding::forget);
    }

    @AfterEach
    void close() {
        unwinding.close();
    }

    private Binary binary(int id) {
        return binaries.of("/lib/" + id, BuildId.of(new byte[] {(byte) id, 7, 7, 7}, 0, 4), 0, 0);
    }

    private void map(int pid, int count, Binary binary) {
        processes.exec(pid, null);
        for (int i = 0; i < count; i++) {
            processes.map(pid, CODE + i * 0x2000L, CODE + i * 0x2000L + 0x1000, 0, binary);
        }
    }

    /// A sample of a process that the kernel does not know, with what is needed to walk on.
    private StackEnd unknown(int pid) throws Exception {
        int at = add(pid, 0, StackEnd.PROCESS_UNKNOWN, RESUMPTION_WORDS);
        timeline.words()[at + 16] = CODE + 8;
        timeline.words()[at + 17] = (1L << 17) - 1 | 1L << 32;
        return merge();
    }

    /// A sample of a process that the kernel knows to have no room.
    private StackEnd leaf(int pid) throws Exception {
        timeline.words()[add(pid, 1, StackEnd.MAPPINGS_NO_ROOM, 0)] = CODE + 8;
        return merge();
    }

    private int add(int pid, int userFrames, StackEnd kernelEnd, int resumption) {
        return timeline.sample(
                now, pid, pid, 0, 1, 0, 0, 0, 0, userFrames, kernelEnd, 99, 0, resumption);
    }

    private StackEnd merge() throws Exception {
        unwinding.update();
        timeline.replay(now, false);
        unwinding.update();
        return end;
    }

    private double metric(String name) {
        return metrics.text()
                .lines()
                .filter(line -> line.startsWith(name + ' '))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .sum();
    }

    private String quality() {
        return metrics.text()
                .lines()
                .filter(line -> line.startsWith(Unwinding.QUALITY + '{') && line.endsWith(" 1"))
                .map(line -> line.replaceAll(".*step=\"(.*)\".*", "$1"))
                .findFirst()
                .orElse("");
    }

    @Test
    void processesWhoseMappingsDoNotFitHaveTheirLeafAndGetMoreWhenOthersEnd() throws Exception {
        for (int pid = 1; pid <= 16; pid++) {
            map(pid, MAPPINGS, binary(1));
            assertThat(unknown(pid)).as("process %d", pid).isEqualTo(StackEnd.TABLE_MISSING);
        }
        assertThat(quality()).isEqualTo("whole");
        map(17, MAPPINGS, binary(1));
        assertThat(unknown(17)).isEqualTo(StackEnd.MAPPINGS_NO_ROOM);
        assertThat(frames).isEqualTo(1);
        assertThat(quality()).isEqualTo("leaf_only");
        assertThat(metric("emberscope_collector_unwind_processes_leaf_only")).isEqualTo(1);
        assertThat(
                        metric(
                                "emberscope_collector_unwind_processes_refused_total"
                                        + "{reason=\"no_room\"}"))
                .isEqualTo(1);
        assertThat(log).hasSize(1).first().asString().contains("innermost frame only");

        // The others keep what they have.
        now += SECOND;
        assertThat(unknown(1)).isEqualTo(StackEnd.TABLE_MISSING);
        assertThat(leaf(17)).isEqualTo(StackEnd.MAPPINGS_NO_ROOM);

        unwinding.forget(1);
        now += Unwinding.LEAF_NANOS;
        leaf(17);
        assertThat(metric("emberscope_collector_unwind_processes_leaf_only")).isZero();
        assertThat(metric("emberscope_collector_unwind_processes")).isEqualTo(16);
        assertThat(unknown(17)).isEqualTo(StackEnd.TABLE_MISSING);
        now += 20 * SECOND;
        unwinding.update();
        assertThat(quality()).isEqualTo("whole");
        assertThat(log).hasSize(2).last().asString().contains("fit again");
    }

    @Test
    void processesNotSampledForSomeTimeMakeRoom() throws Exception {
        for (int pid = 1; pid <= 16; pid++) {
            map(pid, MAPPINGS, binary(1));
            unknown(pid);
        }
        now += 40 * SECOND;
        unknown(16);
        map(17, MAPPINGS, binary(1));
        assertThat(unknown(17)).isEqualTo(StackEnd.TABLE_MISSING);
        assertThat(metric("emberscope_collector_unwind_processes_forgotten_total")).isEqualTo(15);
        assertThat(metric("emberscope_collector_unwind_processes")).isEqualTo(2);
        assertThat(quality()).isEqualTo("whole");
    }

    @Test
    void aProcessWithTooManyMappingsCostsOthersNothing() throws Exception {
        map(1, UnwindMemory.MAPPINGS_MAX + 1, binary(1));
        assertThat(unknown(1)).isEqualTo(StackEnd.MAPPINGS_NO_ROOM);
        assertThat(
                        metric(
                                "emberscope_collector_unwind_processes_refused_total"
                                        + "{reason=\"too_many_mappings\"}"))
                .isEqualTo(1);
        assertThat(quality()).isEqualTo("whole");
        map(2, 10, binary(1));
        assertThat(unknown(2)).isEqualTo(StackEnd.TABLE_MISSING);
    }

    @Test
    void aProcessThatChangesManyMappingsAllTheTimeTakesNoRoomFromOthers() throws Exception {
        map(1, MAPPINGS, binary(1));
        StackEnd found = StackEnd.TABLE_MISSING;
        int changes = 0;
        while (found == StackEnd.TABLE_MISSING) {
            assertThat(unknown(1)).isEqualTo(StackEnd.TABLE_MISSING);
            processes.map(1, CODE, CODE + 0x1000, ++changes * 0x1000L, binary(1));
            now += SECOND / 100;
            found = unknown(1);
        }
        assertThat(found).isEqualTo(StackEnd.MAPPINGS_NO_ROOM);
        assertThat(changes).isBetween(3, 4);
        assertThat(
                        metric(
                                "emberscope_collector_unwind_processes_refused_total"
                                        + "{reason=\"too_often\"}"))
                .isEqualTo(1);
        assertThat(quality()).isEqualTo("whole");
        for (int pid = 2; pid <= 8; pid++) {
            map(pid, MAPPINGS, binary(1));
            assertThat(unknown(pid)).isEqualTo(StackEnd.TABLE_MISSING);
        }
        now += Unwinding.LEAF_NANOS;
        leaf(1);
        assertThat(unknown(1)).isEqualTo(StackEnd.TABLE_MISSING);
    }

    @Test
    void aSampleWaitsForAllItsTablesNoLongerThanForOne() throws Exception {
        map(1, 1, binary(1));
        int at = add(1, 0, StackEnd.PROCESS_UNKNOWN, RESUMPTION_WORDS);
        timeline.words()[at + 16] = CODE + 8;
        timeline.words()[at + 17] = (1L << 17) - 1 | 1L << 32;
        long taken = now;
        assertThat(timeline.replay(taken, true)).isLessThan(taken);
        // Another table is asked for when it has nearly waited long enough.
        now += 3 * SECOND / 2;
        processes.map(1, CODE, CODE + 0x1000, 0, binary(2));
        assertThat(timeline.replay(taken, true)).isLessThan(taken);
        assertThat(loader.asked).hasSize(2);
        now += SECOND;
        assertThat(timeline.replay(taken, true)).isEqualTo(taken);
        assertThat(end).isEqualTo(StackEnd.TABLE_MISSING);
    }

    @Test
    void ofTooManyProcessesThoseNotSampledForLongestAreForgotten() throws Exception {
        for (int pid = 1; pid <= UnwindMemory.PROCESSES_MAX + 1; pid++) {
            map(pid, 1, binary(1));
            now += 1000;
            unknown(pid);
        }
        double forgotten = metric("emberscope_collector_unwind_processes_forgotten_total");
        assertThat(forgotten).isBetween(1.0, UnwindMemory.PROCESSES_MAX / 8.0);
        assertThat(metric("emberscope_collector_unwind_processes"))
                .isEqualTo(UnwindMemory.PROCESSES_MAX + 1 - forgotten);
        assertThat(quality()).isEqualTo("whole");
    }

    @Test
    void stacksOfAProcessWhoseMappingsAreNotToBeHadAreNotCopiedForEver() throws Exception {
        assertThat(unknown(5)).isEqualTo(StackEnd.PROCESS_UNKNOWN);
        now += SECOND / 2;
        assertThat(unknown(5)).isEqualTo(StackEnd.PROCESS_UNKNOWN);
        now += SECOND;
        assertThat(unknown(5)).isEqualTo(StackEnd.MAPPINGS_NO_ROOM);
        assertThat(frames).isEqualTo(1);
        assertThat(
                        metric(
                                "emberscope_collector_unwind_processes_refused_total"
                                        + "{reason=\"no_mappings\"}"))
                .isEqualTo(1);
        now += SECOND;
        leaf(5);
        assertThat(metric("emberscope_collector_unwind_processes_leaf_only")).isEqualTo(1);
        assertThat(quality()).isEqualTo("whole");

        // As soon as it is known, so are its stacks.
        map(5, 1, binary(1));
        leaf(5);
        assertThat(metric("emberscope_collector_unwind_processes_leaf_only")).isZero();
        assertThat(unknown(5)).isEqualTo(StackEnd.TABLE_MISSING);
    }

    @Test
    void tablesThatDoNotFitAreDoneWithoutUntilThereIsRoom() throws Exception {
        int[] large = new int[150_000];
        large[1] = 64;
        for (int id = 1; id <= 2; id++) {
            map(id, 1, binary(id));
            unknown(id);
            loader.done.add(
                    new TableLoader.Loaded(
                            binary(id), binary(id).buildId().hex(), List.of(large), false));
            unknown(id);
        }
        assertThat(end).isEqualTo(StackEnd.TABLE_NO_ROOM);
        assertThat(metric("emberscope_collector_unwind_tables_waiting")).isEqualTo(1);
        assertThat(quality()).isEqualTo("frame_pointers");
        assertThat(log).hasSize(1).first().asString().contains("frame pointers");

        // Nobody needs the second any more.
        unwinding.forget(2);
        now += 30 * SECOND;
        unwinding.update();
        now += 30 * SECOND;
        unwinding.update();
        assertThat(metric("emberscope_collector_unwind_tables_waiting")).isZero();
        assertThat(quality()).isEqualTo("whole");
    }

    @Override
    public boolean sample(SampleView sample, boolean mayWait) {
        ProfiledProcess process = processes.ofSample(sample.pid(), sample.timeNanos());
        boolean done = unwinding.complete(sample, process, mayWait);
        end = sample.userEnd();
        frames = sample.userFrames();
        return done;
    }
}

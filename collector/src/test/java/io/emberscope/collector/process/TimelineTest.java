package io.emberscope.collector.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.bpf.Sample;
import io.emberscope.bpf.StackEnd;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class TimelineTest {
    private final List<String> log = new ArrayList<>();

    /// A space whose samples are not taken as long as they can wait.
    private static final long WAITS = 77;

    private final Timeline timeline = new Timeline(new Binaries(), new Log(log));

    @Test
    void everythingIsReplayedInOrderOfTimeHoweverItArrived() {
        sample(30, 7);
        fork(10, 7, 1);
        timeline.exit(40, 7, 7);
        map(20, 7, "/bin/true");
        timeline.replay(100, false);
        assertThat(log)
                .containsExactly("fork 7 of 1", "map 7 /bin/true", "sample 7 at 30", "exit 7/7");
    }

    @Test
    void whatIsYoungerThanTheCutWaitsForOlderThingsToArrive() {
        sample(10, 1);
        sample(30, 1);
        timeline.replay(20, false);
        assertThat(log).containsExactly("sample 1 at 10");
        fork(25, 9, 1);
        timeline.replay(40, false);
        assertThat(log).containsExactly("sample 1 at 10", "fork 9 of 1", "sample 1 at 30");
        assertThat(timeline.size()).isZero();
    }

    @Test
    void equalTimesKeepTheOrderOfArrival() {
        fork(5, 9, 1);
        sample(5, 9);
        timeline.exit(5, 9, 9);
        timeline.replay(5, false);
        assertThat(log).containsExactly("fork 9 of 1", "sample 9 at 5", "exit 9/9");
    }

    @Test
    void programIsNamedByTheFileItMapsFirstAlsoForSamplesBeforeThat() {
        timeline.exec(10, 7, 7);
        sample(11, 7);
        map(12, 8, "/bin/other");
        map(13, 7, "/usr/bin/burner");
        timeline.replay(11, false);
        assertThat(log).containsExactly("exec 7 /usr/bin/burner", "sample 7 at 11");
    }

    @Test
    void nameOfAnotherProgramOfTheSameProcessIsNotTaken() {
        timeline.exec(10, 7, 7);
        timeline.exec(11, 7, 7);
        map(12, 7, "/bin/second");
        timeline.replay(100, false);
        assertThat(log).containsExactly("exec 7 null", "exec 7 /bin/second", "map 7 /bin/second");
    }

    @Test
    void whatComesHoursLateDoesNotMixUpTheOthers() {
        long hours = 10 * 3_600_000_000_000L;
        sample(hours, 1);
        timeline.replay(hours, true);
        sample(hours + 30, 3);
        sample(hours + 20, 2);
        sample(5, 9);
        timeline.exit(hours + 25, 2, 2);
        timeline.replay(hours + 100, true);
        assertThat(log)
                .containsExactly(
                        "sample 1 at " + hours,
                        "sample 9 at 5",
                        "sample 2 at " + (hours + 20),
                        "exit 2/2",
                        "sample 3 at " + (hours + 30));
    }

    @Test
    void framesSurviveWaiting() {
        int at = timeline.sample(50, 1, 1, 0, 1, 0, 0, 0, 1, 2, StackEnd.COMPLETE, 0, 0, 0);
        timeline.words()[at] = 100;
        timeline.words()[at + 1] = 200;
        timeline.words()[at + 2] = 300;
        sample(10, 1);
        timeline.replay(20, false);
        timeline.replay(60, false);
        assertThat(log).containsExactly("sample 1 at 10", "sample 1 at 50 k[100] u[200, 300]");
    }

    @Test
    void whatIsRefusedForNowIsHandedOverLaterWithAllThatIsYounger() {
        sample(10, 1);
        timeline.sample(20, 2, 2, 0, 1, 0, 0, 0, 0, 0, StackEnd.PROCESS_UNKNOWN, WAITS, 0, 0);
        fork(30, 9, 1);
        assertThat(timeline.replay(40, true)).isEqualTo(19);
        assertThat(timeline.replay(40, true)).isEqualTo(19);
        assertThat(log).containsExactly("sample 1 at 10");
        sample(35, 1);
        assertThat(timeline.replay(40, false)).isEqualTo(40);
        assertThat(log)
                .containsExactly(
                        "sample 1 at 10", "sample 2 at 20", "fork 9 of 1", "sample 1 at 35");
    }

    @Test
    void snapshotOfAnOldProcessComesBeforeItsFirstSample() {
        sample(10, 7);
        timeline.snapshot(new Snapshot(7, 50));
        timeline.replay(100, false);
        assertThat(log).containsExactly("snapshot 7", "sample 7 at 10");
    }

    @Test
    void snapshotComesAfterTheProgramThatBeganBeforeItWasTaken() {
        sample(10, 7);
        timeline.exec(20, 7, 7);
        sample(30, 7);
        timeline.exec(60, 7, 7);
        timeline.snapshot(new Snapshot(7, 50));
        timeline.replay(100, false);
        assertThat(log)
                .containsExactly(
                        "sample 7 at 10",
                        "exec 7 null",
                        "snapshot 7",
                        "sample 7 at 30",
                        "exec 7 null");
    }

    @Test
    void snapshotOfAReusedProcessIdWaitsForTheNewProcess() {
        timeline.exit(10, 7, 7);
        fork(20, 7, 1);
        timeline.snapshot(new Snapshot(7, 50));
        timeline.replay(15, false);
        assertThat(log).containsExactly("exit 7/7");
        timeline.replay(20, false);
        assertThat(log).containsExactly("exit 7/7", "fork 7 of 1", "snapshot 7");
        timeline.replay(100, false);
        assertThat(log).hasSize(3);
    }

    @Test
    void threadsDoNotHoldASnapshotBack() {
        fork(20, 7, 7);
        timeline.snapshot(new Snapshot(7, 50));
        timeline.replay(30, false);
        assertThat(log).containsExactly("snapshot 7", "fork 7 of 7");
    }

    @Test
    void copiesOfStacksLeaveRoomForOtherSamples() {
        int whole = Sample.RESUMPTION_WORDS + (160 << 10) / 8;
        assertThat(timeline.resumptionWords(0)).isZero();
        assertThat(timeline.resumptionWords(whole)).isEqualTo(whole);
        for (int i = 0; i < 1_000; i++) {
            int words = timeline.resumptionWords(whole);
            assertThat(words).isBetween(Sample.RESUMPTION_WORDS, whole);
            timeline.sample(i, 1, 1, 0, 1, 0, 0, 0, 0, 0, StackEnd.COMPLETE, 0, 0, words);
        }
        assertThat(timeline.fill()).isBetween(0.45, 0.54);
        assertThat(timeline.resumptionWords(whole)).isEqualTo(Sample.RESUMPTION_WORDS);
        assertThat(timeline.resumptionWords(0)).isZero();
        timeline.replay(2_000, false);
        assertThat(log).hasSize(1_000);
        assertThat(timeline.resumptionWords(whole)).isEqualTo(whole);
    }

    @Test
    void fullTimelineReplaysEverythingAndLosesNothing() {
        int samples = Timeline.RECORDS_MAX + 10;
        int[] seen = {0};
        Timeline full = new Timeline(new Binaries(), new Counting(seen));
        for (int i = 0; i < samples; i++) {
            full.sample(i, 1, 1, 0, 1, 0, 0, 0, 0, 0, StackEnd.COMPLETE, 0, 0, 0);
        }
        assertThat(full.earlyReplays()).isPositive();
        full.replay(Long.MAX_VALUE, false);
        assertThat(seen[0]).isEqualTo(samples);
    }

    @Test
    void randomArrivalComesOutSortedAndWhole() {
        for (long seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            List<Long> times = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                times.add((long) random.nextInt(10_000));
            }
            List<String> expected = new ArrayList<>();
            times.stream().sorted().forEach(time -> expected.add("sample 1 at " + time));
            log.clear();
            Timeline fresh = new Timeline(new Binaries(), new Log(log));
            // Arrival is late by at most 500, and each round cuts that much before the newest.
            List<Long> arrival = new ArrayList<>(times);
            Collections.sort(arrival);
            for (int i = 0; i + 20 < arrival.size(); i += 20) {
                Collections.shuffle(arrival.subList(i, i + 20), random);
            }
            long newest = 0;
            for (long time : arrival) {
                sample(fresh, time, 1);
                newest = Math.max(newest, time);
                fresh.replay(newest - 2_000, false);
            }
            fresh.replay(Long.MAX_VALUE, false);
            assertThat(log).as("seed %d", seed).isEqualTo(expected);
        }
    }

    private void sample(long time, int pid) {
        sample(timeline, time, pid);
    }

    private static void sample(Timeline timeline, long time, int pid) {
        timeline.sample(time, pid, pid, 0, 1, 0, 0, 0, 0, 0, StackEnd.COMPLETE, 0, 0, 0);
    }

    private void fork(long time, int pid, int parent) {
        timeline.fork(time, pid, parent, pid);
    }

    private void map(long time, int pid, String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        timeline.map(time, pid, 0x1000, 0x1000, 0, new byte[] {1}, 0, 0, bytes);
    }

    private record Counting(int[] seen) implements SamplesOnly {
        @Override
        public boolean sample(SampleView sample, boolean mayWait) {
            seen[0]++;
            return true;
        }
    }

    private record Log(List<String> log) implements Timeline.Replay {
        @Override
        public void fork(long timeNanos, int pid, int parentPid) {
            log.add("fork " + pid + " of " + parentPid);
        }

        @Override
        public void exec(long timeNanos, int pid, @Nullable Binary first) {
            log.add("exec " + pid + ' ' + (first == null ? null : first.path()));
        }

        @Override
        public void map(long time, int pid, long start, long end, long offset, Binary binary) {
            log.add("map " + pid + ' ' + binary.path());
        }

        @Override
        public void exit(long timeNanos, int pid, int tid) {
            log.add("exit " + pid + '/' + tid);
        }

        @Override
        public void snapshot(Snapshot snapshot) {
            log.add("snapshot " + snapshot.pid());
        }

        @Override
        public boolean sample(SampleView sample, boolean mayWait) {
            if (mayWait && sample.space() == WAITS) {
                return false;
            }
            StringBuilder line = new StringBuilder("sample " + sample.pid());
            line.append(" at ").append(sample.timeNanos());
            if (sample.kernelFrames() + sample.userFrames() > 0) {
                List<Long> kernel = new ArrayList<>();
                for (int i = 0; i < sample.kernelFrames(); i++) {
                    kernel.add(sample.kernelFrame(i));
                }
                List<Long> user = new ArrayList<>();
                for (int i = 0; i < sample.userFrames(); i++) {
                    user.add(sample.userFrame(i));
                }
                line.append(" k").append(kernel).append(" u").append(user);
            }
            log.add(line.toString());
            return true;
        }
    }
}

package io.emberscope.collector.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.StackEnd;
import io.emberscope.bpf.WaitState;
import io.emberscope.collector.container.Container;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.SampleView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class WindowsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Instant BOOT = Instant.parse("2026-11-25T10:00:00Z");
    private static final long BOOT_NANOS = BOOT.getEpochSecond() * SECOND;

    private long monotonic;
    private long setBackNanos;
    private final WallClock clock =
            new WallClock(
                    () -> BOOT.plusNanos(monotonic).minusNanos(setBackNanos), () -> monotonic);
    private final List<Window> done = new ArrayList<>();
    private final List<Binary> firstSeen = new ArrayList<>();
    private final Metrics metrics = new Metrics();
    private final Windows windows =
            new Windows(clock, done::add, firstSeen::add, new CutStacks(metrics));
    private final Feed feed = new Feed(windows);

    @Test
    void equalStacksOfOneSeriesAreSummed() {
        feed.program(7, "/bin/app");
        feed.sample(1, 7, "main", 0x2000, 0x3001).sample(2, 7, "main", 0x2000, 0x3001);
        feed.sample(3, 7, "main", 0x2004, 0x3001).sample(4, 7, "worker", 0x2000, 0x3001);
        Window window = only();
        assertThat(window.samples()).isEqualTo(4);
        assertThat(window.nanos()).isEqualTo(4 * Feed.WEIGHT);
        assertThat(window.cellCount()).isEqualTo(3);
        assertThat(window.cellNanos(0)).isEqualTo(2 * Feed.WEIGHT);
        assertThat(window.stackCount()).isEqualTo(2);
        assertThat(window.seriesCount()).isEqualTo(2);
        assertThat(window.executable(0)).isEqualTo("app");
        assertThat(window.threadName(window.cellSeries(0))).isEqualTo("main");
        assertThat(window.threadName(window.cellSeries(2))).isEqualTo("worker");
        assertThat(firstSeen).extracting(Binary::path).containsExactly("/bin/app");
    }

    @Test
    void generatedCodeOfTwoProcessesIsApartThoughAtOneAddress() {
        feed.anonymous(7).anonymous(8);
        feed.sample(1, 7, "main", 0x2000).sample(2, 8, "main", 0x2000).sample(3, 7, "main", 0x2000);
        Window window = only();
        assertThat(window.frameCount()).isEqualTo(2);
        assertThat(window.frameBinary(0).pid()).isEqualTo(7);
        assertThat(window.frameBinary(1).pid()).isEqualTo(8);
        assertThat(window.framePlace(0)).isEqualTo(0x2000);
        assertThat(firstSeen).extracting(Binary::pid).containsExactly(7, 8);
        assertThat(window.endMonotonicNanos()).isEqualTo(10 * SECOND);
    }

    @Test
    void callersAreLookedUpInsideTheirCallAndLeavesAtTheirAddress() {
        feed.program(7, "/bin/app");
        feed.sample(1, 7, "main", 0x1000, 0x9000);
        Window window = only();
        assertThat(window.stackLength(0)).isEqualTo(2);
        int leaf = window.stackFrame(0, 0);
        int caller = window.stackFrame(0, 1);
        assertThat(window.framePlace(leaf)).isZero();
        // The call is the last instruction of the mapping; the return address is outside.
        assertThat(window.framePlace(caller)).isEqualTo(0x7fff);
        assertThat(window.frameBinary(caller).path()).isEqualTo("/bin/app");
    }

    @Test
    void kernelFramesComeBeforeUserFramesAndKeepTheirAddress() {
        feed.program(7, "/bin/app");
        feed.sample(1, 7, "main", 0, new long[] {-100, -200}, new long[] {0x2000, 0x3000});
        Window window = only();
        assertThat(window.stackLength(0)).isEqualTo(4);
        assertThat(window.frameBinary(window.stackFrame(0, 0))).isSameAs(Binary.KERNEL);
        assertThat(window.framePlace(window.stackFrame(0, 0))).isEqualTo(-100);
        assertThat(window.framePlace(window.stackFrame(0, 1))).isEqualTo(-201);
        assertThat(window.framePlace(window.stackFrame(0, 2))).isEqualTo(0x1000);
    }

    @Test
    void unknownAddressesAreKept() {
        feed.sample(1, 99, "stranger", 0x1234, 0x5678);
        Window window = only();
        assertThat(window.frameBinary(window.stackFrame(0, 0))).isSameAs(Binary.UNKNOWN);
        assertThat(window.framePlace(window.stackFrame(0, 0))).isEqualTo(0x1234);
        assertThat(window.framePlace(window.stackFrame(0, 1))).isEqualTo(0x5677);
        assertThat(window.executable(0)).isEqualTo("stranger");
    }

    @Test
    void sampleWithoutAnyFrameIsKept() {
        feed.sample(1, 99, "x");
        assertThat(only().frameBinary(0)).isSameAs(Binary.UNKNOWN);
    }

    @Test
    void cutStacksAreMarkedAtTheirOuterEnd() {
        feed.sample(
                1,
                9,
                "x",
                SampleView.KERNEL_STACK_CUT,
                new long[] {-1},
                new long[] {1},
                StackEnd.NO_RULE);
        Window window = only();
        assertThat(window.stackLength(0)).isEqualTo(4);
        assertThat(window.frameBinary(window.stackFrame(0, 1)).path()).isEqualTo("[truncated]");
        assertThat(window.frameBinary(window.stackFrame(0, 3)).path())
                .isEqualTo("[truncated: no unwind rule]");
    }

    @Test
    void cutStacksAreCountedByTheBinaryOfTheirOutermostFrame() {
        feed.program(7, "/bin/app\n\"").program(8, "/bin/other");
        long[] kernel = {-1};
        long[] user = {0x2000, 0x3001};
        feed.sample(1, 7, "x", 0, kernel, user, StackEnd.NO_RULE);
        feed.sample(2, 7, "x", 0, kernel, user, StackEnd.NO_RULE);
        feed.sample(3, 8, "x", SampleView.KERNEL_STACK_CUT, kernel, user, StackEnd.COMPLETE);
        feed.sample(4, 8, "x", 0, kernel, new long[0], StackEnd.STACK_UNREADABLE);
        feed.sample(5, 8, "x", 0, new long[0], new long[0], StackEnd.PROCESS_UNKNOWN);
        feed.sample(6, 8, "x", 0, kernel, user, StackEnd.BY_KERNEL);
        int kernelThread = SampleView.KERNEL_THREAD | SampleView.KERNEL_STACK_CUT;
        feed.sample(7, 9, "k", kernelThread, kernel, new long[0], StackEnd.NO_STACK);
        feed.sample(8, 9, "k", SampleView.KERNEL_THREAD, kernel, new long[0], StackEnd.NO_STACK);
        only();
        assertThat(cutStacks())
                .containsExactlyInAnyOrder(
                        "{binary=\"/bin/app?\\\"\",end=\"no_rule\"} 2",
                        "{binary=\"[kernel]\",end=\"stack_unreadable\"} 1",
                        "{binary=\"[unknown]\",end=\"process_unknown\"} 1",
                        "{binary=\"[kernel]\",end=\"truncated\"} 1");
    }

    @Test
    void binariesBeyondTheBoundAreCountedTogether() {
        int programs = CutStacks.BINARIES_MAX + 5;
        for (int pid = 1; pid <= programs; pid++) {
            feed.program(pid, "/tmp/program-" + pid);
            feed.sample(pid, pid, "x", 0, new long[0], new long[] {0x2000}, StackEnd.NO_RULE);
            feed.sample(pid, pid, "x", 0, new long[0], new long[] {0x2000}, StackEnd.TRUNCATED);
        }
        only();
        assertThat(cutStacks())
                .hasSize(2 * CutStacks.BINARIES_MAX + 2)
                .contains(
                        "{binary=\"[others]\",end=\"no_rule\"} 5",
                        "{binary=\"[others]\",end=\"truncated\"} 5");
    }

    private List<String> cutStacks() {
        return metrics.text()
                .lines()
                .filter(line -> line.startsWith(CutStacks.NAME))
                .map(line -> line.substring(CutStacks.NAME.length()))
                .toList();
    }

    @Test
    void waitsHaveSeriesOfTheirOwnByState() {
        feed.program(7, "/bin/app");
        int killable = WaitState.KILLABLE.code() << SampleView.WAIT_SHIFT;
        int other = WaitState.OTHER.code() << SampleView.WAIT_SHIFT;
        long[] kernel = {-100};
        feed.sample(1, 7, "main", 0, kernel, new long[] {0x2000});
        feed.sample(2, 7, "main", killable, kernel, new long[] {0x2000});
        feed.sample(3, 7, "main", other, kernel, new long[] {0x2000});
        feed.sample(4, 7, "main", killable, kernel, new long[] {0x2000});
        Window window = only();
        assertThat(window.seriesCount()).isEqualTo(3);
        assertThat(window.waitState(0)).isNull();
        assertThat(window.waitState(1)).isEqualTo(WaitState.KILLABLE);
        assertThat(window.waitState(2)).isEqualTo(WaitState.OTHER);
        assertThat(window.cellCount()).isEqualTo(3);
        // Where a thread waits is where the scheduler would return to.
        assertThat(window.framePlace(window.stackFrame(0, 0))).isEqualTo(-100);
        assertThat(window.framePlace(window.stackFrame(1, 0))).isEqualTo(-101);
    }

    @Test
    void kernelThreadsAreOneProgram() {
        feed.sample(1, 9, "kworker/0:1", SampleView.KERNEL_THREAD, new long[] {-1}, new long[0]);
        assertThat(only().executable(0)).isEqualTo("[kernel]");
        assertThat(done.getFirst().threadName(0)).isEqualTo("kworker/0:1");
    }

    @Test
    void containerOfTheControlGroupIsALabel() {
        feed.in(new Container("c1", "p1")).sample(1, 9, "x", 1);
        feed.in(Container.NONE).sample(1, 9, "x", 1);
        Window window = only();
        assertThat(window.seriesCount()).isEqualTo(2);
        assertThat(window.container(0)).isEqualTo(new Container("c1", "p1"));
        assertThat(window.container(1)).isEqualTo(Container.NONE);
    }

    @Test
    void windowsAreTenSecondsOfTheEpoch() {
        feed.sample(3 * SECOND, 1, "x", 1).sample(13 * SECOND, 1, "x", 1);
        feed.sample(13 * SECOND + 1, 1, "x", 1);
        windows.closeBefore(10 * SECOND + 500);
        assertThat(done).isEmpty();
        windows.closeBefore(11 * SECOND);
        assertThat(done).hasSize(1);
        assertThat(done.getFirst().startNanos()).isEqualTo(BOOT_NANOS);
        windows.closeAll();
        assertThat(done.get(1).startNanos()).isEqualTo(BOOT_NANOS + 10 * SECOND);
        assertThat(done.get(1).samples()).isEqualTo(2);
    }

    @Test
    void lateSampleGoesToItsOwnWindowOpenOrNot() {
        feed.sample(13 * SECOND, 1, "x", 1).sample(9 * SECOND, 1, "x", 1);
        windows.closeBefore(12 * SECOND);
        assertThat(done).hasSize(1);
        feed.sample(8 * SECOND, 1, "x", 1);
        windows.closeBefore(13 * SECOND);
        assertThat(done).hasSize(2);
        assertThat(done.get(1).startNanos()).isEqualTo(BOOT_NANOS);
        assertThat(windows.samples()).isEqualTo(1);
    }

    @Test
    void fullWindowGoesOnInAnotherPartOfTheSameTime() {
        int stacks = Window.STACKS_MAX + 10;
        for (int i = 0; i < stacks; i++) {
            feed.sample(1, 1, "x", 0x1000 + i);
        }
        windows.closeAll();
        assertThat(done).hasSize(2);
        assertThat(done).allMatch(window -> window.startNanos() == BOOT_NANOS);
        assertThat(done.get(0).samples() + done.get(1).samples()).isEqualTo(stacks);
    }

    @Test
    void threadNamesAreFoldedFirstAndThenPrograms() {
        for (int i = 0; i < SeriesTable.SERIES_MAX; i++) {
            feed.sample(1, 1, "thread" + i, 0x10);
        }
        feed.program(2, "/bin/late").sample(1, 2, "a", 0x10).sample(1, 2, "b", 0x10);
        for (int i = 0; i <= SeriesTable.SERIES_MAX; i++) {
            int pid = 1000 + i;
            feed.program(pid, "/bin/p" + i).sample(1, pid, "t", 0x10);
        }
        Window window = only();
        assertThat(window.seriesCount()).isEqualTo(2 * SeriesTable.SERIES_MAX + 1);
        assertThat(window.executable(SeriesTable.SERIES_MAX)).isEqualTo("late");
        assertThat(window.threadName(SeriesTable.SERIES_MAX)).isEmpty();
        assertThat(window.executable(2 * SeriesTable.SERIES_MAX)).isEqualTo("[folded]");
        assertThat(window.foldedThreadNames()).isEqualTo(2 + SeriesTable.SERIES_MAX - 1);
        assertThat(window.foldedExecutables()).isEqualTo(2);
        assertThat(window.samples()).isEqualTo(2L * SeriesTable.SERIES_MAX + 3);
    }

    @Test
    void clockThatIsSetBackAndForthLosesNothing() {
        long hour = 3600 * SECOND;
        feed.sample(3 * SECOND, 1, "x", 1);
        monotonic = 4 * SECOND;
        setBackNanos = hour;
        clock.update();
        feed.sample(5 * SECOND, 1, "x", 1);
        windows.closeBefore(5 * SECOND);
        // The first window now lies in the future.
        assertThat(done).hasSize(1);
        assertThat(done.getFirst().startNanos()).isEqualTo(BOOT_NANOS);
        setBackNanos = -hour;
        clock.update();
        feed.sample(6 * SECOND, 1, "x", 1);
        windows.closeBefore(7 * SECOND);
        assertThat(done).hasSize(2);
        assertThat(done.get(1).startNanos()).isEqualTo(BOOT_NANOS - hour);
        windows.closeAll();
        assertThat(done.get(2).startNanos()).isEqualTo(BOOT_NANOS + hour);
        assertThat(clock.jumps()).isEqualTo(2);
    }

    @Test
    void smallDriftIsFollowedAndNoJump() {
        setBackNanos = 20_000_000;
        clock.update();
        assertThat(clock.epochNanos(0)).isEqualTo(BOOT_NANOS - 20_000_000);
        assertThat(clock.jumps()).isZero();
    }

    private Window only() {
        windows.closeAll();
        assertThat(done).hasSize(1);
        return done.getFirst();
    }
}

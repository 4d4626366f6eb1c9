package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.HandmadeElf;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class BuildMemoryTest {
    private final BuildMemory.Pool pool = new BuildMemory.Pool(1000);
    private final BuildMemory memory = pool.open();

    @Test
    void whatIsTakenIsNotThereForOthersUntilItIsGivenBack() throws Exception {
        memory.take(600);
        BuildMemory other = pool.open();
        other.take(400);
        assertThatThrownBy(() -> other.take(1))
                .isInstanceOf(TableTooLargeException.class)
                .hasMessage(
                        "unwind table: 1 bytes more to make it (expected: at most the 0 that are"
                                + " left of 1000)");
        memory.give(100);
        other.take(100);
        memory.close();
        memory.close();
        assertThatThrownBy(() -> other.take(501)).isInstanceOf(TableTooLargeException.class);
        other.take(500);
    }

    @Test
    void arraysAreCountedWhileTheyGrowAndAreSorted() throws Exception {
        long[] array = memory.resized(new long[0], 50);
        // Both are there while one is copied into the other.
        assertThatThrownBy(() -> memory.resized(array, 76))
                .isInstanceOf(TableTooLargeException.class);
        assertThat(memory.resized(array, 75)).hasSize(75);
        memory.take(400 - 8);
        assertThatThrownBy(() -> memory.sort(array, 2)).isInstanceOf(TableTooLargeException.class);
        memory.sort(array, 1);
        assertThat(memory.resized(new int[1], 2)).hasSize(2);
        assertThat(memory.resized(new byte[1], 4)).hasSize(4);
        assertThatThrownBy(() -> memory.take(2)).isInstanceOf(TableTooLargeException.class);
        memory.take(1);
    }

    @Test
    void whoeverLacksMemoryWaitsForTablesThatAreFinished() throws Exception {
        memory.take(900);
        memory.finish(300);
        BuildMemory other = pool.open();
        other.take(700);
        CountDownLatch isTaken = new CountDownLatch(1);
        AtomicReference<Exception> failure = new AtomicReference<>();
        Thread waiting =
                Thread.ofPlatform()
                        .daemon()
                        .start(
                                () -> {
                                    try {
                                        other.take(300);
                                    } catch (TableTooLargeException e) {
                                        failure.set(e);
                                    }
                                    isTaken.countDown();
                                });
        while (waiting.getState() != Thread.State.WAITING) {
            assertThat(waiting.isAlive()).isTrue();
        }
        memory.close();
        assertThat(isTaken.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(failure.get()).isNull();
        assertThatThrownBy(() -> other.take(1)).isInstanceOf(TableTooLargeException.class);
    }

    @Test
    void tableThatTakesMoreThanThereIsIsRefusedAndAllIsGivenBack() throws Exception {
        HandmadeFrames frames = HandmadeFrames.usual();
        for (int i = 0; i < 100; i++) {
            frames.function(i * 0x20, 0x10);
        }
        ElfFile file = frames.elf().open();
        long most = least(file);
        HandmadeElf larger = HandmadeFrames.usual().function(0, 0x10).elf();
        assertThat(most).isGreaterThan(least(larger.open()));
        BuildMemory.Pool tight = new BuildMemory.Pool(most);
        for (int i = 0; i < 3; i++) {
            try (BuildMemory enough = tight.open()) {
                UnwindTable table = UnwindTable.read(file, enough, BlockWriter.WORDS_MIN);
                assertThat(table.blocks()).hasSize(1);
            }
        }
    }

    /// The least memory with which a file's table is made.
    private static long least(ElfFile file) throws Exception {
        long low = 0;
        long high = 1 << 24;
        while (high - low > 1) {
            long middle = (low + high) / 2;
            try (BuildMemory tried = new BuildMemory.Pool(middle).open()) {
                UnwindTable.read(file, tried, BlockWriter.WORDS_MIN);
                high = middle;
            } catch (TableTooLargeException e) {
                low = middle;
            }
        }
        return high;
    }
}

package io.emberscope.collector.reader;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.metrics.Metrics;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ReaderTest {
    private final AtomicLong now = new AtomicLong();
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicInteger disposed = new AtomicInteger();
    private final Metrics metrics = new Metrics();
    private final Reader<Integer> reader =
            new Reader<>(
                    "test",
                    new Reader.Limits(100, 1, 4),
                    made::incrementAndGet,
                    _ -> disposed.incrementAndGet(),
                    now::get,
                    metrics);

    @AfterEach
    void close() {
        reader.close();
    }

    @Test
    void tasksRunOneAfterAnotherAndShare() throws Exception {
        Step first = new Step();
        Step second = new Step();
        assertThat(reader.submit(first)).isTrue();
        assertThat(reader.submit(second)).isTrue();
        first.release.countDown();
        second.release.countDown();
        second.awaitEnd();
        assertThat(first.shared).isEqualTo(1);
        assertThat(second.shared).isEqualTo(1);
    }

    @Test
    void stuckTaskIsLeftBehindAndTheOthersGoOnWithoutItsState() throws Exception {
        Step stuck = new Step();
        Step next = new Step();
        reader.submit(stuck);
        stuck.awaitStart();
        reader.submit(next);
        reader.check();
        assertThat(stuck.givenUp.get()).isZero();
        now.set(101);
        reader.check();
        assertThat(stuck.givenUp.get()).isEqualTo(1);
        next.release.countDown();
        next.awaitEnd();
        assertThat(next.shared).isEqualTo(2);
        assertThat(metrics.text())
                .contains("emberscope_collector_abandoned_reads_total{reader=\"test\"} 1")
                .contains("emberscope_collector_stuck_reads{reader=\"test\"} 1");
        stuck.release.countDown();
        while (reader.stranded() > 0) {
            Thread.onSpinWait();
        }
        while (disposed.get() == 0) {
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {IllegalStateException.class, OutOfMemoryError.class})
    void failingTaskIsAnsweredAndTheOthersGoOn(Class<? extends Throwable> what) throws Exception {
        Throwable thrown = what.getConstructor(String.class).newInstance("by a test");
        Step failing = new Step(thrown);
        Step deep = new Step(new StackOverflowError("by a test"));
        Step next = new Step();
        for (Step step : new Step[] {failing, deep, next}) {
            assertThat(reader.submit(step)).isTrue();
            step.release.countDown();
        }
        next.awaitEnd();
        assertThat(failing.givenUp.get()).isEqualTo(1);
        assertThat(deep.givenUp.get()).isEqualTo(1);
        assertThat(next.givenUp.get()).isZero();
        assertThat(next.shared).isEqualTo(1);
        assertThat(metrics.text())
                .contains("emberscope_collector_failed_reads_total{reader=\"test\"} 2");
    }

    @Test
    void taskThatFailsAfterItWasLeftBehindIsAnsweredOnce() throws Exception {
        Step stuck = new Step(new OutOfMemoryError("by a test"));
        reader.submit(stuck);
        stuck.awaitStart();
        now.set(101);
        reader.check();
        stuck.release.countDown();
        while (reader.stranded() > 0) {
            Thread.onSpinWait();
        }
        assertThat(stuck.givenUp.get()).isEqualTo(1);
    }

    @Test
    void withTooManyStuckNothingIsReadUntilOneComesBack() throws Exception {
        Step[] stuck = {new Step(), new Step()};
        for (Step step : stuck) {
            assertThat(reader.submit(step)).isTrue();
            step.awaitStart();
            now.addAndGet(101);
            reader.check();
        }
        assertThat(reader.stranded()).isEqualTo(2);
        assertThat(reader.submit(new Step())).isFalse();
        stuck[0].release.countDown();
        while (reader.stranded() > 1) {
            Thread.onSpinWait();
        }
        Step next = new Step();
        assertThat(reader.submit(next)).isTrue();
        next.release.countDown();
        next.awaitEnd();
        stuck[1].release.countDown();
    }

    @Test
    void onlySoManyTasksWait() throws Exception {
        Step running = new Step();
        reader.submit(running);
        running.awaitStart();
        for (int i = 0; i < 4; i++) {
            assertThat(reader.submit(new Step())).isTrue();
        }
        Step tooMany = new Step();
        assertThat(reader.submit(tooMany)).isFalse();
        running.release.countDown();
    }

    @Test
    void closingGivesUpWhatWaits() throws Exception {
        Step running = new Step();
        Step waiting = new Step();
        reader.submit(running);
        running.awaitStart();
        reader.submit(waiting);
        reader.close();
        assertThat(waiting.givenUp.get()).isEqualTo(1);
        assertThat(reader.submit(new Step())).isFalse();
        running.release.countDown();
    }

    private static final class Step implements Reader.Task<Integer> {
        private final CountDownLatch started = new CountDownLatch(1);
        private final CountDownLatch release = new CountDownLatch(1);
        private final CountDownLatch ended = new CountDownLatch(1);
        private final AtomicInteger givenUp = new AtomicInteger();
        private final @Nullable Throwable thrown;
        private int shared;

        Step() {
            this(null);
        }

        /// @param thrown by it at its end
        Step(@Nullable Throwable thrown) {
            this.thrown = thrown;
        }

        @Override
        public void run(Integer state) {
            started.countDown();
            shared = state;
            try {
                release.await();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
            ended.countDown();
            if (thrown instanceof Error error) {
                throw error;
            } else if (thrown instanceof RuntimeException exception) {
                throw exception;
            }
        }

        @Override
        public void giveUp() {
            givenUp.incrementAndGet();
        }

        void awaitStart() throws InterruptedException {
            assertThat(started.await(30, TimeUnit.SECONDS)).isTrue();
        }

        void awaitEnd() throws InterruptedException {
            assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }
}

package io.emberscope.storage.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PartsTest {
    private final ExecutorService readers = Executors.newFixedThreadPool(3);
    private final List<Integer> added = new ArrayList<>();
    private final AtomicInteger reading = new AtomicInteger();

    @AfterEach
    void stop() {
        readers.shutdownNow();
    }

    private interface Reading {
        void read(int number) throws IOException;
    }

    private List<Part> parts(int count, Reading read, IntConsumer add) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = i;
            parts.add(
                    new Part() {
                        @Override
                        public void read() throws IOException {
                            reading.incrementAndGet();
                            try {
                                read.read(number);
                            } finally {
                                reading.decrementAndGet();
                            }
                        }

                        @Override
                        public void add() {
                            added.add(number);
                            add.accept(number);
                        }
                    });
        }
        return parts;
    }

    @Test
    void partsAreAddedInOrderByTheCaller() throws IOException {
        Thread caller = Thread.currentThread();
        List<Part> parts =
                parts(
                        200,
                        number -> {
                            for (int i = 0; i < number % 7 * 100; i++) {
                                Thread.onSpinWait();
                            }
                        },
                        _ -> assertThat(Thread.currentThread()).isSameAs(caller));
        new Parts(readers, 6).run(parts, QueryContext.strict());
        assertThat(added).hasSize(200).isSorted();
    }

    @Test
    void othersReadWhileTheCallerDoes() throws Exception {
        // Neither of the two goes on before both were begun.
        CountDownLatch both = new CountDownLatch(2);
        List<Part> parts =
                parts(
                        2,
                        _ -> {
                            both.countDown();
                            await(both);
                        },
                        _ -> {});
        new Parts(readers, 2).run(parts, QueryContext.strict());
        assertThat(added).containsExactly(0, 1);
    }

    @Test
    void aPartThatFailsEndsTheQuestionAndNothingIsReadAnyMore() {
        for (int round = 0; round < 200; round++) {
            List<Part> parts =
                    parts(
                            20,
                            number -> {
                                if (number == 5) {
                                    throw new IOException("damaged");
                                }
                            },
                            _ -> {});
            added.clear();
            assertThatThrownBy(() -> new Parts(readers, 6).run(parts, QueryContext.strict()))
                    .isInstanceOf(IOException.class)
                    .hasMessage("damaged");
            assertThat(reading).hasValue(0);
            assertThat(added).containsExactly(0, 1, 2, 3, 4);
        }
    }

    @Test
    void anErrorOfAPartIsTheCallers() {
        List<Part> parts =
                parts(
                        3,
                        number -> {
                            if (number == 2) {
                                throw new StackOverflowError("of a test");
                            }
                        },
                        _ -> {});
        assertThatThrownBy(() -> new Parts(readers, 3).run(parts, QueryContext.strict()))
                .isInstanceOf(StackOverflowError.class);
    }

    @Test
    void aQuestionThatIsCancelledEnds() {
        QueryContext context = QueryContext.strict();
        List<Part> parts =
                parts(
                        20,
                        number -> {
                            if (number == 3) {
                                context.cancel();
                            }
                        },
                        _ -> {});
        assertThatThrownBy(() -> new Parts(readers, 1).run(parts, context))
                .hasMessage("query: cancelled");
        assertThat(added).hasSizeLessThan(5);
        assertThat(reading).hasValue(0);
    }

    @Test
    void nothingIsReadAheadIntoTheSecondHalfOfTheMemory() throws IOException {
        AtomicInteger readNotAdded = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        QueryContext context = QueryContext.strict(QueryContext.TIMEOUT_DEFAULT, 100);
        context.reserve(51);
        List<Part> parts =
                parts(
                        20,
                        _ -> most.accumulateAndGet(readNotAdded.incrementAndGet(), Math::max),
                        _ -> readNotAdded.decrementAndGet());
        new Parts(readers, 6).run(parts, context);
        assertThat(added).hasSize(20);
        assertThat(most).hasValue(1);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

package io.emberscope.collector.naming;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.GeneratedCodes;
import io.emberscope.symbolizer.jit.JitFrame;
import io.emberscope.symbolizer.jit.JitMemory;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// When files of names are opened and read, and what is known when they grow, change or vanish.
class JitNamesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final String COUNTER = "emberscope_collector_jit_files_total";

    private final Metrics metrics = new Metrics();
    private final JitMemory memory = new JitMemory(100_000);
    private final GeneratedCodes codes = new GeneratedCodes();
    private final Map<Integer, FakeProcess> processes = new HashMap<>();
    private final Binary code = codes.of(7);
    private long now = SECOND;
    private long openNanos;
    private long readNanos;
    private long reads;

    private final JitNames names =
            new JitNames(this::process, memory, 100_000, new JitCounters(metrics), () -> now);

    private JitFiles.OfProcess process(Binary of) throws IOException {
        FakeProcess process = processes.get(of.pid());
        if (process == null) {
            throw new IOException("gone");
        }
        return process;
    }

    /// A process's perf map file, which may be written to, replaced and deleted, and jitdump file.
    private final class FakeProcess implements JitFiles.OfProcess {
        private @Nullable StringBuilder map = new StringBuilder();
        private @Nullable String dump;
        private long inode = 1;

        @Override
        public JitFiles.@Nullable OpenFile perfMap() {
            now += openNanos;
            return map == null ? null : new JitFiles.OpenFile(new Growing(map), 1, inode);
        }

        @Override
        public JitFiles.@Nullable OpenFile jitDump() {
            return dump == null
                    ? null
                    : new JitFiles.OpenFile(new Growing(new StringBuilder(dump)), 1, 99);
        }
    }

    /// As an open file: its size is that of when it was opened, and what was written since can be
    /// read.
    private final class Growing implements ByteSource {
        private final StringBuilder text;
        private final long size;
        private boolean isClosed;

        Growing(StringBuilder text) {
            this.text = text;
            this.size = text.length();
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public int read(long position, byte[] target, int offset, int length) throws IOException {
            assertThat(isClosed).isFalse();
            now += readNanos;
            reads++;
            byte[] bytes = text.toString().getBytes(UTF_8);
            if (position >= bytes.length) {
                return -1;
            }
            int count = (int) Math.min(length, bytes.length - position);
            System.arraycopy(bytes, (int) position, target, offset, count);
            return count;
        }

        @Override
        public void close() {
            isClosed = true;
        }
    }

    private FakeProcess has(int pid, String map) {
        FakeProcess process = new FakeProcess();
        process.map = new StringBuilder(map);
        processes.put(pid, process);
        return process;
    }

    private @Nullable String name(Binary of, long address) {
        JitFrame found = names.find(of, address, now);
        return found == null ? null : found.function();
    }

    private void nextWindow(Binary of, long... addresses) {
        now += 10 * SECOND;
        names.beginRound();
        names.update(of, () -> addresses, now);
    }

    @Test
    void aFileIsReadAsItGrows() {
        FakeProcess process = has(7, "1000 10 first\n20");
        names.see(code);
        assertThat(name(code, 0x100f)).isEqualTo("first");
        assertThat(name(code, 0x2000)).isNull();
        process.map.append("00 10 second\n");
        nextWindow(code);
        assertThat(name(code, 0x1000)).isEqualTo("first");
        assertThat(name(code, 0x2000)).isEqualTo("second");
    }

    @Test
    void whatIsToldAfterAFileWasDeletedIsReadToo() {
        FakeProcess process = has(7, "1000 10 first\n");
        names.see(code);
        StringBuilder open = process.map;
        process.map = null;
        open.append("2000 10 second\n");
        nextWindow(code);
        assertThat(name(code, 0x1000)).isEqualTo("first");
        assertThat(name(code, 0x2000)).isEqualTo("second");
    }

    @Test
    void aFileThatIsWrittenAnewIsReadAnew() {
        FakeProcess process = has(7, "1000 10 first\n2000 10 second\n");
        names.see(code);
        // Longer than before, in the same inode, as the JVM writes it.
        process.map.setLength(0);
        process.map.append("1000 10 other\n3000 10 third\n4000 10 fourth\n");
        nextWindow(code);
        assertThat(name(code, 0x1000)).isEqualTo("other");
        assertThat(name(code, 0x2000)).isNull();
        assertThat(name(code, 0x4000)).isEqualTo("fourth");
    }

    @Test
    void anotherFileInItsPlaceIsReadAnew() {
        FakeProcess process = has(7, "1000 10 first\n");
        names.see(code);
        process.inode = 2;
        process.map = new StringBuilder("1000 10 first\n2000 10 second\n");
        process.map.replace(0, 14, "3000 10 third\n");
        nextWindow(code);
        assertThat(name(code, 0x1000)).isNull();
        assertThat(name(code, 0x3000)).isEqualTo("third");
    }

    @Test
    void aFileThatComesSoonAfterFirstSightIsFoundWithinASecond() {
        FakeProcess process = has(7, "");
        process.map = null;
        names.see(code);
        assertThat(names.hasYoung()).isTrue();
        process.map = new StringBuilder("1000 10 first\n");
        now += SECOND;
        names.lookAgain();
        processes.clear(); // it ended
        assertThat(name(code, 0x1000)).isEqualTo("first");
        now += JitNames.YOUNG_NANOS;
        names.lookAgain();
        assertThat(names.hasYoung()).isFalse();
    }

    @Test
    void whatIsToldInALastMomentIsReadAtTheEndOfTheWindow() {
        FakeProcess process = has(7, "");
        names.see(code);
        now += SECOND;
        names.lookAgain();
        process.map.append("1000 10 last\n"); // as it ends
        now++;
        names.beginRound();
        names.update(code, () -> new long[0], now);
        assertThat(name(code, 0x1000)).isEqualTo("last");
    }

    @Test
    void aWindowReadsOnce() {
        FakeProcess process = has(7, "1000 10 first\n");
        names.see(code);
        process.map.append("2000 10 second\n");
        names.update(code, () -> new long[0], now);
        assertThat(name(code, 0x2000)).isNull();
        names.update(code, () -> new long[0], ++now);
        assertThat(name(code, 0x2000)).isEqualTo("second");
    }

    @Test
    void processesDoNotGetEachOthersNames() {
        Binary other = codes.of(8);
        has(7, "1000 10 first\n");
        has(8, "1000 10 other\n");
        names.see(code);
        names.see(other);
        assertThat(name(code, 0x1000)).isEqualTo("first");
        assertThat(name(other, 0x1000)).isEqualTo("other");
    }

    @Test
    void whatIsNoJitDumpIsCountedOnceAndThePerfMapStands() {
        has(7, "1000 10 first\n").dump = "this is no jitdump file, though it is long enough";
        names.see(code);
        nextWindow(code);
        nextWindow(code);
        assertThat(name(code, 0x1000)).isEqualTo("first");
        assertThat(metrics.text())
                .contains(COUNTER + "{format=\"jitdump\",result=\"malformed\"} 1\n")
                .contains(COUNTER + "{format=\"perf_map\",result=\"read\"} 1\n");
    }

    @Test
    void theProcessNotUsedForLongestMakesRoom() {
        has(7, functions('a', 150));
        has(8, functions('b', 150));
        Binary other = codes.of(8);
        Binary newcomer = codes.of(9);
        names.see(code);
        names.see(other);
        names.update(code, () -> new long[0], now); // used last
        long before = memory.taken();
        assertThat(before).isGreaterThan(60_000);
        has(9, functions('c', 150));
        names.see(newcomer);
        assertThat(memory.taken()).isLessThanOrEqualTo(100_000);
        for (int i = 0; i < 150; i++) {
            assertThat(name(newcomer, 0x1000 + 16L * i)).isEqualTo("c" + i);
        }
        assertThat(name(other, 0x1000)).isNull();
        assertThat(metrics.text()).contains("emberscope_collector_jit_dropped_processes_total 1\n");
        nextWindow(other); // it is read again when it is needed
        assertThat(name(other, 0x1000)).isEqualTo("b0");
    }

    private static String functions(char name, int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(Long.toHexString(0x1000 + i * 16)).append(" 10 ");
            text.append(name).append(i).append('\n');
        }
        return text.toString();
    }

    @Test
    void oneProcessAloneHasNoMoreThanItsPartAndTheRestIsCounted() {
        has(7, functions('a', 1000));
        names.see(code);
        assertThat(memory.taken()).isPositive().isLessThanOrEqualTo(50_000);
        assertThat(metrics.text())
                .containsPattern("emberscope_collector_jit_left_out_functions_total [1-9]");
    }

    @Test
    void whereThereIsNoRoomForAllThoseOnStacksAreKept() {
        FakeProcess process = has(7, functions('a', 1000));
        names.see(code);
        assertThat(name(code, 0x1000 + 16 * 999)).isNull();
        nextWindow(code, 0x1000 + 16 * 999, 0x1000 + 16 * 7, 0x10);
        assertThat(name(code, 0x1000 + 16 * 999)).isEqualTo("a999");
        assertThat(name(code, 0x1000 + 16 * 7)).isEqualTo("a7");
        assertThat(name(code, 0x1000 + 16 * 8)).isNull();
        assertThat(memory.taken()).isPositive().isLessThan(2_000);
        // What is told of one of these places later, and what is on a stack for the first time.
        process.map.append(Long.toHexString(0x1000 + 16 * 7)).append(" 20 b\n");
        nextWindow(code, 0x1000 + 16 * 500, 0x10);
        assertThat(name(code, 0x1000 + 16 * 999)).isEqualTo("a999");
        assertThat(name(code, 0x1000 + 16 * 500)).isEqualTo("a500");
        assertThat(name(code, 0x1000 + 16 * 7)).isEqualTo("b");
        // Another function lies over it, at no place that was on a stack.
        process.map.append(Long.toHexString(0x1000 + 16 * 500 + 8)).append(" 8 c\n");
        nextWindow(code);
        assertThat(name(code, 0x1000 + 16 * 500)).isEqualTo("a500");
        assertThat(name(code, 0x1000 + 16 * 500 + 9)).isNull();
        now += 200 * SECOND;
        names.expire();
        assertThat(memory.taken()).isZero();
    }

    @Test
    void placesThatHaveNoNameAreNotLookedForAgain() {
        has(7, functions('a', 1000));
        names.see(code);
        nextWindow(code, 0x10, 0x1000);
        long before = reads;
        nextWindow(code, 0x10, 0x1000);
        long again = reads - before;
        nextWindow(code, 0x10, 0x1010, 0x20);
        assertThat(name(code, 0x1010)).isEqualTo("a1");
        assertThat(reads - before - again).isGreaterThan(again);
    }

    @Test
    void placesOnStacksHaveABound() {
        has(7, functions('a', 1000));
        names.see(code);
        long[] many = LongStream.range(0x100_0000, 0x100_0000 + NamesFile.WANTED_MAX).toArray();
        nextWindow(code, many);
        assertThat(memory.taken()).isEqualTo(16L * NamesFile.WANTED_MAX);
        nextWindow(code, 0x1000);
        assertThat(name(code, 0x1000)).isEqualTo("a0");
        assertThat(memory.taken()).isPositive().isLessThan(1_000);
    }

    @Test
    void slowFilesAreReadOnLater() {
        Binary other = codes.of(8);
        has(7, "1000 10 first\n");
        has(8, "1000 10 other\n");
        names.see(code);
        names.see(other);
        openNanos = 3 * SECOND;
        processes.get(7).map.append("2000 10 second\n");
        nextWindow(code);
        // Nothing is read after the end of the time for all, and it is not lost.
        assertThat(name(code, 0x2000)).isNull();
        openNanos = 0;
        nextWindow(code);
        assertThat(name(code, 0x2000)).isEqualTo("second");
        assertThat(name(other, 0x1000)).isEqualTo("other");
    }

    @Test
    void whatIsNotUsedForLongIsLetGo() {
        has(7, "1000 10 first\n");
        names.see(code);
        assertThat(memory.taken()).isPositive();
        now += 200 * SECOND;
        names.expire();
        assertThat(memory.taken()).isZero();
    }
}

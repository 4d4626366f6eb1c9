package io.emberscope.collector.aggregate;

import io.emberscope.collector.container.Container;
import io.emberscope.collector.primitive.Hash;
import java.util.Arrays;

/// The series of a window, each once: a program in a container, the name of a thread, and how it
/// waited if it did.
///
/// Thread names are the first to go when there are too many ([#SERIES_MAX]), then the names of
/// programs (at twice that): a hostile process may rename its threads as often as it likes.
final class SeriesTable {
    /// Most series with a thread name of their own.
    static final int SERIES_MAX = 4096;

    /// The program's name in the series that takes those that found no room.
    static final String FOLDED = "[folded]";

    /// Where a sample ended up.
    enum Fold {
        NONE,
        THREAD_NAME,
        EXECUTABLE
    }

    private String[] executables = new String[64];
    private Container[] containers = new Container[64];
    private long[] firsts = new long[64];
    private long[] seconds = new long[64];
    private byte[] waits = new byte[64];
    private int[] slots = new int[128];
    private int size;
    private Fold lastFold = Fold.NONE;

    /// The number of a series; what had to be left out of it is in [#lastFold].
    ///
    /// @param waitCode number of a state of waiting, or 0 for the CPU
    int of(String executable, Container container, long nameFirst, long nameSecond, int waitCode) {
        lastFold = Fold.NONE;
        int found = find(executable, container, nameFirst, nameSecond, waitCode, SERIES_MAX);
        if (found < 0) {
            lastFold = Fold.THREAD_NAME;
            found = find(executable, container, 0, 0, waitCode, 2 * SERIES_MAX);
        }
        if (found < 0) {
            lastFold = Fold.EXECUTABLE;
            found = find(FOLDED, Container.NONE, 0, 0, waitCode, Integer.MAX_VALUE);
        }
        return found;
    }

    Fold lastFold() {
        return lastFold;
    }

    int size() {
        return size;
    }

    String executable(int series) {
        return executables[series];
    }

    Container container(int series) {
        return containers[series];
    }

    long nameFirst(int series) {
        return firsts[series];
    }

    int waitCode(int series) {
        return waits[series];
    }

    long nameSecond(int series) {
        return seconds[series];
    }

    /// The number, or -1 if it would be a new one beyond `max`.
    private int find(
            String executable,
            Container container,
            long first,
            long second,
            int waitCode,
            int max) {
        int mask = slots.length - 1;
        int i = hash(executable, container, first, second, waitCode) & mask;
        for (int found = slots[i]; found != 0; found = slots[i]) {
            int series = found - 1;
            if (waits[series] == waitCode
                    && firsts[series] == first
                    && seconds[series] == second
                    && executables[series].equals(executable)
                    && containers[series].equals(container)) {
                return series;
            }
            i = (i + 1) & mask;
        }
        return size < max ? insert(i, executable, container, first, second, waitCode) : -1;
    }

    private int insert(
            int slot,
            String executable,
            Container container,
            long first,
            long second,
            int waitCode) {
        if (size == executables.length) {
            executables = Arrays.copyOf(executables, size * 2);
            containers = Arrays.copyOf(containers, size * 2);
            firsts = Arrays.copyOf(firsts, size * 2);
            seconds = Arrays.copyOf(seconds, size * 2);
            waits = Arrays.copyOf(waits, size * 2);
        }
        executables[size] = executable;
        containers[size] = container;
        firsts[size] = first;
        seconds[size] = second;
        waits[size] = (byte) waitCode;
        slots[slot] = ++size;
        if (size * 2 > slots.length) {
            grow();
        }
        return size - 1;
    }

    private void grow() {
        slots = new int[slots.length * 2];
        int mask = slots.length - 1;
        for (int series = 0; series < size; series++) {
            int i =
                    hash(
                                    executables[series],
                                    containers[series],
                                    firsts[series],
                                    seconds[series],
                                    waits[series])
                            & mask;
            while (slots[i] != 0) {
                i = (i + 1) & mask;
            }
            slots[i] = series + 1;
        }
    }

    private static int hash(
            String executable, Container container, long first, long second, int waitCode) {
        return Hash.of(
                Hash.of(first, second + waitCode),
                executable.hashCode() * 31L + container.id().hashCode());
    }
}

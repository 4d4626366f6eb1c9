package io.emberscope.collector.process;

import io.emberscope.collector.container.Container;
import java.util.Arrays;

/// What `/proc` told of one process at one moment.
///
/// Filled by [ProcFiles] on a reader's thread, then read by the thread that merges.
public final class Snapshot {
    private final int pid;
    private final long takenNanos;
    private String executable = "";
    private boolean kernel;
    private int threads = 1;
    private Container container = Container.NONE;
    private boolean cut;

    private long[] starts = new long[16];
    private long[] ends = new long[16];
    private long[] offsets = new long[16];
    private long[] devices = new long[16];
    private long[] inodes = new long[16];
    private String[] paths = new String[16];
    private int size;

    /// @param takenNanos monotonic time before the first file was read: later events may be in it
    Snapshot(int pid, long takenNanos) {
        this.pid = pid;
        this.takenNanos = takenNanos;
    }

    int pid() {
        return pid;
    }

    /// Monotonic time before the first file was read: later events may be in it.
    public long takenNanos() {
        return takenNanos;
    }

    String executable() {
        return executable;
    }

    boolean isKernel() {
        return kernel;
    }

    int threads() {
        return threads;
    }

    Container container() {
        return container;
    }

    boolean isCut() {
        return cut;
    }

    int size() {
        return size;
    }

    long start(int index) {
        return starts[index];
    }

    long end(int index) {
        return ends[index];
    }

    long offset(int index) {
        return offsets[index];
    }

    long device(int index) {
        return devices[index];
    }

    long inode(int index) {
        return inodes[index];
    }

    String path(int index) {
        return paths[index];
    }

    void executable(String name) {
        executable = name;
    }

    void kernel(boolean is) {
        kernel = is;
    }

    void threads(int count) {
        threads = count;
    }

    void container(Container known) {
        container = known;
    }

    void cut() {
        cut = true;
    }

    /// Adds a mapping; false if there are [Mappings#MAPPINGS_MAX] already.
    boolean add(long start, long end, long offset, long device, long inode, String path) {
        if (size == Mappings.MAPPINGS_MAX) {
            return false;
        }
        if (size == starts.length) {
            int capacity = size * 2;
            starts = Arrays.copyOf(starts, capacity);
            ends = Arrays.copyOf(ends, capacity);
            offsets = Arrays.copyOf(offsets, capacity);
            devices = Arrays.copyOf(devices, capacity);
            inodes = Arrays.copyOf(inodes, capacity);
            paths = Arrays.copyOf(paths, capacity);
        }
        starts[size] = start;
        ends[size] = end;
        offsets[size] = offset;
        devices[size] = device;
        inodes[size] = inode;
        paths[size] = path;
        size++;
        return true;
    }
}

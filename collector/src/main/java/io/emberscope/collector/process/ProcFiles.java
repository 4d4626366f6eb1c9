package io.emberscope.collector.process;

import io.emberscope.collector.container.Containers;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Reads what the kernel tells of a process in `/proc`. A read may wait for the process, so it is
/// done on a reader's thread.
///
/// What a process can choose (its name, the paths of its mappings, their number) is bounded here.
public final class ProcFiles {
    /// Most bytes read of one `maps` file.
    static final int MAPS_BYTES_MAX = 16 << 20;

    private static final int SMALL_FILE_BYTES_MAX = 16 << 10;
    private static final int LINE_BYTES_MAX = 8 << 10;
    private static final String PIDS_INSIDE = "\nNSpid:";
    private static final int KERNEL_THREAD_FLAG = 0x0020_0000;

    private final String root;
    private final LongSupplier monotonicNanos;

    /// @param root `/proc`
    /// @param monotonicNanos the clock of the samples
    public ProcFiles(String root, LongSupplier monotonicNanos) {
        this.root = root;
        this.monotonicNanos = monotonicNanos;
    }

    /// The ids of all processes, in no order.
    public int[] processes() {
        String[] names = new File(root).list();
        int[] pids = new int[names == null ? 0 : names.length];
        int count = 0;
        for (int i = 0; i < pids.length; i++) {
            int pid = number(names[i]);
            if (pid > 0) {
                pids[count++] = pid;
            }
        }
        return Arrays.copyOf(pids, count);
    }

    /// Whether a process has threads that still run.
    public boolean isAlive(int pid) {
        try {
            Stat stat = Stat.parse(read(pid, "stat"));
            return stat != null && (stat.state != 'Z' || stat.threads > 1) && stat.state != 'X';
        } catch (IOException _) {
            return false;
        }
    }

    /// Which process a pid is now, and how it calls itself.
    ///
    /// @param pidInside its id in its own namespace, the innermost it is in
    /// @param startTicks when it started, in hundredths of a second since boot
    public record Identity(int pidInside, long startTicks) {}

    /// Which process a pid is now.
    ///
    /// @throws IOException if it is gone, or has ended
    public Identity identity(int pid) throws IOException {
        Stat stat = Stat.parse(read(pid, "stat"));
        String status = new String(read(pid, "status"), StandardCharsets.UTF_8);
        // The name, which is on the line before, cannot have a newline.
        int from = status.indexOf(PIDS_INSIDE);
        if (stat == null || stat.state == 'Z' || from < 0) {
            throw new IOException("process " + pid + ": gone (expected: one that runs)");
        }
        int end = status.indexOf('\n', from + 1);
        String pids = status.substring(from, end < 0 ? status.length() : end).strip();
        int inside = number(pids.substring(pids.lastIndexOf('\t') + 1));
        if (inside <= 0) {
            throw new IOException(
                    "process " + pid + ": " + pids + " (expected: a process id last)");
        }
        return new Identity(inside, stat.startTicks);
    }

    /// Hundredths of a second since boot, by which the kernel tells when a process started.
    ///
    /// @throws IOException if the kernel does not tell
    public long ticksSinceBoot() throws IOException {
        try (InputStream in = new FileInputStream(root + "/uptime")) {
            String text = new String(in.readNBytes(SMALL_FILE_BYTES_MAX), StandardCharsets.UTF_8);
            String seconds = text.substring(0, Math.max(0, text.indexOf(' ')));
            return new BigDecimal(seconds).movePointRight(2).longValue();
        } catch (NumberFormatException e) {
            throw new IOException("uptime: (expected: seconds)", e);
        }
    }

    /// All that is needed of one process, or null if it is gone or was replaced by another while it
    /// was read.
    ///
    /// @param paths those met before
    public @Nullable Snapshot snapshot(int pid, Paths paths) {
        Snapshot snapshot = new Snapshot(pid, monotonicNanos.getAsLong());
        try {
            Stat stat = Stat.parse(read(pid, "stat"));
            if (stat == null) {
                return null;
            }
            snapshot.threads(stat.threads);
            snapshot.kernel((stat.flags & KERNEL_THREAD_FLAG) != 0);
            snapshot.container(Containers.ofProcFile(readText(pid, "cgroup")));
            if (!snapshot.isKernel()) {
                String task = liveTask(pid, stat);
                snapshot.executable(executable(task));
                readMaps(task, paths, snapshot);
            }
            Stat again = Stat.parse(read(pid, "stat"));
            return again != null && again.startTicks == stat.startTicks ? snapshot : null;
        } catch (IOException _) {
            return null;
        }
    }

    /// The directory that shows the process's memory. When its first thread has ended before the
    /// others that is the one of another thread.
    private String liveTask(int pid, Stat stat) throws IOException {
        String process = root + '/' + pid;
        if (stat.state != 'Z') {
            return process;
        }
        String[] threads = new File(process + "/task").list();
        if (threads != null) {
            for (String thread : threads) {
                int tid = number(thread);
                Stat other =
                        tid == pid || tid < 0
                                ? null
                                : Stat.parse(read(pid, "task/" + tid + "/stat"));
                if (other != null && other.state != 'Z') {
                    return process + "/task/" + tid;
                }
            }
        }
        return process;
    }

    private static String executable(String task) {
        try {
            return Names.fileName(Files.readSymbolicLink(Path.of(task, "exe")).toString());
        } catch (IOException _) {
            return "";
        }
    }

    private static void readMaps(String task, Paths paths, Snapshot into) throws IOException {
        byte[] buffer = new byte[32 << 10];
        int filled = 0;
        int total = 0;
        try (InputStream in = new FileInputStream(task + "/maps")) {
            while (total < MAPS_BYTES_MAX) {
                int read = in.read(buffer, filled, buffer.length - filled);
                if (read < 0) {
                    return;
                }
                total += read;
                filled += read;
                int done = readLines(buffer, filled, paths, into);
                if (done < 0) {
                    break;
                }
                System.arraycopy(buffer, done, buffer, 0, filled - done);
                filled -= done;
                if (filled > LINE_BYTES_MAX) {
                    break;
                }
            }
        }
        into.cut();
    }

    /// Reads the whole lines in a range. Returns the bytes used, or -1 if there is no room for
    /// more.
    private static int readLines(byte[] bytes, int filled, Paths paths, Snapshot into) {
        int from = 0;
        for (int i = 0; i < filled; i++) {
            if (bytes[i] == '\n') {
                if (!MapsLine.read(bytes, from, i, paths, into)) {
                    return -1;
                }
                from = i + 1;
            }
        }
        return from;
    }

    private byte[] read(int pid, String file) throws IOException {
        try (InputStream in = new FileInputStream(root + '/' + pid + '/' + file)) {
            return in.readNBytes(SMALL_FILE_BYTES_MAX);
        }
    }

    private @Nullable String readText(int pid, String file) {
        try {
            return new String(read(pid, file), StandardCharsets.UTF_8);
        } catch (IOException _) {
            return null;
        }
    }

    private static int number(String text) {
        if (text.isEmpty() || text.length() > 9) {
            return -1;
        }
        int number = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }

    /// The fields of `/proc/PID/stat` that count here. The name, which may hold anything, ends at
    /// the last bracket.
    private record Stat(char state, long flags, int threads, long startTicks) {
        private static final int FLAGS = 6;
        private static final int THREADS = 17;
        private static final int START = 19;

        static @Nullable Stat parse(byte[] bytes) {
            int at = bytes.length - 1;
            while (at >= 0 && bytes[at] != ')') {
                at--;
            }
            if (at < 0 || at + 2 >= bytes.length) {
                return null;
            }
            char state = (char) bytes[at + 2];
            long[] fields = new long[START + 1];
            int field = 0;
            for (int i = at + 2; i < bytes.length && field <= START; i++) {
                byte b = bytes[i];
                if (b == ' ') {
                    field++;
                } else if (b >= '0' && b <= '9') {
                    fields[field] = fields[field] * 10 + (b - '0');
                }
            }
            return new Stat(state, fields[FLAGS], (int) fields[THREADS], fields[START]);
        }
    }
}

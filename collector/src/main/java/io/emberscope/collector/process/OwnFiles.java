package io.emberscope.collector.process;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/// What the kernel tells of our own process and of the host in `/proc`.
public final class OwnFiles {
    private static final int BYTES_MAX = 4096;
    private static final long NANOS_PER_TICK = 10_000_000L;
    private static final long PAGE_BYTES = 4096;
    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;

    private final String root;

    /// @param root `/proc`
    public OwnFiles(String root) {
        this.root = root;
    }

    /// Our own process id.
    public int pid() {
        String stat = text("/self/stat");
        return (int) number(stat.substring(0, Math.max(0, stat.indexOf(' '))));
    }

    /// CPU time of this process so far, user and system, to 10 ms.
    public long cpuNanos() {
        String stat = text("/self/stat");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
        return fields.length <= SYSTEM_TICKS
                ? 0
                : (number(fields[USER_TICKS]) + number(fields[SYSTEM_TICKS])) * NANOS_PER_TICK;
    }

    /// Memory of this process that is in RAM.
    public long residentBytes() {
        String[] fields = text("/self/statm").split(" ", -1);
        return fields.length < 2 ? 0 : number(fields[1]) * PAGE_BYTES;
    }

    /// CPUs of this machine that are online, also those that we may not run on.
    public int cpus() {
        return cpus("online");
    }

    /// CPUs that this machine could have, for each of which the kernel keeps things.
    public int possibleCpus() {
        return cpus("possible");
    }

    private int cpus(String which) {
        int cpus = 0;
        for (String range :
                text("/self/root/sys/devices/system/cpu/" + which).strip().split(",", -1)) {
            String[] ends = range.split("-", 2);
            cpus += (int) (number(ends[ends.length - 1]) - number(ends[0])) + 1;
        }
        return Math.max(1, cpus);
    }

    /// The name of the host.
    public String hostName() {
        return Names.clean(text("/sys/kernel/hostname").strip());
    }

    /// 32 hexadecimal digits that nobody else has.
    public String freshId() throws IOException {
        String id = text("/sys/kernel/random/uuid").strip().replace("-", "");
        if (id.length() != 32) {
            throw new IOException(root + "/sys/kernel/random/uuid: (expected: a random id)");
        }
        return id;
    }

    private String text(String file) {
        try (InputStream in = new FileInputStream(root + file)) {
            return new String(in.readNBytes(BYTES_MAX), StandardCharsets.UTF_8);
        } catch (IOException _) {
            return "";
        }
    }

    private static long number(String digits) {
        try {
            return Long.parseLong(digits.strip());
        } catch (NumberFormatException _) {
            return 0;
        }
    }
}

package io.emberscope.collector;

import io.emberscope.collector.container.CgroupMount;
import java.io.BufferedReader;
import java.io.FileReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// The control group that our memory is charged to, in the hierarchy of either version that has the
/// memory controller.
final class MemoryGroup {
    private static final int LINES_MAX = 100_000;
    private static final int FILE_LINES_MAX = 200;

    private final String directory;
    private final boolean isUnified;

    private MemoryGroup(String directory, boolean isUnified) {
        this.directory = directory;
        this.isUnified = isUnified;
    }

    /// Finds it.
    ///
    /// @param process `/proc/self` or a directory like it
    static MemoryGroup find(String process) {
        String mounts = process + "/mountinfo";
        String path = value(process + "/cgroup", LINES_MAX, MemoryGroup::pathOfMemory);
        boolean isUnified = path.isEmpty();
        if (isUnified) {
            path = value(process + "/cgroup", LINES_MAX, MemoryGroup::pathOfUnified);
        }
        boolean unified = isUnified;
        String[] mount = value(mounts, LINES_MAX, line -> mountOf(line, unified)).split("\t", 2);
        if (path.isEmpty() || mount.length < 2) {
            return new MemoryGroup("", true);
        }
        // In a container what is mounted may be our own group, or that of the container.
        String inside = path.startsWith(mount[0]) ? path.substring(mount[0].length()) : "";
        String slash = inside.isEmpty() || inside.startsWith("/") ? "" : "/";
        MemoryGroup group = new MemoryGroup(mount[1] + slash + inside, isUnified);
        if (group.bytes() > 0) {
            return group;
        }
        MemoryGroup mounted = new MemoryGroup(mount[1], isUnified);
        return mounted.bytes() > 0 ? mounted : new MemoryGroup("", true);
    }

    /// Whether there is one that tells what it is charged.
    boolean isKnown() {
        return !directory.isEmpty();
    }

    /// What is charged to it now.
    long bytes() {
        return number(isUnified ? "memory.current" : "memory.usage_in_bytes");
    }

    /// The part of that which is page cache.
    long cacheBytes() {
        String name = isUnified ? "file " : "cache ";
        return parse(
                value(
                        directory + "/memory.stat",
                        FILE_LINES_MAX,
                        line -> line.startsWith(name) ? line.substring(name.length()) : ""));
    }

    /// The most it may be charged, or [Long#MAX_VALUE] if there is no limit.
    long limitBytes() {
        long limit = isKnown() ? number(isUnified ? "memory.max" : "memory.limit_in_bytes") : 0;
        // Without a limit the older version says a number near 2^63.
        return limit <= 0 || limit > Long.MAX_VALUE / 2 ? Long.MAX_VALUE : limit;
    }

    private long number(String file) {
        return parse(value(directory + '/' + file, 1, line -> line));
    }

    private static long parse(String digits) {
        try {
            return Long.parseLong(digits.strip());
        } catch (NumberFormatException _) {
            return 0;
        }
    }

    private interface Part {
        String of(String line);
    }

    /// What is first found in a line of a file, or nothing.
    private static String value(String file, int linesMax, Part part) {
        try (BufferedReader lines =
                new BufferedReader(new FileReader(file, StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            for (int i = 0; i < linesMax && line != null; i++) {
                String found = part.of(line);
                if (!found.isEmpty()) {
                    return found;
                }
                line = lines.readLine();
            }
        } catch (IOException _) {
            // As if it said nothing.
        }
        return "";
    }

    private static String pathOfMemory(String line) {
        String[] fields = line.split(":", 3);
        return fields.length == 3 && (',' + fields[1] + ',').contains(",memory,") ? fields[2] : "";
    }

    private static String pathOfUnified(String line) {
        return line.startsWith("0::") ? line.substring(3) : "";
    }

    /// Of the hierarchy that we are in, or nothing: root, a tab, and mount point.
    private static String mountOf(String line, boolean isUnified) {
        CgroupMount mount = CgroupMount.parse(line);
        if (mount == null || !(isUnified ? mount.isUnified() : mount.has("memory"))) {
            return "";
        }
        return (mount.root().equals("/") ? "" : mount.root()) + '\t' + mount.point();
    }
}

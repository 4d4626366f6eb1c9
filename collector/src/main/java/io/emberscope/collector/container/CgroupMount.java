package io.emberscope.collector.container;

import org.jspecify.annotations.Nullable;

/// A mounted hierarchy of control groups, as a line of `/proc/PID/mountinfo` tells of it
/// (proc_pid_mountinfo(5)).
///
/// @param isUnified whether it is that of version 2
/// @param options of the hierarchy, with commas around them: the controllers, in version 1
/// @param root the group that is mounted
/// @param point where
public record CgroupMount(boolean isUnified, String options, String root, String point) {
    /// What a line tells, or null if it is of another file system.
    ///
    /// @param line `id parent device root mount-point options ... - type source super-options`
    public static @Nullable CgroupMount parse(String line) {
        int separator = line.indexOf(" - ");
        String[] fields = line.split(" ", 6);
        if (separator < 0 || fields.length < 6) {
            return null;
        }
        String rest = line.substring(separator + 3);
        boolean isUnified = rest.startsWith("cgroup2 ");
        if (!isUnified && !rest.startsWith("cgroup ")) {
            return null;
        }
        String options = ',' + rest.substring(rest.lastIndexOf(' ') + 1) + ',';
        return new CgroupMount(isUnified, options, unescaped(fields[3]), unescaped(fields[4]));
    }

    /// Whether a controller is in this hierarchy, of version 1.
    public boolean has(String controller) {
        return !isUnified && options.contains(',' + controller + ',');
    }

    private static String unescaped(String path) {
        return path.replace("\\040", " ");
    }
}

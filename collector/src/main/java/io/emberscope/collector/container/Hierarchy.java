package io.emberscope.collector.container;

import java.io.BufferedReader;
import java.io.FileReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The hierarchy of control groups whose ids tell containers apart.
///
/// @param kind which one
/// @param root where it is mounted, or empty if [Kind#NONE]
public record Hierarchy(Kind kind, String root) {
    private static final int MOUNT_LINES_MAX = 100_000;

    /// The hierarchies a sampler can take ids from.
    public enum Kind {
        /// Version 2.
        UNIFIED,
        /// Version 1, controller `memory`.
        V1_MEMORY,
        /// Version 1, controller `pids`.
        V1_PIDS,
        /// Version 1, controller `cpu`.
        V1_CPU,
        /// There is none.
        NONE
    }

    /// Chooses among those that are mounted: the unified one, unless only an older one has
    /// containers in it now.
    ///
    /// @param mountInfo `/proc/self/mountinfo` or a file like it
    public static Hierarchy choose(String mountInfo, CgroupScan.Ids ids) throws IOException {
        Mounts mounts = Mounts.read(mountInfo);
        Hierarchy older = mounts.older();
        if (mounts.unified == null) {
            return older;
        }
        Hierarchy unified = new Hierarchy(Kind.UNIFIED, mounts.unified);
        boolean onlyOlder =
                older.kind != Kind.NONE
                        && CgroupScan.run(unified.root, ids).size() == 0
                        && CgroupScan.run(older.root, ids).size() > 0;
        return onlyOlder ? older : unified;
    }

    /// Whether all processes of the host are in this hierarchy and no other, so that a group
    /// outside any container means a process outside any container.
    public static boolean isOnlyUnified(String mountInfo) throws IOException {
        Mounts mounts = Mounts.read(mountInfo);
        return mounts.unified != null && mounts.older().kind == Kind.NONE;
    }

    private static final class Mounts {
        private @Nullable String unified;
        private @Nullable String memory;
        private @Nullable String pids;
        private @Nullable String cpu;

        static Mounts read(String mountInfo) throws IOException {
            Mounts mounts = new Mounts();
            try (BufferedReader lines =
                    new BufferedReader(new FileReader(mountInfo, StandardCharsets.UTF_8))) {
                String line = lines.readLine();
                for (int i = 0; i < MOUNT_LINES_MAX && line != null; i++) {
                    mounts.take(line);
                    line = lines.readLine();
                }
            }
            return mounts;
        }

        private void take(String line) {
            CgroupMount mount = CgroupMount.parse(line);
            if (mount == null) {
                return;
            }
            if (mount.isUnified() && unified == null) {
                unified = mount.point();
            }
            memory = mount.has("memory") ? mount.point() : memory;
            pids = mount.has("pids") ? mount.point() : pids;
            cpu = mount.has("cpu") ? mount.point() : cpu;
        }

        private Hierarchy older() {
            if (memory != null) {
                return new Hierarchy(Kind.V1_MEMORY, memory);
            }
            if (pids != null) {
                return new Hierarchy(Kind.V1_PIDS, pids);
            }
            if (cpu != null) {
                return new Hierarchy(Kind.V1_CPU, cpu);
            }
            return new Hierarchy(Kind.NONE, "");
        }
    }
}

package io.emberscope.bpf;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Control groups, as the kernel numbers them.
public final class Cgroups {
    private Cgroups() {}

    /// The id of a cgroup: what [Sample#cgroupId] and [SideBandHandler#cgroup] say. The kernel
    /// never gives it to another one.
    ///
    /// @param directory of the cgroup in a mounted hierarchy, such as `/sys/fs/cgroup/system.slice`
    /// @throws BpfException if it is not there, or no cgroup
    public static long idOf(Path directory) throws BpfException {
        NativeLibrary.load();
        return Natives.cgroupId(directory.toString().getBytes(StandardCharsets.UTF_8));
    }
}

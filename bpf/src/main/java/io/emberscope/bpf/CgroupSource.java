package io.emberscope.bpf;

/// Which hierarchy a sample's cgroup id is from. On hosts with cgroup v2 there is one; on hosts
/// that still have v1, containers are told apart in the hierarchy of a controller.
public enum CgroupSource {
    /// The v2 hierarchy.
    UNIFIED(0),
    /// The hierarchy of the v1 `memory` controller.
    V1_MEMORY(1),
    /// The hierarchy of the v1 `pids` controller.
    V1_PIDS(2),
    /// The hierarchy of the v1 `cpu` controller.
    V1_CPU(3);

    /// The number in `enum cgroup_source` of `sample.h`.
    final int code;

    CgroupSource(int code) {
        this.code = code;
    }
}

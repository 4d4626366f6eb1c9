/// The kernel side of the collector, and the few system calls Java does not have.
///
/// Start reading here:
///
/// - [io.emberscope.bpf.Sampler]: stacks of what runs, from a BPF program on each CPU
/// - [io.emberscope.bpf.SideBand]: which process mapped, executed, forked and ended, and when
/// - [io.emberscope.bpf.SafeFile]: files of profiled processes, opened so that nobody is fooled
/// - [io.emberscope.bpf.KernelFeatures]: what this kernel and these privileges allow
///
/// Native memory and descriptors are reached through handles that the native library checks under a
/// lock, so using one after `close` is an exception and never a crash.
@NullMarked
package io.emberscope.bpf;

import org.jspecify.annotations.NullMarked;

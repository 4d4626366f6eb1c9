package io.emberscope.symbolizer.kernel;

/// A place in the kernel, named in a way that means the same on every host and after every boot.
///
/// | code | binary | build id | offset from |
/// | --- | --- | --- | --- |
/// | the kernel itself | `[kernel]` | the kernel's | `_text` |
/// | a module | `[name]` | the module's | where the module begins, by `/proc/modules` |
/// | made at run time, such as a BPF program | `[bpf]` or the like | none | the function's start |
/// | not known | `[kernel]` | none | zero: it is the address |
///
/// @param binary in brackets
/// @param buildId lower-case hex, or empty
/// @param offset bytes
/// @param function as the kernel calls it, or empty if it is not known
public record KernelFrame(String binary, String buildId, long offset, String function) {
    static final String KERNEL = "[kernel]";

    static KernelFrame unknown(long address) {
        return new KernelFrame(KERNEL, "", address, "");
    }
}

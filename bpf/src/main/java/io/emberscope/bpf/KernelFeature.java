package io.emberscope.bpf;

/// One thing the collector wants of the kernel, and whether it is there.
///
/// @param name short, for a table
/// @param state whether it is there
/// @param detail what was tried or read, and what came back
/// @param whatIsLost what does not work without it; empty if it is there
/// @param howToGet what to do about it; empty if it is there
public record KernelFeature(
        String name, State state, String detail, String whatIsLost, String howToGet) {
    /// Whether something is there.
    public enum State {
        /// It works.
        OK,
        /// It does not work.
        MISSING,
        /// It could not be found out.
        UNKNOWN
    }
}

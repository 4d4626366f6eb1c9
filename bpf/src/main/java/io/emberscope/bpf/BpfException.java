package io.emberscope.bpf;

import java.io.IOException;

/// The kernel or libbpf refused. The message says what was tried, the errno by name, what to do
/// about it, and what libbpf and the verifier logged.
public final class BpfException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /// @param message what was tried and how it failed
    /// @param errno as in `errno.h`, or 0 if the failure has none
    public BpfException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    /// @param message what was tried and how it failed
    public BpfException(String message, Throwable cause) {
        super(message, cause);
        this.errno = 0;
    }

    /// The number from `errno.h`, or 0 if the failure has none.
    public int errno() {
        return errno;
    }
}

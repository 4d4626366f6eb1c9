package io.emberscope.bpf;

import java.io.IOException;

/// A file of a profiled process was not opened, for a reason that is expected among strangers.
public final class RefusedFileException extends IOException {
    private static final long serialVersionUID = 1L;

    /// Why a file was refused.
    public enum Reason {
        /// No such file, or no such mapping.
        NOT_FOUND,
        /// The process ended, or its pid is now another one's.
        PROCESS_GONE,
        /// A directory, FIFO, socket or device.
        NOT_REGULAR,
        /// The last part of the path is a symbolic link, or there are too many on the way.
        SYMBOLIC_LINK,
        /// It belongs to somebody else than the process or root, or the process could not read it.
        WRONG_OWNER,
        /// Larger than the rules allow.
        TOO_LARGE,
        /// On a file system that asks somebody else for every byte (FUSE, network) or that is no
        /// store of files (proc, sys), or on one that could not be told.
        FILE_SYSTEM,
        /// The path is empty, too long or too deep.
        BAD_PATH,
        /// The kernel does not let us, for want of a capability.
        DENIED
    }

    private final Reason reason;

    /// @param message the file, what was found and what was expected
    /// @param reason ordinal of a [Reason]
    RefusedFileException(String message, int reason) {
        super(message);
        this.reason = Reason.values()[reason];
    }

    /// Why.
    public Reason reason() {
        return reason;
    }
}

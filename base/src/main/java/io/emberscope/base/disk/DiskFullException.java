package io.emberscope.base.disk;

import java.io.IOException;

/// The file system has no room (or the quota no more of it). Unlike any other failed write this one
/// may be tried again when room was made.
public final class DiskFullException extends IOException {
    private static final long serialVersionUID = 1L;

    /// @param message what was to be written
    public DiskFullException(String message) {
        super(message);
    }

    /// @param message what was to be written
    public DiskFullException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.emberscope.bpf;

/// What a file of a profiled process must be to be opened, and how much of it may be read.
///
/// @param sizeMax largest file in bytes
/// @param readBytesMax bytes that may be read from it in all, until it is closed
/// @param processStart the process's start as from [PidFd#startTicks], so that a reused pid is
///   noticed; 0 to take whoever has the pid now
/// @param anyOwner whether the file may belong to anybody. Right for a file whose identity is
///   checked in another way, such as by its build id; wrong for a file found by its name alone
public record SafeFileRules(long sizeMax, long readBytesMax, long processStart, boolean anyOwner) {
    private static final long GIB = 1L << 30;

    /// Files of 4 GiB at most, as much to be read; owned by the process's user or root.
    public static final SafeFileRules DEFAULT = new SafeFileRules(4 * GIB, 4 * GIB, 0, false);

    public SafeFileRules {
        if (sizeMax < 0 || readBytesMax < 0) {
            throw new IllegalArgumentException(
                    "rules: " + sizeMax + ", " + readBytesMax + " bytes (expected: 0 or more)");
        }
    }

    /// The same with other bounds.
    public SafeFileRules with(long sizeMax, long readBytesMax) {
        return new SafeFileRules(sizeMax, readBytesMax, processStart, anyOwner);
    }

    /// The same for the process that started then.
    public SafeFileRules of(long processStart) {
        return new SafeFileRules(sizeMax, readBytesMax, processStart, anyOwner);
    }

    /// The same for files of any owner.
    public SafeFileRules ofAnyOwner() {
        return new SafeFileRules(sizeMax, readBytesMax, processStart, true);
    }
}

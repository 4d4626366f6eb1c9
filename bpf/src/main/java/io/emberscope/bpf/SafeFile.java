package io.emberscope.bpf;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/// A regular file of a profiled process, opened so that the process cannot fool us: not into
/// reading a file it could not read, not into a device, a FIFO or a file system that never answers,
/// and not into taking another process for it.
///
/// The path is walked from the process's own root, one name at a time. Symbolic links on the way
/// are followed within that root; no link of `/proc` is. The kind of file system is known before
/// anything in it is looked up, and the kind of file before it is opened. What is left to block is
/// a slow disk, and a file system stacked on one that asks others (overlayfs on FUSE): hence a
/// thread that can be spared, and a deadline, are still the caller's care.
///
/// Safe for use by several threads; closing while another reads is an exception there.
public final class SafeFile implements ByteSource {
    private final NativeHandle handle;
    private final long readBytesMax;
    private final Attributes attributes;
    private final AtomicLong readBytes = new AtomicLong();

    /// What the kernel says of an open file.
    ///
    /// @param size bytes
    /// @param modifiedNanos time of the last change, since the epoch
    /// @param inode number of the file
    /// @param deviceMajor of its device
    /// @param deviceMinor of its device
    /// @param owner user id
    public record Attributes(
            long size,
            long modifiedNanos,
            long inode,
            int deviceMajor,
            int deviceMinor,
            int owner) {}

    private SafeFile(NativeHandle handle, long[] values, long readBytesMax) {
        this.handle = handle;
        this.readBytesMax = readBytesMax;
        this.attributes =
                new Attributes(
                        values[0],
                        values[1],
                        values[2],
                        (int) values[3],
                        (int) values[4],
                        (int) values[5]);
    }

    /// Opens the file a process knows by `path`.
    ///
    /// @param path absolute, as the process sees it; any bytes but zero
    /// @throws RefusedFileException if a rule is broken, the usual outcome among strangers
    /// @throws BpfException if the kernel fails otherwise
    public static SafeFile open(int pid, byte[] path, SafeFileRules rules)
            throws RefusedFileException, BpfException {
        NativeLibrary.load();
        long[] attributes = new long[6];
        long handle =
                Natives.fileOpen(
                        pid,
                        path,
                        rules.sizeMax(),
                        rules.processStart(),
                        rules.anyOwner(),
                        attributes);
        return new SafeFile(new NativeHandle(handle, "file"), attributes, rules.readBytesMax());
    }

    /// The same for a path that is text.
    public static SafeFile open(int pid, String path, SafeFileRules rules)
            throws RefusedFileException, BpfException {
        return open(pid, path.getBytes(StandardCharsets.UTF_8), rules);
    }

    /// Opens the file that a process has mapped at exactly `start..end`, even if it was deleted or
    /// replaced since. Its owner does not matter: the process had it open. Needs CAP_SYS_ADMIN or
    /// CAP_CHECKPOINT_RESTORE.
    ///
    /// @param end address after the last one
    /// @throws RefusedFileException if a rule is broken, the usual outcome among strangers
    /// @throws BpfException if the kernel fails otherwise
    public static SafeFile openMapFile(int pid, long start, long end, SafeFileRules rules)
            throws RefusedFileException, BpfException {
        NativeLibrary.load();
        long[] attributes = new long[6];
        long handle =
                Natives.fileOpenMapped(
                        pid, start, end, rules.sizeMax(), rules.processStart(), attributes);
        return new SafeFile(new NativeHandle(handle, "file"), attributes, rules.readBytesMax());
    }

    /// What the file was when it was opened.
    public Attributes attributes() {
        return attributes;
    }

    @Override
    public long size() {
        return attributes.size();
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (position < 0) {
            throw new IndexOutOfBoundsException("position: " + position + " (expected: 0 or more)");
        }
        if (readBytes.addAndGet(length) > readBytesMax) {
            readBytes.addAndGet(-length);
            throw new IOException(
                    "file: read of "
                            + length
                            + " bytes (expected: at most "
                            + readBytesMax
                            + " in all)");
        }
        int read = Natives.fileRead(handle.value(), position, target, offset, length);
        readBytes.addAndGet(read - length);
        return read == 0 && length > 0 ? -1 : read;
    }

    /// By its size and the time of its last change, which its owner can set.
    @Override
    public boolean hasChanged() throws BpfException {
        return Natives.fileHasChanged(
                handle.value(), attributes.size(), attributes.modifiedNanos());
    }

    @Override
    public void close() {
        handle.close();
    }
}

package io.emberscope.base.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/// The files of one directory tree that this process owns: the seam under the write-ahead log, the
/// segments and the agent's spool.
///
/// The contract is what a careful program may expect of a POSIX file system and no more:
///
/// - bytes written are durable only after [DiskFile#force] returned;
/// - a created, renamed or deleted *name* is durable only after [#forceDirectory] of its directory
///   returned;
/// - [#rename] is atomic: after a crash the target is the old file or the new one;
/// - what fails for want of room fails with a [DiskFullException].
///
/// [LocalDisk] is the real one. Tests use a faulty one that forgets what was not forced.
public interface Disk {
    /// Creates a new file for writing.
    ///
    /// @throws java.nio.file.FileAlreadyExistsException if the name is taken
    DiskFile create(Path path) throws IOException;

    /// Opens an existing file for reading and writing.
    ///
    /// @throws java.nio.file.NoSuchFileException if there is none
    DiskFile open(Path path) throws IOException;

    /// The whole content of a regular file; anything else (a pipe, a device) is refused with an
    /// [IOException].
    ///
    /// @param bytesMax refuses, with an [IOException], a file that is larger
    byte[] read(Path path, int bytesMax) throws IOException;

    /// Gives a file or directory another name, replacing what has that name. Atomic.
    void rename(Path from, Path to) throws IOException;

    /// Deletes a file or an empty directory; a missing one is no error.
    void delete(Path path) throws IOException;

    /// The names in a directory, sorted; empty if there is no such directory.
    List<Path> list(Path directory) throws IOException;

    /// Makes a directory and its parents, unless they are there, and makes their names durable.
    void createDirectories(Path directory) throws IOException;

    /// Claims a directory for this process until the lock is closed or the process ends. The claim
    /// is a file in the directory, which stays.
    ///
    /// @throws IOException if another process, or another lock of this one, has claimed it
    DiskLock lock(Path directory) throws IOException;

    /// Makes the names in a directory durable.
    void forceDirectory(Path directory) throws IOException;

    /// Bytes that can still be written to the file system that holds `path`.
    long usableBytes(Path path) throws IOException;

    /// Writes a whole file so that a crash leaves all of it or none of it: write beside, force,
    /// rename, force the directory.
    default void publish(Path target, byte[] content) throws IOException {
        Path beside = target.resolveSibling(target.getFileName() + ".tmp");
        delete(beside);
        try (DiskFile file = create(beside)) {
            file.append(ByteBuffer.wrap(content));
            file.force();
        }
        rename(beside, target);
        Path directory = target.getParent();
        if (directory != null) {
            forceDirectory(directory);
        }
    }
}

package io.emberscope.base.disk;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The real [Disk]: the file system of this machine.
public final class LocalDisk implements Disk {
    private static final String LOCK = "lock";

    /// The C library's texts for ENOSPC and EDQUOT, which is all that Java passes on. In another
    /// language they read differently, so the room that is left is looked at too.
    private static final List<String> FULL =
            List.of("No space left on device", "Disk quota exceeded");

    private static final long FULL_BYTES = 64 << 10;

    @Override
    public DiskFile create(Path path) throws IOException {
        try {
            return new LocalFile(
                    path,
                    FileChannel.open(
                            path,
                            StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw explained(path, e);
        }
    }

    @Override
    public DiskFile open(Path path) throws IOException {
        return new LocalFile(
                path, FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    @Override
    public byte[] read(Path path, int bytesMax) throws IOException {
        // To open a pipe would wait for somebody who writes into it.
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new IOException(path + ": (expected: a regular file)");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size > bytesMax) {
                throw new IOException(
                        path + ": " + size + " bytes (expected: at most " + bytesMax + ")");
            }
            if (size == 0) {
                return readToEnd(channel, path, bytesMax);
            }
            ByteBuffer buffer = ByteBuffer.allocate((int) size);
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
                // read on
            }
            return buffer.hasRemaining()
                    ? Arrays.copyOf(buffer.array(), buffer.position())
                    : buffer.array();
        }
    }

    /// Files of procfs and the like do not know their size before they are read.
    private static byte[] readToEnd(FileChannel channel, Path path, int bytesMax)
            throws IOException {
        InputStream in = Channels.newInputStream(channel);
        byte[] bytes = in.readNBytes(bytesMax);
        if (in.read() >= 0) {
            throw new IOException(path + ": longer (expected: at most " + bytesMax + " bytes)");
        }
        return bytes;
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        try {
            Files.move(
                    from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw explained(to, e);
        }
    }

    @Override
    public void delete(Path path) throws IOException {
        Files.deleteIfExists(path);
    }

    @Override
    public List<Path> list(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        }
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        Path parent = directory.toAbsolutePath().getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            createDirectories(parent);
        }
        boolean isNew = !Files.isDirectory(directory);
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw explained(directory, e);
        }
        if (parent != null) {
            try {
                // Also if it was there: whoever made it may have died before this line.
                forceDirectory(parent);
            } catch (AccessDeniedException e) {
                if (isNew) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public DiskLock lock(Path directory) throws IOException {
        Path path = directory.resolve(LOCK);
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = tryLock(channel);
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
        if (lock == null) {
            throw new IOException(
                    directory + ": in use by another process (expected: one process at a time)");
        }
        return channel::close;
    }

    @Override
    public long usableBytes(Path path) throws IOException {
        // Not Files.getFileStore: it looks for the mount point, which a process in a chroot, or one
        // whose mounts are hidden, cannot see.
        long bytes = path.toFile().getUsableSpace();
        if (bytes == 0 && !Files.exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
        return bytes;
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    private static IOException explained(Path path, IOException failure) {
        String message = String.valueOf(failure.getMessage());
        for (String text : FULL) {
            if (message.contains(text)) {
                return new DiskFullException(path + ": " + text, failure);
            }
        }
        return hasNoRoom(path) ? new DiskFullException(path + ": no space left", failure) : failure;
    }

    private static boolean hasNoRoom(Path path) {
        Path directory = path.toAbsolutePath().getParent();
        try {
            return directory != null && Files.getFileStore(directory).getUsableSpace() < FULL_BYTES;
        } catch (IOException e) {
            return false;
        }
    }

    private static final class LocalFile implements DiskFile {
        private final Path path;
        private final FileChannel channel;

        LocalFile(Path path, FileChannel channel) {
            this.path = path;
            this.channel = channel;
        }

        @Override
        public void append(ByteBuffer source) throws IOException {
            try {
                long end = channel.size();
                while (source.hasRemaining()) {
                    end += channel.write(source, end);
                }
            } catch (IOException e) {
                throw explained(path, e);
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int total = 0;
            while (target.hasRemaining()) {
                int read = channel.read(target, position + total);
                if (read < 0) {
                    break;
                }
                total += read;
            }
            return total;
        }

        @Override
        public void force() throws IOException {
            channel.force(false);
        }

        @Override
        public void truncate(long bytes) throws IOException {
            channel.truncate(bytes);
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}

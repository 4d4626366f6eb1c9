package io.emberscope.symbolizer;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A file of our own as a [ByteSource]. It follows links and trusts the path, so a file that
/// another user or container chose is never opened with it.
///
/// It reads and does not map: a mapped file that somebody truncates is an `InternalError` at the
/// next access. Safe for use by several threads.
public final class PathSource implements ByteSource {
    private final FileChannel channel;
    private final long size;

    private PathSource(FileChannel channel, long size) {
        this.channel = channel;
        this.size = size;
    }

    /// Opens the file at `path`.
    ///
    /// @throws java.nio.file.NoSuchFileException if there is none
    /// @throws IOException if it cannot be opened, or is none that can be read at any position: a
    ///   pipe, a device, a directory
    public static PathSource open(Path path) throws IOException {
        // To open a pipe would wait for somebody who writes into it.
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new IOException("file: a pipe, device or directory (expected: a regular file)");
        }
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        try {
            return new PathSource(channel, channel.size());
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) throws IOException {
        if (position < 0) {
            throw new IndexOutOfBoundsException(position);
        }
        return channel.read(ByteBuffer.wrap(target, offset, length), position);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("closing a file that was only read", e);
        }
    }
}

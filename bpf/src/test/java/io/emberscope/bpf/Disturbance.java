package io.emberscope.bpf;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A change of the machine that other tests feel: a CPU goes offline, a limit sinks. One at a time
/// on this machine, and undone whatever happens.
final class Disturbance implements AutoCloseable {
    private final FileChannel channel;
    private final FileLock lock;
    private final Path setting;
    private final String before;

    private Disturbance(FileChannel channel, FileLock lock, Path setting, String before) {
        this.channel = channel;
        this.lock = lock;
        this.setting = setting;
        this.before = before;
    }

    /// Waits until nobody else disturbs, and remembers what a file under `/proc` or `/sys` says.
    static Disturbance of(Path setting) throws IOException {
        Path file = Path.of(System.getProperty("java.io.tmpdir"), "emberscope-disturbance.lock");
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock();
        try (var in = Files.newInputStream(setting)) {
            String before =
                    new String(in.readNBytes(4096), java.nio.charset.StandardCharsets.UTF_8);
            return new Disturbance(channel, lock, setting, before);
        }
    }

    void set(String value) throws IOException {
        Files.writeString(setting, value);
    }

    @Override
    public void close() throws IOException {
        try {
            Files.writeString(setting, before);
        } finally {
            lock.release();
            channel.close();
        }
    }
}

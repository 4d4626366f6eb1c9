package io.emberscope.base.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Files of one directory that can be made again, by name, bounded in bytes: those not asked for
/// for longest go first. What else is in the directory is removed at the beginning. A file that
/// cannot be opened or written is as good as none, and says nothing. Not safe for use by several
/// threads.
///
/// It does not know what is in a file: whoever reads it must notice damage, and calls [#forget].
public final class FileCache {
    private final Path directory;
    private final Disk disk;
    private final long bytesMax;

    /// Bytes of each file by name, in the order in which they were asked for.
    private final Map<String, Long> files = new LinkedHashMap<>(64, 0.75f, true);

    private long bytes;

    /// Opens the cache in a directory of its own.
    ///
    /// @param names of files that an earlier run may have left and that are kept
    /// @throws IOException if the directory cannot be made or read
    public FileCache(Path directory, Disk disk, Pattern names, long bytesMax) throws IOException {
        this.directory = directory;
        this.disk = disk;
        this.bytesMax = bytesMax;
        disk.createDirectories(directory);
        for (Path file : disk.list(directory)) {
            String name = String.valueOf(file.getFileName());
            if (names.matcher(name).matches()) {
                try (DiskFile opened = disk.open(path(name))) {
                    account(name, opened.size());
                }
            } else {
                disk.delete(path(name)); // what a crash left half written
            }
        }
        evict("");
    }

    /// Where a file of the directory is, or would be.
    public Path path(String name) {
        return directory.resolve(name);
    }

    /// Whether there is a file of that name, which makes it the last to go.
    public boolean holds(String name) {
        return files.get(name) != null;
    }

    /// Opens a file, which makes it the last to go; null if it is not there.
    public @Nullable DiskFile open(String name) {
        if (!holds(name)) {
            return null;
        }
        try {
            return disk.open(path(name));
        } catch (IOException _) {
            forget(name);
            return null;
        }
    }

    /// Gives a file that was written in the directory under another name its own, in place of the
    /// one that may have it. Others make room for it; one that is larger than all room goes itself.
    ///
    /// @param size bytes
    /// @return whether it is there now
    /// @throws IOException if that fails; then there is no file of that name
    public boolean publish(Path written, String name, long size) throws IOException {
        if (size > bytesMax) {
            disk.delete(written);
            return false;
        }
        try {
            disk.rename(written, path(name));
        } catch (IOException e) {
            forget(name);
            throw e;
        }
        account(name, size);
        evict(name);
        return true;
    }

    /// Removes a file.
    public void forget(String name) {
        Long size = files.remove(name);
        bytes -= size == null ? 0 : size;
        delete(name);
    }

    /// Bytes of all files.
    public long bytes() {
        return bytes;
    }

    /// How many there are.
    public int size() {
        return files.size();
    }

    private void account(String name, long size) {
        Long before = files.put(name, size);
        bytes += size - (before == null ? 0 : before);
    }

    private void evict(String spared) {
        Iterator<Map.Entry<String, Long>> eldest = files.entrySet().iterator();
        while (bytes > bytesMax && eldest.hasNext()) {
            Map.Entry<String, Long> file = eldest.next();
            if (!file.getKey().equals(spared)) {
                eldest.remove();
                bytes -= file.getValue();
                delete(file.getKey());
            }
        }
    }

    private void delete(String name) {
        try {
            disk.delete(path(name));
        } catch (IOException _) {
            // It is found again, and judged again, at the next start.
        }
    }
}

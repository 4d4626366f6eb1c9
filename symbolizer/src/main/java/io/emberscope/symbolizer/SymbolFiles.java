package io.emberscope.symbolizer;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.base.disk.DiskSource;
import io.emberscope.base.disk.FileCache;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolFileWriter;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import io.emberscope.symbolizer.symbols.SymbolsTooLargeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Symbol files of binaries in a directory of our own: each is made once, of the binary's own
/// symbols, and by its build id it is found again after a restart, when the binary may be gone.
///
/// What was made of a binary that nobody vouches for, or that has no build id, is kept apart, in
/// less room and only until the next start, so that nobody's file gives names to others for longer
/// than it is there, or takes their room. Files need not survive a power cut, and nothing is
/// forced: a file that is damaged is noticed when it is read, and made again.
///
/// Safe for use by several threads.
public final class SymbolFiles {
    /// How much it may hold.
    ///
    /// @param functionsMax functions of one binary; while its file is made each may take
    ///   [io.emberscope.symbolizer.elf.FunctionTable#BUILD_BYTES_PER_FUNCTION]
    /// @param symbols what may be in one file
    /// @param keptBytesMax on disk, of files that are found again after a restart
    /// @param onceBytesMax on disk, of the others
    /// @param memoryBytesMax for what was read of all files of late
    public record Limits(
            int functionsMax,
            SymbolLimits symbols,
            long keptBytesMax,
            long onceBytesMax,
            long memoryBytesMax) {
        /// For an agent whose whole heap is a few tens of megabytes.
        public static final Limits OF_AGENT =
                new Limits(256 * 1024, SymbolLimits.OF_AGENT, 128L << 20, 32L << 20, 2L << 20);
    }

    private static final String SUFFIX = ".symbols";
    private static final Pattern KEPT = Pattern.compile("[0-9a-f]{8,64}\\" + SUFFIX);
    private static final Pattern NONE = Pattern.compile("");

    private final @Nullable Path directory;
    private final Disk disk;
    private final Limits limits;
    private final Consumer<String> log;
    private final SymbolMemory memory;
    private final Metrics.Counter opened;
    private final Metrics.Counter damaged;
    private final AtomicLong made = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();

    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable FileCache kept;
    private @Nullable FileCache once;
    private boolean isTried;
    private boolean isFailing;

    /// Nothing is opened yet.
    ///
    /// @param directory of its own, which no other process uses; made if it is not there; null if
    ///   there is none, and no file can be made
    /// @param log takes one sentence about each thing an operator should know
    public SymbolFiles(
            @Nullable Path directory,
            Disk disk,
            Limits limits,
            Metrics metrics,
            Consumer<String> log) {
        this.directory = directory;
        this.disk = disk;
        this.limits = limits;
        this.log = log;
        this.memory = new SymbolMemory(limits.memoryBytesMax);
        this.opened =
                metrics.counter(
                        "emberscope_symbolizer_files_opened_total",
                        "Symbol files opened, made just now or earlier.");
        this.damaged =
                metrics.counter(
                        "emberscope_symbolizer_files_damaged_total",
                        "Symbol files on disk that were damaged, or of another version.");
        metrics.gauge(
                "emberscope_symbolizer_file_bytes", "Symbol files on disk, in bytes.", bytes::get);
        metrics.gauge(
                "emberscope_symbolizer_memory_bytes",
                "Memory for what was read of symbol files of late.",
                memory::bytes);
    }

    /// Says whether a binary is still what it was.
    interface Check {
        boolean isStillRight();
    }

    /// Whether there is a file for that binary, which is wanted.
    boolean holds(BinaryKey key) {
        lock.lock();
        try {
            open();
            return cacheOf(name(key)) != null;
        } finally {
            lock.unlock();
        }
    }

    /// Opens the file of a binary; null if there is none. The caller closes it.
    @Nullable SymbolFile open(BinaryKey key) {
        String name = name(key);
        Path path;
        lock.lock();
        try {
            open();
            FileCache cache = cacheOf(name);
            if (cache == null) {
                return null;
            }
            path = cache.path(name);
        } finally {
            lock.unlock();
        }
        try {
            SymbolFile file = SymbolFile.open(DiskSource.open(disk, path), name, memory);
            if (file.buildId().equals(buildId(key))) {
                opened.increment();
                return file;
            }
            file.close();
        } catch (IOException _) {
            // It is made again.
        }
        forgetDamaged(key);
        return null;
    }

    /// Makes the file of a binary.
    ///
    /// @param file the binary
    /// @param isTrusted whether it speaks for all that have its build id
    /// @param check asked when all was read: what is not right is not kept
    /// @return whether it is there now
    /// @throws IOException if the binary cannot be read, or the file not be written
    boolean make(BinaryKey key, ElfFile file, boolean isTrusted, Check check) throws IOException {
        String name = name(key);
        FileCache cache = cacheFor(name, isTrusted);
        // Another thread may be at the same binary, and stuck.
        Path target = cache.path("made-" + made.incrementAndGet());
        try (SymbolFileWriter writer =
                new SymbolFileWriter(disk, target, buildId(key), limits.symbols)) {
            BinarySymbols.tellNames(file, limits.functionsMax, disk, target, writer);
            if (!check.isStillRight()) {
                return false;
            }
            writer.finishUnforced();
        }
        long size;
        try (DiskFile written = disk.open(target)) {
            size = written.size();
        }
        lock.lock();
        try {
            if (!cache.publish(target, name, size)) {
                throw new SymbolsTooLargeException("symbol file: " + size + " bytes");
            }
            isFailing = false;
            count();
        } finally {
            lock.unlock();
        }
        return true;
    }

    /// Notes that a file could not be written.
    void failed(IOException why) {
        lock.lock();
        try {
            isTried = false; // the directory itself may be what is missing
            if (!isFailing) {
                isFailing = true;
                log.accept("no names of some binaries, as symbol files cannot be kept: " + why);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Removes a file that turned out to be damaged.
    void forgetDamaged(BinaryKey key) {
        damaged.increment();
        lock.lock();
        try {
            forget(kept, name(key));
            forget(once, name(key));
        } finally {
            lock.unlock();
        }
    }

    /// Removes a file that would not be found again anyway.
    void forgetOnce(BinaryKey key) {
        lock.lock();
        try {
            forget(once, name(key));
        } finally {
            lock.unlock();
        }
    }

    private void forget(@Nullable FileCache cache, String name) {
        if (cache != null && cache.holds(name)) {
            cache.forget(name);
            count();
        }
    }

    private void count() {
        bytes.set((kept == null ? 0 : kept.bytes()) + (once == null ? 0 : once.bytes()));
    }

    /// What has a file of that name; null if there is none.
    private @Nullable FileCache cacheOf(String name) {
        if (kept != null && kept.holds(name)) {
            return kept;
        }
        return once != null && once.holds(name) ? once : null;
    }

    private FileCache cacheFor(String name, boolean isTrusted) throws IOException {
        lock.lock();
        try {
            open();
            FileCache cache = isTrusted && KEPT.matcher(name).matches() ? kept : once;
            if (cache == null) {
                throw new IOException(
                        directory == null
                                ? "no directory (expected: one of our own)"
                                : directory + ": not to be used");
            }
            return cache;
        } finally {
            lock.unlock();
        }
    }

    /// Opens the directory, if that was not tried yet.
    private void open() {
        if (directory == null || isTried || once != null) {
            return;
        }
        isTried = true;
        try {
            kept = new FileCache(directory.resolve("kept"), disk, KEPT, limits.keptBytesMax);
            once = new FileCache(directory.resolve("once"), disk, NONE, limits.onceBytesMax);
            count();
        } catch (IOException e) {
            log.accept(directory + ": " + e + "; names of binaries are not kept");
        }
    }

    private static String name(BinaryKey key) {
        return switch (key) {
            case BinaryKey.BuildId(String hex) -> hex + SUFFIX;
            case BinaryKey.FileIdentity(long device, long inode, long changedNanos, long size) ->
                    "%x-%x-%x-%x".formatted(device, inode, changedNanos, size) + SUFFIX;
        };
    }

    private static String buildId(BinaryKey key) {
        return key instanceof BinaryKey.BuildId(String hex) ? hex : "";
    }
}

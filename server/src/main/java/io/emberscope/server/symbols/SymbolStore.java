package io.emberscope.server.symbols;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskSource;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.TenantId;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import io.emberscope.symbolizer.symbols.SymbolSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The symbol files that a server keeps, by whose they are and by build id. What was not used for
/// longest goes when a scope has more than it may. A file that is in use is read to the end also if
/// it was replaced or dropped meanwhile. Safe for use by several threads.
///
/// On disk: `SCOPE/BUILD_ID.symbols`, each whole or not there at all; what is being made is in
/// [#incoming], which is emptied at start.
public final class SymbolStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SymbolStore.class);
    private static final String SUFFIX = ".symbols";
    private static final String INCOMING = "incoming";
    private static final String FILES = "emberscope_server_symbol_files";

    /// Files open at once; those in use are not counted.
    private static final int IDLE_OPEN_MAX = 128;

    private final Path directory;
    private final Disk disk;
    private final long scopeBytesMax;
    private final SymbolMemory memory;
    private final Metrics.Counter dropped;
    private final Metrics.Counter damaged;

    // All that follows: guarded by this. In the order of last use.
    private final LinkedHashMap<Key, Entry> entries = new LinkedHashMap<>(64, 0.75f, true);
    private final LinkedHashMap<Key, Entry> idle = new LinkedHashMap<>(64, 0.75f, true);
    private final Map<SymbolScope, Long> scopeBytes = new HashMap<>();

    private record Key(SymbolScope scope, String buildId) {}

    private static final class Entry {
        final Key key;
        final About about;
        @Nullable SymbolFile file;
        int users;
        boolean isGone;

        Entry(Key key, About about) {
            this.key = key;
            this.about = about;
        }
    }

    /// What is known of a symbol file.
    ///
    /// @param buildId of its binary
    /// @param isShared whether it is everybody's
    /// @param bytes of the file
    /// @param functions different names
    /// @param rows ranges of code with function and line
    /// @param sources what it was made from
    public record About(
            String buildId,
            boolean isShared,
            long bytes,
            int functions,
            int rows,
            Set<SymbolSource> sources) {}

    /// A symbol file in use. Closing it lets others close the file.
    public final class Lease implements AutoCloseable {
        private final Entry entry;
        private final SymbolFile file;

        private Lease(Entry entry, SymbolFile file) {
            this.entry = entry;
            this.file = file;
        }

        /// The file; not to be used once this is closed.
        public SymbolFile file() {
            return file;
        }

        /// Drops the file from the store, as it is damaged.
        public void isDamaged(IOException how) {
            damaged(entry, how);
        }

        @Override
        public void close() {
            release(entry);
        }
    }

    private SymbolStore(
            Path directory, Disk disk, long scopeBytesMax, SymbolMemory memory, Metrics metrics) {
        this.directory = directory;
        this.disk = disk;
        this.scopeBytesMax = scopeBytesMax;
        this.memory = memory;
        this.dropped =
                metrics.counter(
                        "emberscope_server_symbol_files_dropped_total",
                        "Symbol files deleted because there was no room for all.");
        this.damaged =
                metrics.counter(
                        "emberscope_server_symbol_files_damaged_total",
                        "Symbol files deleted because they were damaged.");
        metrics.gauge(FILES, "Symbol files on disk.", this::size);
        metrics.gauge(
                "emberscope_server_symbol_file_bytes",
                "Size of the symbol files on disk.",
                this::bytes);
        metrics.gauge(
                "emberscope_server_symbol_memory_bytes",
                "Memory for what was read of symbol files.",
                memory::bytes);
    }

    /// Opens the store in a directory that nobody else changes; makes it if it is missing.
    ///
    /// @param scopeBytesMax size of all files of a tenant, and of all that are shared
    /// @param memoryBytesMax heap for what was read last
    public static SymbolStore open(
            Path directory, Disk disk, long scopeBytesMax, long memoryBytesMax, Metrics metrics)
            throws IOException {
        SymbolStore store =
                new SymbolStore(
                        directory, disk, scopeBytesMax, new SymbolMemory(memoryBytesMax), metrics);
        disk.createDirectories(store.incoming());
        for (Path left : disk.list(store.incoming())) {
            disk.delete(left);
        }
        synchronized (store) {
            for (Path scope : disk.list(directory)) {
                if (!scope.equals(store.incoming())) {
                    store.find(new SymbolScope(scope.getFileName().toString()));
                }
            }
        }
        return store;
    }

    private void find(SymbolScope scope) throws IOException {
        for (Path path : disk.list(directory.resolve(scope.directory()))) {
            String name = path.getFileName().toString();
            String buildId = name.substring(0, Math.max(0, name.length() - SUFFIX.length()));
            if (!name.endsWith(SUFFIX) || !BuildIds.isLegal(buildId)) {
                continue;
            }
            Key key = new Key(scope, buildId);
            try (SymbolFile file = read(path)) {
                put(new Entry(key, about(key, file)));
            } catch (MalformedInputException e) {
                // It stays, as a version of this program that knows its format may come back.
                LOG.warn("Not using {}: {}", path, text(e));
            }
        }
        evict(scope);
    }

    /// Where files are made that [#add] takes; on the same file system.
    public Path incoming() {
        return directory.resolve(INCOMING);
    }

    /// The symbols of a binary for a tenant's profiles: those the tenant gave, or else those that
    /// are shared; null if there are none.
    public @Nullable Lease lease(TenantId tenant, String buildId) {
        if (!BuildIds.isLegal(buildId)) {
            return null;
        }
        Lease own = lease(new Key(SymbolScope.of(tenant), buildId));
        return own != null ? own : lease(new Key(SymbolScope.SHARED, buildId));
    }

    /// Whether there are symbols of a binary for a tenant's profiles.
    public synchronized boolean has(TenantId tenant, String buildId) {
        return entries.containsKey(new Key(SymbolScope.of(tenant), buildId))
                || entries.containsKey(new Key(SymbolScope.SHARED, buildId));
    }

    /// What there is for a tenant's profiles, by build id.
    public synchronized List<About> list(TenantId tenant) {
        SymbolScope own = SymbolScope.of(tenant);
        List<About> list = new ArrayList<>();
        for (Entry entry : entries.values()) {
            if (entry.key.scope.equals(own) || entry.about.isShared) {
                list.add(entry.about);
            }
        }
        list.sort((a, b) -> a.buildId.compareTo(b.buildId));
        return list;
    }

    /// Files there are.
    public synchronized int size() {
        return entries.size();
    }

    private synchronized long bytes() {
        return scopeBytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /// Takes a symbol file that a tenant gave.
    ///
    /// @param file in [#incoming]; it is gone afterwards
    /// @return what is kept for its build id now: one that says less does not replace one that says
    ///   more
    /// @throws MalformedInputException if it is none, or has no build id
    About add(TenantId tenant, Path file) throws IOException {
        return add(SymbolScope.of(tenant), file);
    }

    /// Takes a symbol file that is for everybody; as [#add].
    About addShared(Path file) throws IOException {
        return add(SymbolScope.SHARED, file);
    }

    private synchronized About add(SymbolScope scope, Path path) throws IOException {
        Key key;
        About about;
        try (SymbolFile file = read(path)) {
            key = new Key(scope, BuildIds.checked(file.buildId()));
            about = about(key, file);
        }
        if (about.bytes > scopeBytesMax) {
            throw new MalformedInputException(
                    "symbols: "
                            + about.bytes
                            + " bytes (expected: at most "
                            + scopeBytesMax
                            + ", the room there is for all)");
        }
        Entry before = entries.get(key);
        if (before != null && rank(before.about) > rank(about)) {
            disk.delete(path);
            return before.about;
        }
        Path target = path(key);
        disk.createDirectories(directory.resolve(scope.directory()));
        disk.rename(path, target);
        disk.forceDirectory(directory.resolve(scope.directory()));
        if (before != null) {
            remove(before);
        }
        put(new Entry(key, about));
        evict(scope);
        return about;
    }

    /// More for those from which more is known.
    private static int rank(About about) {
        return (about.sources.contains(SymbolSource.DEBUG_INFO) ? 4 : 0)
                + (about.sources.contains(SymbolSource.GO_TABLE) ? 2 : 0)
                + (about.sources.contains(SymbolSource.SYMBOLS)
                                || about.sources.contains(SymbolSource.MINI_DEBUG_INFO)
                        ? 1
                        : 0);
    }

    @Override
    public synchronized void close() {
        for (Entry entry : entries.values()) {
            entry.isGone = true;
            closeUnused(entry);
        }
        entries.clear();
        idle.clear();
        scopeBytes.clear();
    }

    private synchronized @Nullable Lease lease(Key key) {
        Entry entry = entries.get(key);
        if (entry == null) {
            return null;
        }
        SymbolFile file = entry.file;
        if (file == null) {
            try {
                file = read(path(key));
            } catch (IOException e) {
                damaged(entry, e);
                return null;
            }
            entry.file = file;
        }
        idle.remove(key);
        entry.users++;
        return new Lease(entry, file);
    }

    private synchronized void release(Entry entry) {
        entry.users--;
        if (entry.users == 0 && !entry.isGone) {
            idle.put(entry.key, entry);
            if (idle.size() > IDLE_OPEN_MAX) {
                Iterator<Entry> eldest = idle.values().iterator();
                Entry closed = eldest.next();
                eldest.remove();
                closeUnused(closed);
            }
        }
        if (entry.isGone) {
            closeUnused(entry);
        }
    }

    private synchronized void damaged(Entry entry, IOException how) {
        if (!entry.isGone) {
            LOG.warn("Deleting {}, which is damaged: {}", path(entry.key), text(how));
            damaged.increment();
            drop(entry);
        }
    }

    private void evict(SymbolScope scope) {
        Iterator<Entry> eldest = List.copyOf(entries.values()).iterator();
        while (scopeBytes.getOrDefault(scope, 0L) > scopeBytesMax && eldest.hasNext()) {
            Entry entry = eldest.next();
            if (entry.key.scope.equals(scope)) {
                drop(entry);
                dropped.increment();
            }
        }
    }

    private void drop(Entry entry) {
        remove(entry);
        try {
            disk.delete(path(entry.key));
        } catch (IOException e) {
            LOG.warn("{} cannot be deleted: {}", path(entry.key), text(e));
        }
    }

    private void put(Entry entry) {
        entries.put(entry.key, entry);
        scopeBytes.merge(entry.key.scope, entry.about.bytes, Long::sum);
    }

    private void remove(Entry entry) {
        entries.remove(entry.key);
        idle.remove(entry.key);
        scopeBytes.merge(entry.key.scope, -entry.about.bytes, Long::sum);
        entry.isGone = true;
        closeUnused(entry);
    }

    private static void closeUnused(Entry entry) {
        if (entry.users == 0 && entry.file != null) {
            entry.file.close();
            entry.file = null;
        }
    }

    private SymbolFile read(Path path) throws IOException {
        return SymbolFile.open(DiskSource.open(disk, path), path.getFileName().toString(), memory);
    }

    private static About about(Key key, SymbolFile file) {
        return new About(
                key.buildId,
                key.scope.equals(SymbolScope.SHARED),
                file.bytes(),
                file.functions(),
                file.rows(),
                Set.copyOf(file.sources()));
    }

    private Path path(Key key) {
        return directory.resolve(key.scope.directory()).resolve(key.buildId + SUFFIX);
    }

    private static String text(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}

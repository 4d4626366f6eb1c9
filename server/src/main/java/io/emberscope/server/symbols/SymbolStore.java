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

    // For whoever must not wait.
    private volatile int files;
    private volatile long bytes;

    private record Key(SymbolScope scope, String buildId) {}

    private static final class Entry {
        final Key key;
        final About about;
        @Nullable Opened opened;
        boolean isGone;

        Entry(Key key, About about) {
            this.key = key;
            this.about = about;
        }
    }

    /// A file that is open: closed once it is to be and nobody uses it.
    private static final class Opened {
        final SymbolFile file;
        int users;
        boolean isToClose;

        Opened(SymbolFile file) {
            this.file = file;
        }

        void closeIfUnused() {
            if (isToClose && users == 0) {
                file.close();
            }
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
            Set<SymbolSource> sources) {
        /// Whether it has all that a debug file tells.
        boolean isWhole() {
            return sources.contains(SymbolSource.DEBUG_INFO);
        }
    }

    /// A symbol file in use. Closing it lets others close the file.
    public final class Lease implements AutoCloseable {
        private final Entry entry;
        private final Opened opened;

        private Lease(Entry entry, Opened opened) {
            this.entry = entry;
            this.opened = opened;
        }

        /// The file; not to be used once this is closed.
        public SymbolFile file() {
            return opened.file;
        }

        /// Whether others may know more.
        boolean mayBeBettered() {
            return !entry.about.isWhole();
        }

        /// Says that reading failed. A damaged file is dropped from the store; one that could not
        /// be read is opened anew by whoever wants it next.
        public void failed(IOException how) {
            SymbolStore.this.failed(entry, opened, how);
        }

        @Override
        public void close() {
            release(entry, opened);
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
                () -> bytes);
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
            } catch (IOException e) {
                // It stays, as a version of this program that knows its format may come back.
                LOG.warn("Not using {}: {}", path, Texts.of(e));
            }
        }
        evict(scope);
    }

    /// Where files are made that [#add] takes; on the same file system.
    public Path incoming() {
        return directory.resolve(INCOMING);
    }

    /// The symbols of a binary for a tenant's profiles: those that say more, of those the tenant
    /// gave and those that are shared, the tenant's if both say the same; null if there are none.
    public @Nullable Lease lease(TenantId tenant, String buildId) {
        if (!BuildIds.isLegal(buildId)) {
            return null;
        }
        Key own = new Key(SymbolScope.of(tenant), buildId);
        Key shared = new Key(SymbolScope.SHARED, buildId);
        synchronized (this) {
            boolean isSharedBetter = rank(shared) > rank(own);
            Lease lease = lease(isSharedBetter ? shared : own);
            return lease != null ? lease : lease(isSharedBetter ? own : shared);
        }
    }

    /// Whether there are symbols of a binary that are everybody's.
    synchronized boolean hasShared(String buildId) {
        return entries.containsKey(new Key(SymbolScope.SHARED, buildId));
    }

    private int rank(Key key) {
        Entry entry = entries.get(key);
        return entry == null ? -1 : rank(entry.about);
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
    public int size() {
        return files;
    }

    private void count() {
        files = entries.size();
        bytes = scopeBytes.values().stream().mapToLong(Long::longValue).sum();
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
        if (before != null) {
            remove(before);
        }
        put(new Entry(key, about));
        evict(scope);
        disk.forceDirectory(directory.resolve(scope.directory()));
        return about;
    }

    /// More for those from which more is known.
    private static int rank(About about) {
        return (about.isWhole() ? 4 : 0)
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
            close(entry);
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
        Opened opened = entry.opened;
        if (opened == null) {
            try {
                opened = new Opened(read(path(key)));
            } catch (IOException e) {
                failed(entry, e);
                return null;
            }
            entry.opened = opened;
        }
        idle.remove(key);
        opened.users++;
        return new Lease(entry, opened);
    }

    private synchronized void release(Entry entry, Opened opened) {
        opened.users--;
        if (opened.users == 0 && !opened.isToClose) {
            idle.put(entry.key, entry);
            if (idle.size() > IDLE_OPEN_MAX) {
                Iterator<Entry> eldest = idle.values().iterator();
                Entry closed = eldest.next();
                eldest.remove();
                close(closed);
            }
        }
        opened.closeIfUnused();
    }

    private synchronized void failed(Entry entry, Opened opened, IOException how) {
        // An interrupt of one reader closes the file under all.
        opened.isToClose = true;
        if (entry.opened == opened) {
            entry.opened = null;
        }
        failed(entry, how);
    }

    private void failed(Entry entry, IOException how) {
        if (entry.isGone) {
            return;
        }
        if (how instanceof MalformedInputException) {
            LOG.warn("Deleting {}, which is damaged: {}", path(entry.key), Texts.of(how));
            damaged.increment();
            drop(entry);
        } else {
            LOG.warn("{} cannot be read now: {}", path(entry.key), Texts.of(how));
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
            LOG.warn("{} cannot be deleted: {}", path(entry.key), Texts.of(e));
        }
    }

    private void put(Entry entry) {
        entries.put(entry.key, entry);
        scopeBytes.merge(entry.key.scope, entry.about.bytes, Long::sum);
        count();
    }

    private void remove(Entry entry) {
        entries.remove(entry.key);
        idle.remove(entry.key);
        scopeBytes.merge(entry.key.scope, -entry.about.bytes, Long::sum);
        count();
        entry.isGone = true;
        close(entry);
    }

    private static void close(Entry entry) {
        Opened opened = entry.opened;
        if (opened != null) {
            entry.opened = null;
            opened.isToClose = true;
            opened.closeIfUnused();
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
}

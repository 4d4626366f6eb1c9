package io.emberscope.symbolizer;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.OwnAddresses;
import io.emberscope.symbolizer.elf.TooManyFunctionsException;
import io.emberscope.symbolizer.symbols.Place;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolsTooLargeException;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The door for names in binaries: they come from symbol files, which are made once of each.
///
/// A binary is opened when it is seen first ([#hold]), as it may be gone soon, and is closed when
/// its symbol file was made ([#prepare], or the first name asked for); one whose symbol file is on
/// disk is never opened. The numbers of open files of either kind are bounded. What cannot be read
/// is remembered and not tried again at once. Nothing here throws for what is wrong with a binary
/// or the disk: it is counted, and the frame has no name.
///
/// Not safe for use by several threads; its metrics are.
public final class SymbolCache implements AutoCloseable {
    /// How much it may hold.
    ///
    /// @param sourcesMax binaries open at once that have no symbol file yet
    /// @param filesMax symbol files open at once
    /// @param binariesMax binaries known at once, also those that gave no names
    /// @param idleNanos how long a binary that nobody asks for is kept by [#expire], so that
    ///   deleted files do not hold their disk space for ever
    public record Limits(int sourcesMax, int filesMax, int binariesMax, long idleNanos) {
        /// For an agent whose whole heap is a few tens of megabytes.
        public static final Limits OF_AGENT =
                new Limits(256, 64, 4096, TimeUnit.MINUTES.toNanos(10));

        public Limits {
            if (sourcesMax < 1 || filesMax < 1 || binariesMax < 1) {
                throw new IllegalArgumentException("limits: (expected: at least 1)");
            }
        }
    }

    private final SymbolFiles store;
    private final Limits limits;
    private final LongSupplier nanoTime;
    private final LinkedHashMap<BinaryKey, Binary> binaries = new LinkedHashMap<>(64, 0.75f, true);

    /// Those that wait for their symbol file to be made.
    private final LinkedHashMap<BinaryKey, Binary> sources = new LinkedHashMap<>(64, 0.75f, true);

    /// Those whose symbol file is open.
    private final LinkedHashMap<BinaryKey, Binary> files = new LinkedHashMap<>(64, 0.75f, true);

    private final Place place = new Place();
    private final SymbolCounters count;
    private volatile int sourceCount;
    private volatile int fileCount;
    private volatile int binaryCount;

    /// What is known of one binary.
    private static final class Binary {
        final BinaryKey key;
        OwnAddresses addresses = OwnAddresses.none();
        @Nullable SymbolFile file;
        @Nullable ByteSource source;
        boolean isTrusted;
        int failures;
        boolean isRefused;
        long retryAt;
        long usedAt;

        Binary(BinaryKey key) {
            this.key = key;
        }
    }

    /// @param store has the symbol files
    /// @param nanoTime monotonic
    public SymbolCache(SymbolFiles store, Limits limits, LongSupplier nanoTime, Metrics metrics) {
        this.store = store;
        this.limits = limits;
        this.nanoTime = nanoTime;
        this.count = new SymbolCounters(metrics);
        metrics.gauge(
                "emberscope_symbolizer_binaries",
                "Binaries known, with names or without.",
                () -> binaryCount);
        metrics.gauge(
                "emberscope_symbolizer_open_sources",
                "Binaries open as files until their symbol file is made.",
                () -> sourceCount);
        metrics.gauge(
                "emberscope_symbolizer_open_files", "Symbol files that are open.", () -> fileCount);
    }

    /// What is known of a place in a binary. A caller's frame has the address that its callee
    /// returns to, which may be the first of the next function: ask for it minus one.
    ///
    /// @param opener used only if there is no symbol file and the binary is not open already
    /// @param mayMake whether a symbol file that is not there is to be made, which takes a while
    public NamedPlace find(BinaryKey key, long fileOffset, SourceOpener opener, boolean mayMake) {
        Binary binary = binary(key);
        SymbolFile file = file(binary, opener, mayMake);
        if (file == null) {
            (mayMake || isTooEarly(binary) ? count.refused : count.later).increment();
            return new NamedPlace(null, binary.addresses.of(fileOffset));
        }
        try {
            return find(file, binary.addresses.of(fileOffset));
        } catch (IOException _) {
            // Damaged, or closed for room by whoever shares the disk.
            closeFile(binary);
            store.forgetDamaged(key);
        }
        file = file(binary, opener, mayMake);
        try {
            if (file != null) {
                return find(file, binary.addresses.of(fileOffset));
            }
        } catch (IOException e) {
            store.failed(e);
            refuse(binary, RefusalReason.NO_ROOM);
        }
        count.refused.increment();
        return new NamedPlace(null, binary.addresses.of(fileOffset));
    }

    private NamedPlace find(SymbolFile file, long address) throws IOException {
        // The agent knows of no inlined functions; whoever does can go by the address.
        String name =
                address != ElfFile.NOWHERE && file.find(address, place)
                        ? place.function(place.depth() - 1)
                        : null;
        (name == null ? count.nameless : count.named).increment();
        return new NamedPlace(name, address);
    }

    /// Opens a binary's file if its names are not known yet, so that it can be read later even if
    /// whoever runs it is gone by then.
    ///
    /// @return whether its names can be had from now on
    public boolean hold(BinaryKey key, SourceOpener opener) {
        Binary binary = binary(key);
        return binary.file != null
                || store.holds(key)
                || (!isTooEarly(binary) && source(binary, opener) != null);
    }

    /// Makes the symbol file of a binary if it is not there yet.
    public void prepare(BinaryKey key, SourceOpener opener) {
        Binary binary = binary(key);
        if (binary.file == null && !store.holds(key)) {
            make(binary, opener);
        }
    }

    /// Whether a binary has its symbol file.
    public boolean isPrepared(BinaryKey key) {
        Binary binary = binaries.get(key);
        return (binary != null && binary.file != null) || store.holds(key);
    }

    /// Lets go of binaries that nobody has asked for of late, and of symbol files that had to make
    /// room. To be called now and then.
    public void expire() {
        long now = nanoTime.getAsLong();
        Iterator<Binary> eldest = binaries.values().iterator();
        while (eldest.hasNext()) {
            Binary binary = eldest.next();
            if (now - binary.usedAt < limits.idleNanos) {
                break;
            }
            eldest.remove();
            forget(binary);
        }
        binaryCount = binaries.size();
        for (Binary binary : files.values().toArray(new Binary[0])) {
            if (!store.holds(binary.key)) {
                closeFile(binary);
            }
        }
    }

    @Override
    public void close() {
        for (Binary binary : binaries.values()) {
            closeSource(binary);
            closeFile(binary);
        }
        binaries.clear();
        binaryCount = 0;
    }

    private Binary binary(BinaryKey key) {
        Binary binary = binaries.get(key);
        if (binary == null) {
            binary = new Binary(key);
            binaries.put(key, binary);
            if (binaries.size() > limits.binariesMax) {
                Iterator<Binary> eldest = binaries.values().iterator();
                Binary dropped = eldest.next();
                eldest.remove();
                forget(dropped);
            }
            binaryCount = binaries.size();
        }
        binary.usedAt = nanoTime.getAsLong();
        return binary;
    }

    private static boolean isTooEarly(Binary binary) {
        return binary.isRefused && binary.usedAt - binary.retryAt < 0;
    }

    /// The symbol file, opened now or made now; null if it cannot be had.
    private @Nullable SymbolFile file(Binary binary, SourceOpener opener, boolean mayMake) {
        if (binary.file != null) {
            files.get(binary.key); // moves it to the end of the queue
            return binary.file;
        }
        SymbolFile file = store.open(binary.key);
        if (file == null && mayMake && make(binary, opener)) {
            file = store.open(binary.key);
        }
        if (file == null) {
            return null;
        }
        binary.file = file;
        binary.addresses = file.addresses();
        files.put(binary.key, binary);
        if (files.size() > limits.filesMax) {
            closeFile(files.values().iterator().next());
        }
        fileCount = files.size();
        return file;
    }

    private boolean make(Binary binary, SourceOpener opener) {
        if (isTooEarly(binary)) {
            return false;
        }
        ByteSource source = source(binary, opener);
        if (source == null) {
            return false;
        }
        long start = nanoTime.getAsLong();
        WatchedSource watched = new WatchedSource(source);
        try {
            ElfFile file = ElfFile.open(watched);
            binary.addresses = file.addresses();
            // A file may be written over while it is open, and then has the names of other code.
            if (store.make(
                    binary.key, file, binary.isTrusted, () -> isStillRight(binary, source))) {
                count.filesMade.increment();
                binary.isRefused = false;
                binary.failures = 0;
                closeSource(binary);
                return true;
            }
            binary.addresses = OwnAddresses.none();
        } catch (TooManyFunctionsException | SymbolsTooLargeException e) {
            refuse(binary, RefusalReason.TOO_LARGE);
        } catch (MalformedInputException e) {
            refuse(binary, RefusalReason.MALFORMED);
        } catch (IOException e) {
            if (watched.isBroken()) {
                refuse(binary, RefusalReason.UNREADABLE);
            } else {
                store.failed(e);
                refuse(binary, RefusalReason.NO_ROOM);
            }
        } finally {
            count.makingNanos.add(nanoTime.getAsLong() - start);
        }
        return false;
    }

    /// The binary's file, opened now if need be and checked to be the right one.
    private @Nullable ByteSource source(Binary binary, SourceOpener opener) {
        if (binary.source != null) {
            sources.get(binary.key); // moves it to the end of the queue
            return binary.source;
        }
        SourceOpener.Opened opened;
        try {
            opened = opener.open();
        } catch (IOException e) {
            refuse(binary, RefusalReason.UNREADABLE);
            return null;
        }
        count.sourcesOpened.increment();
        binary.source = opened.source();
        binary.isTrusted = opened.isTrusted();
        sources.put(binary.key, binary);
        if (sources.size() > limits.sourcesMax) {
            count.sourcesEvicted.increment();
            closeSource(sources.values().iterator().next());
        }
        sourceCount = sources.size();
        return isRight(binary, opened.source()) ? opened.source() : null;
    }

    /// Whether a source has the build id that it must have; where there is none it cannot be told.
    private boolean isRight(Binary binary, ByteSource source) {
        if (!(binary.key instanceof BinaryKey.BuildId(String hex))) {
            return true;
        }
        try {
            if (ElfFile.open(source).buildId().equals(Optional.of(hex))) {
                return true;
            }
            refuse(binary, RefusalReason.WRONG_BUILD_ID);
        } catch (MalformedInputException e) {
            refuse(binary, RefusalReason.MALFORMED);
        } catch (IOException e) {
            refuse(binary, RefusalReason.UNREADABLE);
        }
        return false;
    }

    private boolean isStillRight(Binary binary, ByteSource source) {
        try {
            if (!source.hasChanged()) {
                return isRight(binary, source);
            }
            refuse(binary, RefusalReason.CHANGED);
        } catch (IOException e) {
            refuse(binary, RefusalReason.UNREADABLE);
        }
        return false;
    }

    private void refuse(Binary binary, RefusalReason reason) {
        count.refusal(reason).increment();
        if (reason != RefusalReason.NO_ROOM) {
            closeSource(binary);
        }
        binary.isRefused = true;
        binary.retryAt = binary.usedAt + reason.waitNanos(binary.failures++);
    }

    private void forget(Binary binary) {
        closeSource(binary);
        closeFile(binary);
        store.forgetOnce(binary.key);
    }

    private void closeSource(Binary binary) {
        if (binary.source != null) {
            sources.remove(binary.key);
            sourceCount = sources.size();
            binary.source.close();
            binary.source = null;
        }
    }

    private void closeFile(Binary binary) {
        if (binary.file != null) {
            files.remove(binary.key);
            fileCount = files.size();
            binary.file.close();
            binary.file = null;
        }
    }
}

package io.emberscope.symbolizer;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import io.emberscope.symbolizer.elf.OwnAddresses;
import io.emberscope.symbolizer.elf.TooManyFunctionsException;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The door for names in binaries: function tables of the binaries used last, in bounded memory.
///
/// A table is built when the first name is asked for. Its file stays open, as the names are in it
/// and as it may be deleted meanwhile; the number of open files is bounded too, and a file that had
/// to be closed is opened again when needed. What cannot be read is remembered and not tried again
/// at once. Nothing here throws for what is wrong with a binary: it is counted, and the frame has
/// no name.
///
/// Not safe for use by several threads; its metrics are.
public final class SymbolCache implements AutoCloseable {
    /// How much it may hold.
    ///
    /// @param bytesMax memory of all function tables
    /// @param functionsMax functions of one binary; while its table is built each may take
    ///   [FunctionTable#BUILD_BYTES_PER_FUNCTION]
    /// @param sourcesMax files open at once
    /// @param binariesMax binaries known at once, also those that gave no names
    /// @param idleNanos how long a binary that nobody asks for is kept by [#expire], so that
    ///   deleted files do not hold their disk space for ever
    public record Limits(
            long bytesMax, int functionsMax, int sourcesMax, int binariesMax, long idleNanos) {
        /// For an agent whose whole heap is a few tens of megabytes.
        public static final Limits OF_AGENT =
                new Limits(8L << 20, 256 * 1024, 256, 4096, TimeUnit.MINUTES.toNanos(10));

        public Limits {
            if (bytesMax < 1 || functionsMax < 1 || sourcesMax < 1 || binariesMax < 1) {
                throw new IllegalArgumentException("limits: (expected: at least 1)");
            }
        }
    }

    /// Memory of a binary beside its table: key, map entries, this and that.
    private static final int BYTES_PER_BINARY = 512;

    private final Limits limits;
    private final LongSupplier nanoTime;
    private final LinkedHashMap<BinaryKey, Binary> binaries = new LinkedHashMap<>(64, 0.75f, true);
    private final LinkedHashMap<BinaryKey, Binary> open = new LinkedHashMap<>(64, 0.75f, true);
    private final RecentNames recent = new RecentNames();
    private int lastNumber;
    private final SymbolCounters count;
    private final AtomicLong bytes = new AtomicLong();
    private volatile int openCount;
    private volatile int binaryCount;

    /// What is known of one binary.
    private static final class Binary {
        final BinaryKey key;
        @Nullable FunctionTable table;
        OwnAddresses addresses = OwnAddresses.none();
        @Nullable ByteSource source;
        int number;
        int failures;
        boolean isRefused;
        long retryAt;
        long usedAt;

        Binary(BinaryKey key) {
            this.key = key;
        }
    }

    /// @param nanoTime monotonic
    public SymbolCache(Limits limits, LongSupplier nanoTime, Metrics metrics) {
        this.limits = limits;
        this.nanoTime = nanoTime;
        this.count = new SymbolCounters(metrics);
        metrics.gauge(
                "emberscope_symbolizer_table_bytes",
                "Memory that function tables take.",
                bytes::get);
        metrics.gauge(
                "emberscope_symbolizer_binaries",
                "Binaries known, with names or without.",
                () -> binaryCount);
        metrics.gauge(
                "emberscope_symbolizer_open_sources", "Binaries open as files.", () -> openCount);
    }

    /// The name of the function at a place in a binary, as the linker knows it; null if it is not
    /// known. A caller's frame has the address that its callee returns to, which may be the first
    /// of the next function: ask for it minus one.
    ///
    /// @param opener used only if the binary is not open already
    public @Nullable String name(BinaryKey key, long fileOffset, SourceOpener opener) {
        Binary binary = binary(key);
        FunctionTable table = binary.table == null ? build(binary, opener) : binary.table;
        if (table == null) {
            count.refused.increment();
            return null;
        }
        int index = table.indexOf(fileOffset);
        String name = index < 0 ? "" : name(binary, table, index, opener);
        if (name == null) {
            count.refused.increment();
            return null;
        }
        if (name.isEmpty()) {
            count.nameless.increment();
            return null;
        }
        count.named.increment();
        return name;
    }

    /// The address that a binary itself gives a place in its file (ELF virtual address), known once
    /// a name of the binary was asked for; [ElfFile#NOWHERE] if it is not.
    public long address(BinaryKey key, long fileOffset) {
        Binary binary = binaries.get(key);
        return binary == null ? ElfFile.NOWHERE : binary.addresses.of(fileOffset);
    }

    /// Opens a binary's file if it is not known yet, so that it can be read later even if whoever
    /// runs it is gone by then.
    ///
    /// @return whether it is open
    public boolean hold(BinaryKey key, SourceOpener opener) {
        Binary binary = binary(key);
        if (binary.source != null) {
            open.get(key); // moves it to the end of the queue
            return true;
        }
        if (isTooEarly(binary)) {
            return false;
        }
        return source(binary, opener) != null;
    }

    /// Whether names of a binary that were given just now are right: a file may be written over
    /// while it is open, and then has the names of other code. To be asked after some names, as it
    /// reads the file's build id again; where there is none it cannot tell.
    ///
    /// @return false if they must not be used
    public boolean isStillRight(BinaryKey key) {
        Binary binary = binaries.get(key);
        return binary == null || binary.source == null || isRight(binary, binary.source);
    }

    /// Lets go of binaries that nobody has asked for of late. To be called now and then.
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
    }

    @Override
    public void close() {
        for (Binary binary : binaries.values()) {
            forget(binary);
        }
        binaries.clear();
        binaryCount = 0;
        recent.clear();
    }

    private Binary binary(BinaryKey key) {
        Binary binary = binaries.get(key);
        if (binary == null) {
            binary = new Binary(key);
            binaries.put(key, binary);
            bytes.addAndGet(BYTES_PER_BINARY);
            evict(binary);
        }
        binary.usedAt = nanoTime.getAsLong();
        return binary;
    }

    private static boolean isTooEarly(Binary binary) {
        return binary.isRefused && binary.usedAt - binary.retryAt < 0;
    }

    private @Nullable FunctionTable build(Binary binary, SourceOpener opener) {
        if (isTooEarly(binary)) {
            return null;
        }
        ByteSource source = source(binary, opener);
        if (source == null) {
            return null;
        }
        try {
            ElfFile file = ElfFile.open(source);
            binary.addresses = file.addresses();
            FunctionTable table = FunctionTable.read(file, limits.functionsMax);
            count.tablesBuilt.increment();
            binary.table = table;
            binary.number = ++lastNumber;
            binary.isRefused = false;
            binary.failures = 0;
            bytes.addAndGet(table.bytes());
            if (table.size() == 0) {
                close(binary);
            }
            evict(binary);
            return table;
        } catch (TooManyFunctionsException e) {
            refuse(binary, RefusalReason.TOO_LARGE);
        } catch (MalformedInputException e) {
            refuse(binary, RefusalReason.MALFORMED);
        } catch (IOException e) {
            refuse(binary, RefusalReason.UNREADABLE);
        }
        return null;
    }

    private @Nullable String name(
            Binary binary, FunctionTable table, int index, SourceOpener opener) {
        String known = recent.get(binary.number, index);
        if (known != null) {
            return known;
        }
        ByteSource source = source(binary, opener);
        if (source == null) {
            return null;
        }
        try {
            String name = table.name(index, source);
            count.namesRead.increment();
            recent.put(binary.number, index, name);
            return name;
        } catch (IOException e) {
            refuse(binary, RefusalReason.UNREADABLE);
            return null;
        }
    }

    /// The binary's file, opened now if need be and checked to be the right one.
    private @Nullable ByteSource source(Binary binary, SourceOpener opener) {
        if (binary.source != null) {
            open.get(binary.key); // moves it to the end of the queue
            return binary.source;
        }
        ByteSource source;
        try {
            source = opener.open();
        } catch (IOException e) {
            refuse(binary, RefusalReason.UNREADABLE);
            return null;
        }
        count.sourcesOpened.increment();
        binary.source = source;
        open.put(binary.key, binary);
        openCount = open.size();
        if (openCount > limits.sourcesMax) {
            count.sourcesEvicted.increment();
            close(open.values().iterator().next());
        }
        return isRight(binary, source) ? source : null;
    }

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

    private void refuse(Binary binary, RefusalReason reason) {
        count.refusal(reason).increment();
        drop(binary);
        binary.isRefused = true;
        binary.retryAt = binary.usedAt + reason.waitNanos(binary.failures++);
    }

    /// Drops the binaries used longest ago until the rest is within the limits.
    private void evict(Binary spared) {
        while (binaries.size() > 1
                && (bytes.get() > limits.bytesMax || binaries.size() > limits.binariesMax)) {
            Iterator<Binary> eldest = binaries.values().iterator();
            Binary binary = eldest.next();
            if (binary == spared) {
                return; // it was asked for just now, so it is the last
            }
            eldest.remove();
            if (binary.table != null) {
                count.tablesEvicted.increment();
            }
            forget(binary);
        }
        binaryCount = binaries.size();
    }

    private void forget(Binary binary) {
        drop(binary);
        bytes.addAndGet(-BYTES_PER_BINARY);
    }

    /// Lets go of table and file.
    private void drop(Binary binary) {
        if (binary.table != null) {
            bytes.addAndGet(-binary.table.bytes());
            binary.table = null;
        }
        close(binary);
    }

    private void close(Binary binary) {
        if (binary.source != null) {
            open.remove(binary.key);
            openCount = open.size();
            binary.source.close();
            binary.source = null;
        }
    }
}

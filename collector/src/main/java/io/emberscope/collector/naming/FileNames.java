package io.emberscope.collector.naming;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.collector.primitive.LongMap;
import io.emberscope.collector.process.Binary;
import io.emberscope.symbolizer.BinaryKey;
import io.emberscope.symbolizer.NamedPlace;
import io.emberscope.symbolizer.SourceOpener;
import io.emberscope.symbolizer.SymbolCache;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Build ids and names of the files that were mapped. Lives on one thread that can be spared.
final class FileNames implements AutoCloseable {
    private static final int IDENTITIES_MAX = 16_384;
    private static final long RETRY_NANOS = 5_000_000_000L;
    private static final int UNPREPARED_MAX = 1024;
    private static final NamedPlace UNKNOWN = new NamedPlace(null, ElfFile.NOWHERE);
    private static final Identity UNREADABLE = new Identity("", null, Long.MIN_VALUE);

    private final SymbolCache symbols;
    private final BinaryFiles files;
    private final LongSupplier monotonicNanos;
    private final LongMap<Identity> identities = new LongMap<>();
    private final ArrayDeque<Binary> unprepared = new ArrayDeque<>();

    /// What a binary is known by.
    ///
    /// @param buildId lower-case hexadecimal digits, or empty
    /// @param key for its symbols, or null if it has none
    /// @param retryNanos when to try again if it could not be read
    record Identity(String buildId, @Nullable BinaryKey key, long retryNanos) {}

    FileNames(SymbolCache symbols, BinaryFiles files, LongSupplier monotonicNanos) {
        this.symbols = symbols;
        this.files = files;
        this.monotonicNanos = monotonicNanos;
    }

    /// What a binary is known by; read from its file once, if the kernel did not tell.
    Identity identify(Binary binary) {
        if (binary.kind() != Binary.Kind.FILE) {
            return UNREADABLE;
        }
        Identity known = identities.get(binary.number());
        if (known != null && (known.key != null || monotonicNanos.getAsLong() < known.retryNanos)) {
            return known;
        }
        if (identities.size() >= IDENTITIES_MAX) {
            identities.clear();
        }
        Identity identity = identityOf(binary);
        identities.put(binary.number(), identity);
        return identity;
    }

    /// Opens a binary's file while it can still be reached, unless its names are known already.
    /// They are read soon ([#prepareNext]).
    void hold(Binary binary) {
        Identity identity = identify(binary);
        if (identity.key != null
                && symbols.hold(identity.key, opener(binary, identity))
                && !symbols.isPrepared(identity.key)
                && unprepared.size() < UNPREPARED_MAX) {
            unprepared.addLast(binary);
        }
    }

    /// The next binary whose names are to be read; null if there is none.
    @Nullable Binary nextUnprepared() {
        return unprepared.pollFirst();
    }

    /// Reads the names of a binary, so that they are at hand.
    void prepare(Binary binary) {
        Identity identity = identify(binary);
        if (identity.key != null) {
            symbols.prepare(identity.key, opener(binary, identity));
        }
    }

    /// Name and own address of a file offset.
    ///
    /// @param mayPrepare whether names that are not at hand are to be read, which takes a while
    NamedPlace find(Binary binary, Identity identity, long offset, boolean mayPrepare) {
        return identity.key == null
                ? UNKNOWN
                : symbols.find(identity.key, offset, opener(binary, identity), mayPrepare);
    }

    /// Time for whoever has to end some day.
    long nanos() {
        return monotonicNanos.getAsLong();
    }

    private SourceOpener opener(Binary binary, Identity identity) {
        return () -> {
            BinaryFiles.OpenFile file = files.open(binary);
            if (identity.key instanceof BinaryKey.FileIdentity
                    && !keyOf(file).equals(identity.key)) {
                file.source().close();
                throw new IOException(binary.path() + ": changed (expected: as it was seen first)");
            }
            return new SourceOpener.Opened(file.source(), file.isOfRoot());
        };
    }

    private static BinaryKey keyOf(BinaryFiles.OpenFile file) {
        return new BinaryKey.FileIdentity(
                file.device(), file.inode(), file.changedNanos(), file.size());
    }

    /// Lets go of what nobody has asked for in a while.
    void expire() {
        symbols.expire();
    }

    private Identity identityOf(Binary binary) {
        if (binary.buildId().isKnown()) {
            String hex = binary.buildId().hex();
            return new Identity(hex, new BinaryKey.BuildId(hex), 0);
        }
        try {
            BinaryFiles.OpenFile file = files.open(binary);
            try (var source = file.source()) {
                Optional<String> buildId = ElfFile.open(source).buildId();
                if (buildId.isPresent()) {
                    String hex = buildId.get();
                    return new Identity(hex, new BinaryKey.BuildId(hex), 0);
                }
                return new Identity("", keyOf(file), 0);
            }
        } catch (MalformedInputException _) {
            // No ELF file, and it will not become one.
            return new Identity("", null, Long.MAX_VALUE);
        } catch (IOException _) {
            return new Identity("", null, monotonicNanos.getAsLong() + RETRY_NANOS);
        }
    }

    @Override
    public void close() {
        symbols.close();
    }
}

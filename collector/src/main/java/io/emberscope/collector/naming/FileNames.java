package io.emberscope.collector.naming;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.collector.primitive.LongMap;
import io.emberscope.collector.process.Binary;
import io.emberscope.profile.Frame;
import io.emberscope.symbolizer.BinaryKey;
import io.emberscope.symbolizer.SymbolCache;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Build ids and names of the files that were mapped. Lives on one thread that can be spared.
final class FileNames implements AutoCloseable {
    private static final int IDENTITIES_MAX = 16_384;
    private static final long RETRY_NANOS = 5_000_000_000L;
    private static final Identity UNREADABLE = new Identity("", null, Long.MIN_VALUE);

    private final SymbolCache symbols;
    private final BinaryFiles files;
    private final LongSupplier monotonicNanos;
    private final LongMap<Identity> identities = new LongMap<>();

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

    /// Opens a binary's file while it can still be reached, so that its names can be read later.
    void hold(Binary binary) {
        Identity identity = identify(binary);
        if (identity.key != null) {
            symbols.hold(identity.key, () -> files.open(binary).source());
        }
    }

    /// The name of the function at a file offset, or null.
    @Nullable String name(Binary binary, Identity identity, long offset) {
        return identity.key == null
                ? null
                : symbols.name(identity.key, offset, () -> files.open(binary).source());
    }

    /// The address that the binary itself gives a file offset for which a name was asked, or
    /// [Frame#NO_ADDRESS].
    long address(Identity identity, long offset) {
        long address =
                identity.key == null ? ElfFile.NOWHERE : symbols.address(identity.key, offset);
        return address == ElfFile.NOWHERE ? Frame.NO_ADDRESS : address;
    }

    /// Whether the names given just now are still those of what was loaded.
    boolean isStillRight(Identity identity) {
        return identity.key == null || symbols.isStillRight(identity.key);
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
                return new Identity(
                        "",
                        new BinaryKey.FileIdentity(
                                file.device(), file.inode(), file.changedNanos(), file.size()),
                        0);
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

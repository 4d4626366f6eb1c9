package io.emberscope.server.symbols;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.symbolizer.symbols.SymbolFileWriter;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SymbolStoreTest {
    private static final TenantId ONE = new TenantId("one");
    private static final TenantId TWO = new TenantId("two");
    private static final String ID = "0011223344556677";

    @TempDir Path directory;
    private SymbolStore store;
    private int made;

    @BeforeEach
    void open() throws IOException {
        store = open(1 << 20);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private SymbolStore open(long bytesMax) throws IOException {
        return SymbolStore.open(directory, new LocalDisk(), bytesMax, 1 << 20, new Metrics());
    }

    /// A symbol file of one function, which is all of the binary's first 4 KiB.
    private Path made(String buildId, String function, SymbolSource source) throws IOException {
        Path target = store.incoming().resolve("made" + ++made);
        byte[] name = function.getBytes(StandardCharsets.UTF_8);
        try (SymbolFileWriter writer =
                new SymbolFileWriter(new LocalDisk(), target, buildId, SymbolLimits.OF_AGENT)) {
            writer.madeFrom(source);
            writer.symbol(0, 4096, name, 0, name.length);
            writer.finish();
        }
        return target;
    }

    private static String function(SymbolStore store, TenantId tenant, String buildId)
            throws IOException {
        try (SymbolStore.Lease lease = store.lease(tenant, buildId)) {
            return lease == null ? "none" : "" + lease.file().find(16).getFirst().function();
        }
    }

    @Test
    void aTenantsSymbolsAreItsOwnAndComeBeforeThoseOfAll() throws IOException {
        store.addShared(made(ID, "shared", SymbolSource.SYMBOLS));
        store.add(ONE, made(ID, "own", SymbolSource.SYMBOLS));
        assertThat(function(store, ONE, ID)).isEqualTo("own");
        assertThat(function(store, TWO, ID)).isEqualTo("shared");
        assertThat(store.list(TWO)).hasSize(1).allMatch(SymbolStore.About::isShared);
        assertThat(function(store, ONE, "0011")).isEqualTo("none");
        assertThat(function(store, ONE, "../../etc/passwd")).isEqualTo("none");
    }

    @Test
    void whatIsInUseIsReadOnWhenItIsReplaced() throws IOException {
        store.add(ONE, made(ID, "before", SymbolSource.SYMBOLS));
        try (SymbolStore.Lease lease = store.lease(ONE, ID)) {
            store.add(ONE, made(ID, "after", SymbolSource.SYMBOLS));
            assertThat(lease).isNotNull();
            assertThat(lease.file().find(16).getFirst().function()).isEqualTo("before");
        }
        assertThat(function(store, ONE, ID)).isEqualTo("after");
        assertThat(store.size()).isEqualTo(1);
    }

    @Test
    void whatSaysMoreIsKept() throws IOException {
        store.add(ONE, made(ID, "debug", SymbolSource.DEBUG_INFO));
        SymbolStore.About kept = store.add(ONE, made(ID, "plain", SymbolSource.SYMBOLS));
        assertThat(kept.sources()).containsExactly(SymbolSource.DEBUG_INFO);
        assertThat(function(store, ONE, ID)).isEqualTo("debug");
        assertThat(new LocalDisk().list(store.incoming())).isEmpty();
    }

    @Test
    void oneTenantsManyFilesPushOutItsOwnAndNobodyElses() throws IOException {
        Path first = made(ID, "first", SymbolSource.SYMBOLS);
        long bytes = Files.size(first);
        store.close();
        store = open(3 * bytes + bytes / 2);
        store.add(TWO, made(ID, "other", SymbolSource.SYMBOLS));
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            ids.add(ID + "0" + i);
            store.add(ONE, made(ids.getLast(), "f" + i, SymbolSource.SYMBOLS));
            // The first is always used.
            assertThat(function(store, ONE, ids.getFirst())).isEqualTo("f0");
        }
        assertThat(store.list(ONE).stream().map(SymbolStore.About::buildId))
                .containsExactly(ids.get(0), ids.get(3), ids.get(4));
        assertThat(function(store, TWO, ID)).isEqualTo("other");
    }

    @Test
    void aRestartFindsWhatThereWasAndLeavesWhatItCannotRead() throws IOException {
        store.add(ONE, made(ID, "kept", SymbolSource.SYMBOLS));
        Path unfinished = store.incoming().resolve("unfinished");
        Files.writeString(unfinished, "half a file");
        Path scope = directory.resolve(SymbolScope.of(ONE).directory());
        Path unknown = scope.resolve("ffffffffffffffff.symbols");
        Files.writeString(unknown, "a later version");
        store.close();
        store = open(1 << 20);
        assertThat(function(store, ONE, ID)).isEqualTo("kept");
        assertThat(store.size()).isEqualTo(1);
        assertThat(unfinished).doesNotExist();
        assertThat(unknown).exists();
    }

    @Test
    void aFileWithoutABuildIdIsRefused() throws IOException {
        Path file = made("", "nobody", SymbolSource.SYMBOLS);
        assertThatThrownBy(() -> store.add(ONE, file))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageContaining("build id: not one (expected: ");
    }

    @Test
    void whoIsInterruptedWhileReadingLosesNothing() throws IOException {
        store.add(ONE, made(ID, "kept", SymbolSource.SYMBOLS));
        Frame frame = new Frame(FrameKind.NATIVE, ID, "b", 1, 16, List.of());
        MergedProfile profile = profile(frame);
        StoredSymbols symbols = new StoredSymbols(store, null);
        Thread.currentThread().interrupt();
        MergedProfile nameless = symbols.of(ONE, profile, MemoryBudget.UNLIMITED, () -> {});
        assertThat(Thread.interrupted()).isTrue();
        assertThat(nameless).isEqualTo(profile);
        assertThat(symbols.of(ONE, profile, MemoryBudget.UNLIMITED, () -> {}).frames())
                .extracting(Frame::lines)
                .containsExactly(List.of(Line.named("kept")));
    }

    @Test
    void longNamesAreCountedAsMemory() throws IOException {
        store.add(ONE, made(ID, "f".repeat(4000), SymbolSource.SYMBOLS));
        long[] reserved = {0};
        MemoryBudget budget =
                new MemoryBudget() {
                    @Override
                    public void reserve(long bytes) {
                        reserved[0] += bytes;
                    }

                    @Override
                    public void release(long bytes) {}
                };
        Frame frame = new Frame(FrameKind.NATIVE, ID, "b", 1, 16, List.of());
        new StoredSymbols(store, null).of(ONE, profile(frame), budget, () -> {});
        assertThat(reserved[0]).isBetween(8_000L, 10_000L);
    }

    private static MergedProfile profile(Frame frame) {
        return new MergedProfile(
                ProfileType.CPU, 1, 2, List.of(frame), List.of(new int[] {0}), new long[] {5});
    }

    @Test
    void aDamagedFileIsDroppedAndTheFrameKeepsItsName() throws IOException {
        store.add(ONE, made(ID, "function", SymbolSource.DEBUG_INFO));
        Path file = directory.resolve(SymbolScope.of(ONE).directory()).resolve(ID + ".symbols");
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 16; i < bytes.length / 2; i++) {
            bytes[i] ^= 0x55; // its blocks, and not what opening looks at
        }
        Files.write(file, bytes);
        Frame frame = new Frame(FrameKind.NATIVE, ID, "b", 1, 16, List.of(Line.named("said")));
        MergedProfile profile = profile(frame);
        StoredSymbols symbols = new StoredSymbols(store, null);
        assertThat(symbols.of(ONE, profile, MemoryBudget.UNLIMITED, () -> {})).isEqualTo(profile);
        assertThat(store.list(ONE)).isEmpty();
        assertThat(file).doesNotExist();
    }
}

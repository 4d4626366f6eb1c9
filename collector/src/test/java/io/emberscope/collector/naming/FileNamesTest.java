package io.emberscope.collector.naming;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.disk.FaultyDisk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.process.Binaries;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.BuildId;
import io.emberscope.symbolizer.NamedPlace;
import io.emberscope.symbolizer.SymbolCache;
import io.emberscope.symbolizer.SymbolFiles;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// When files of profiled processes are opened, and what is known when they are gone.
class FileNamesTest {
    private static final long SECOND = 1_000_000_000L;

    private final Metrics metrics = new Metrics();
    private final Binaries binaries = new Binaries();
    private final Binary binary = binaries.of("/libjava.so", BuildId.NONE, 1, 2);
    private final Binary other = binaries.of("/other.so", BuildId.NONE, 1, 3);
    private final FaultyDisk disk = new FaultyDisk(1);
    private FileNames names;
    private byte[] bytes = {};
    private long place;
    private String function = "";
    private long now;
    private long openNanos;
    private long changedNanos;
    private int opened;

    @BeforeEach
    void readALibrary() throws Exception {
        Path library = Path.of(System.getProperty("java.home"), "lib", "libjava.so");
        bytes = withoutBuildId(Files.readAllBytes(library));
        ArraySource source = new ArraySource(bytes);
        FunctionTable table = FunctionTable.read(ElfFile.open(source), 100_000);
        place = table.startOf(table.size() / 2);
        function = table.name(table.size() / 2, source);
        SymbolFiles store =
                new SymbolFiles(
                        Path.of("/symbols"), disk, SymbolFiles.Limits.OF_AGENT, metrics, _ -> {});
        SymbolCache cache = new SymbolCache(store, SymbolCache.Limits.OF_AGENT, () -> now, metrics);
        names = new FileNames(cache, this::open, () -> now);
    }

    /// Build ids are notes of an owner of that name.
    private static byte[] withoutBuildId(byte[] bytes) throws IOException {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        byte[] without = text.replace("GNU\0", "ELSE").getBytes(StandardCharsets.ISO_8859_1);
        assertThat(ElfFile.open(new ArraySource(without)).buildId()).isEmpty();
        return without;
    }

    private BinaryFiles.OpenFile open(Binary of) {
        opened++;
        now += openNanos;
        return new BinaryFiles.OpenFile(
                new ArraySource(bytes), 1, of.inode(), changedNanos, bytes.length, true);
    }

    private NamedPlace find(Binary of, boolean mayPrepare) {
        return names.find(of, names.identify(of), place, mayPrepare);
    }

    @Test
    void aBinaryWhoseNamesWereReadAheadIsNamedWithoutItsFile() {
        names.hold(binary);
        assertThat(find(binary, false).name()).isNull();
        assertThat(names.nextUnprepared()).isSameAs(binary);
        assertThat(names.nextUnprepared()).isNull();
        names.prepare(binary);
        int before = opened;
        assertThat(find(binary, false).name()).isEqualTo(function);
        names.hold(binary);
        assertThat(names.nextUnprepared()).isNull();
        assertThat(opened).isEqualTo(before);
    }

    @Test
    void aFileThatChangedSinceItWasSeenFirstGivesNoNames() {
        FileNames.Identity identity = names.identify(binary);
        changedNanos = 1;
        assertThat(names.find(binary, identity, place, true).name()).isNull();
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_refusals_total{reason=\"unreadable\"} 1\n");
        changedNanos = 0;
        now += SECOND;
        assertThat(names.find(binary, identity, place, true).name()).isEqualTo(function);
    }

    @Test
    void whatTakesTooLongForOneRequestIsKnownToTheNext() {
        openNanos = 2 * SECOND; // each is opened twice
        NameRequest first = request();
        first.run(names);
        assertThat(first.name(0)).isEqualTo(function);
        assertThat(first.name(1)).isNull();
        assertThat(metrics.text())
                .contains("emberscope_symbolizer_lookups_total{result=\"later\"} 1\n");
        NameRequest second = request();
        second.run(names);
        assertThat(second.name(0)).isEqualTo(function);
        assertThat(second.name(1)).isEqualTo(function);
        assertThat(second.address(1)).isPositive();
    }

    private NameRequest request() {
        NameRequest request = new NameRequest(_ -> {});
        for (Binary of : new Binary[] {binary, other}) {
            request.addBinary(of);
            request.addPlace(place);
        }
        return request;
    }
}

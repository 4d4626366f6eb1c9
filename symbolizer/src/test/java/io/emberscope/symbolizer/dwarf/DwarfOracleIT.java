package io.emberscope.symbolizer.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.BinarySymbols;
import io.emberscope.symbolizer.Differences;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.Pinned;
import io.emberscope.symbolizer.dwarf.DwarfBinaries.Binary;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Asks us and `llvm-symbolizer` what belongs to random addresses of programs: of some compiled for
/// the purpose by several compilers in many ways, and of Debian's packages with debug information.
/// All must be equal, as it is told and through symbol files: functions, what they were inlined
/// into, files and lines. What differs has a reason with a name, in [Differences].
///
/// `-Doracle.addresses=N` asks for so many of each; `-Doracle.dwarf=FILE:FILE` adds files.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DwarfOracleIT {
    private static final long SEED = Long.getLong("oracle.seed", 20_261_130);
    private static final int ADDRESSES = Integer.getInteger("oracle.addresses", 3_000);
    private static final int FUNCTIONS_MAX = 1 << 20;
    private static final String LIBRARIES = "/usr/lib/x86_64-linux-gnu";

    private Path directory;
    private final List<Binary> binaries = new ArrayList<>();

    @BeforeAll
    void makeBinaries(@TempDir Path temporary) throws Exception {
        directory = temporary;
        binaries.addAll(DwarfBinaries.compiled(directory));
        for (Path file : Pinned.files(debian())) {
            binaries.add(new Binary(file.toString(), file));
        }
        for (String file : System.getProperty("oracle.dwarf", "").split(":", -1)) {
            if (!file.isEmpty()) {
                binaries.add(new Binary(file, Path.of(file)));
            }
        }
    }

    /// Files that Debian has debug information in. `./emberscope test` installs them.
    private static List<Pinned> debian() throws IOException {
        List<Pinned> files = new ArrayList<>();
        files.add(Pinned.debugFile("libc6-dbg", LIBRARIES + ":libc.so.6"));
        files.add(Pinned.debugFile("libc6-dbg", LIBRARIES + ":libm.so.6"));
        files.add(Pinned.debugFile("libc6-dbg", LIBRARIES + ":ld-linux-x86-64.so.2"));
        files.add(new Pinned("libstdc++6-12-dbg", LIBRARIES + "/debug:libstdc++.so.6"));
        files.add(new Pinned("libpython3-dbg", LIBRARIES + ":libpython3*d.so.1.0"));
        if (Boolean.getBoolean("long")) {
            String jvm = "/usr/lib/jvm:java-17-openjdk-*/lib/server/libjvm.so";
            files.add(Pinned.debugFile("openjdk-17-dbg", jvm));
        }
        return files;
    }

    Stream<Binary> binaries() {
        return binaries.stream();
    }

    @ParameterizedTest
    @MethodSource("binaries")
    void randomAddressesHaveTheFramesThatLlvmGives(Binary binary) throws Exception {
        RecordingSink sink = new RecordingSink();
        DebugInfo.Told told;
        List<PathSource> opened = new ArrayList<>();
        long[] addresses;
        try {
            ElfFile file = open(binary.path(), opened);
            addresses = addresses(file);
            told = debugInfo(binary, file, opened).tell(sink);
        } finally {
            opened.forEach(PathSource::close);
        }
        assertThat(told.firstRefusal()).isEmpty();
        List<String> theirs = llvm(binary, withoutSymbols(binary.oracle()), addresses);
        Differences differences = Differences.withoutSymbols();
        for (int i = 0; i < addresses.length; i++) {
            differences.add(addresses[i], sink.at(addresses[i]), theirs.get(i));
        }
        differences.assertExplained(binary + ", seed " + SEED);
        assertThat(differences.equal()).isGreaterThan(addresses.length / 20);
    }

    @ParameterizedTest
    @MethodSource("binaries")
    void soHaveThoseOfItsSymbolFile(Binary binary) throws Exception {
        Path target = directory.resolve("binary.symbols");
        List<PathSource> opened = new ArrayList<>();
        long[] addresses;
        try {
            ElfFile file = open(binary.path(), opened);
            addresses = addresses(file);
            BinarySymbols.Told told =
                    BinarySymbols.write(
                            file,
                            debugInfo(binary, file, opened),
                            FUNCTIONS_MAX,
                            SymbolLimits.OF_SERVER,
                            new LocalDisk(),
                            target);
            assertThat(told.leftOut()).isEmpty();
        } finally {
            opened.forEach(PathSource::close);
        }
        List<String> theirs = llvm(binary, binary.oracle(), addresses);
        Differences differences = Differences.withSymbolsOf(binary.oracle());
        try (SymbolFile symbols =
                SymbolFile.open(PathSource.open(target), "made", new SymbolMemory(8 << 20))) {
            for (int i = 0; i < addresses.length; i++) {
                String ours = Differences.text(symbols.find(addresses[i]));
                differences.add(addresses[i], ours, theirs.get(i));
            }
        }
        differences.assertExplained("symbol file of " + binary + ", seed " + SEED);
        assertThat(differences.equal()).isGreaterThan(addresses.length / 20);
    }

    private DebugInfo debugInfo(Binary binary, ElfFile file, List<PathSource> opened)
            throws IOException {
        DebugInfo info =
                DebugInfo.of(file)
                        .decompressor(DebugInfo.ZSTD, new Zstandard())
                        .scratch(DiskScratch.in(new LocalDisk(), directory, "section"))
                        .threads(2);
        if (binary.splitPackage() != null) {
            info.splitPackage(open(binary.splitPackage(), opened));
        } else {
            info.splitFiles((id, name, from) -> PathSource.open(Path.of(from).resolve(name)));
        }
        if (binary.supplement() != null) {
            info.supplement(open(binary.supplement(), opened));
        }
        return info;
    }

    private static ElfFile open(Path path, List<PathSource> opened) throws IOException {
        PathSource source = PathSource.open(path);
        opened.add(source);
        return ElfFile.open(source);
    }

    private static long[] addresses(ElfFile file) {
        List<Section> code = file.sections().stream().filter(Section::isExecutable).toList();
        long all = code.stream().mapToLong(Section::size).sum();
        return new Random(SEED)
                .longs(ADDRESSES, 0, all)
                .map(
                        at -> {
                            long rest = at;
                            for (Section section : code) {
                                if (rest < section.size()) {
                                    return section.address() + rest;
                                }
                                rest -= section.size();
                            }
                            throw new AssertionError("beyond the end");
                        })
                .toArray();
    }

    /// What `llvm-symbolizer` says of a file, and of nothing else that it might find.
    private List<String> llvm(Binary binary, Path file, long[] addresses) throws Exception {
        List<String> options =
                new ArrayList<>(
                        List.of(
                                "--obj=" + file,
                                "--debug-file-directory=" + directory.resolve("none"),
                                "--fallback-debug-path=" + directory.resolve("none")));
        if (binary.splitPackage() != null) {
            options.add("--dwp=" + binary.splitPackage());
        }
        return LlvmSymbolizer.frames(directory, addresses, options);
    }

    /// A copy in which symbol tables have another type: their names would replace those of debug
    /// information.
    private Path withoutSymbols(Path path) throws IOException {
        byte[] bytes = Files.readAllBytes(path);
        boolean wide = bytes[4] == 2;
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long sections = wide ? file.getLong(40) : file.getInt(32);
        int stride = file.getShort(wide ? 58 : 46);
        int count = file.getShort(wide ? 60 : 48);
        for (int i = 0; i < count; i++) {
            int typeAt = (int) sections + i * stride + 4;
            int type = file.getInt(typeAt);
            if (type == 2 || type == 11) {
                file.putInt(typeAt, 1);
            }
        }
        return Files.write(directory.resolve("without-symbols"), bytes);
    }
}

package io.emberscope.symbolizer.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// The running kernel's symbols beside a parser written a second time, for clarity alone. Only
/// where the kernel hides its addresses is there nothing to compare, and then that must be said.
@EnabledOnOs(OS.LINUX)
class KernelSymbolsIT {
    private static final long SEED = Long.getLong("oracle.seed", 20_260_822);
    private static final KernelFiles FILES = KernelFiles.ofThisHost();

    private record Symbol(long address, char type, String name, String module) {
        int rank() {
            if (module.isEmpty() && (name.equals("_etext") || name.equals("_einittext"))) {
                return 3;
            }
            return type == 'T' ? 0 : type == 't' ? 2 : 1;
        }
    }

    @Test
    void everyPlaceIsNamedAsANaiveParserNamesIt() throws Exception {
        NavigableMap<Long, Symbol> expected = naive();
        KernelSymbols symbols = KernelSymbols.read(FILES, InputStream::nullInputStream);
        if (expected.isEmpty()) {
            assertThat(symbols.whyEmpty()).isPresent();
            return;
        }
        assertThat(symbols.whyEmpty()).isEmpty();
        List<Long> addresses = new ArrayList<>();
        Random random = new Random(SEED);
        for (Map.Entry<Long, Symbol> entry : expected.entrySet()) {
            addresses.add(entry.getKey());
            addresses.add(entry.getKey() - 1);
            addresses.add(entry.getKey() + random.nextInt(1, 256));
        }
        int named = 0;
        for (long address : addresses) {
            KernelFrame frame = symbols.frame(address);
            assertThat(frame.function())
                    .as("0x%x, seed %d", address, SEED)
                    .isEqualTo(name(expected, address));
            if (frame.binary().equals("[kernel]") && !frame.function().isEmpty()) {
                named++;
                assertThat(frame.offset()).isEqualTo(address - symbols.textStart());
                assertThat(frame.buildId()).isEqualTo(FILES.buildId().orElse(""));
            }
        }
        assertThat(named).isGreaterThan(10_000);
        assertThat(symbols.bytes()).isLessThan(8_000_000);
        System.out.printf(
                "%d places compared, %d functions, %d bytes%n",
                addresses.size(), symbols.size(), symbols.bytes());
    }

    /// By address; unsigned order is signed order, as all are in the upper half.
    private static NavigableMap<Long, Symbol> naive() throws Exception {
        NavigableMap<Long, Symbol> found = new TreeMap<>();
        List<String> lines = Files.readAllLines(Path.of("/proc/kallsyms"), StandardCharsets.UTF_8);
        for (String line : lines) {
            String[] words = line.split("[ \t]", -1);
            long address = Long.parseUnsignedLong(words[0], 16);
            if (address != 0 && "tTwW".contains(words[1])) {
                Symbol symbol =
                        new Symbol(
                                address,
                                words[1].charAt(0),
                                words[2],
                                words.length > 3 ? words[3] : "");
                found.merge(
                        address,
                        symbol,
                        (a, b) ->
                                Comparator.comparingInt(Symbol::rank)
                                                        .thenComparingInt(s -> s.name.length())
                                                        .thenComparing(Symbol::name)
                                                        .compare(a, b)
                                                <= 0
                                        ? a
                                        : b);
            }
        }
        return found;
    }

    private static String name(NavigableMap<Long, Symbol> symbols, long address) {
        Map.Entry<Long, Symbol> entry = symbols.floorEntry(address);
        if (entry == null || entry.getValue().rank() == 3) {
            return "";
        }
        Symbol next =
                symbols.higherEntry(entry.getKey()) == null
                        ? null
                        : symbols.higherEntry(entry.getKey()).getValue();
        boolean isLast = next == null || !next.module.equals(entry.getValue().module);
        boolean isFar = address - entry.getKey() >= 64 * 1024;
        return isFar && (isLast || entry.getValue().module.equals("[bpf]"))
                ? ""
                : entry.getValue().name;
    }

    @Test
    void theKernelsBuildIdIsThatOfItsNotes() throws Exception {
        if (Files.isReadable(FILES.notes())) {
            byte[] notes = Files.readAllBytes(FILES.notes());
            String hex = HexFormat.of().formatHex(notes);
            assertThat(FILES.buildId().orElseThrow()).hasSizeGreaterThanOrEqualTo(16);
            // The note's head, then the id: owner of 4 bytes, the id's length, type 3, "GNU".
            assertThat(hex).contains("03000000474e5500" + FILES.buildId().orElseThrow());
        }
    }
}

package io.emberscope.symbolizer.elf;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What binutils' `readelf` says of a file, and the rules of [FunctionTable] written a second time,
/// slowly and over that text, to compare with.
final class ReadElf {
    private static final Pattern SECTION =
            Pattern.compile(
                    " *\\[ *(?<number>\\d+)] (?<name>.*?) +(?<type>[A-Z][A-Z0-9_]*) +"
                            + "(?<address>[0-9a-f]{8,16}) (?<offset>[0-9a-f]+) (?<size>[0-9a-f]+)"
                            + " (?<entry>[0-9a-f]+) +(?<flags>[A-Zlop]*) +\\d+ +\\d+ +\\d+");
    private static final Pattern SEGMENT =
            Pattern.compile(
                    " *LOAD +0x(?<offset>[0-9a-f]+) 0x(?<address>[0-9a-f]+) 0x[0-9a-f]+"
                            + " 0x(?<size>[0-9a-f]+) 0x[0-9a-f]+ (?<flags>...) 0x[0-9a-f]+");
    private static final Pattern SYMBOL =
            Pattern.compile(
                    " *\\d+: (?<value>[0-9a-f]+) +(?<size>\\d+|0x[0-9a-f]+) (?<type>\\S+) +"
                            + "(?<binding>\\S+) +\\S+ +(?:\\[.*?] +)?(?<section>\\S+) ?(?<name>.*)");
    private static final Pattern BUILD_ID = Pattern.compile(".*Build ID: ([0-9a-f]+)");
    private static final Pattern VERSION =
            Pattern.compile("(?<=.)@@?[A-Za-z0-9_.+-]+( \\(\\d+\\))?$");

    record Area(String name, long address, long offset, long size, long entry) {
        boolean holds(long at) {
            return at >= address && at < address + size;
        }
    }

    record Symbol(
            long offset,
            long size,
            long rest,
            String type,
            String binding,
            String name,
            int table) {
        private static final Comparator<Symbol> BEST =
                Comparator.comparingInt((Symbol symbol) -> symbol.size == 0 ? 1 : 0)
                        .thenComparingInt(symbol -> symbol.type.equals("NOTYPE") ? 1 : 0)
                        .thenComparingInt(Symbol::table)
                        .thenComparingInt(
                                symbol ->
                                        switch (symbol.binding) {
                                            case "LOCAL" -> 2;
                                            case "WEAK" -> 1;
                                            default -> 0;
                                        });

        private static final Comparator<Symbol> SHORTEST =
                Comparator.<Symbol>comparingInt(symbol -> symbol.utf8().length)
                        .thenComparing(Symbol::utf8, Arrays::compareUnsigned);

        private byte[] utf8() {
            return name.getBytes(StandardCharsets.UTF_8);
        }
    }

    final List<String> buildIds = new ArrayList<>();

    /// Every symbol in the code, function or not, by file offset.
    final NavigableMap<Long, List<Symbol>> all = new TreeMap<>();

    /// Functions by file offset of their start.
    final NavigableMap<Long, List<Symbol>> functions = new TreeMap<>();

    final List<Area> code = new ArrayList<>();
    private final List<Area> segments = new ArrayList<>();

    /// Names of linkage stubs, by file offset. Those of a binary's own indirect functions have none
    /// that binutils knows.
    final NavigableMap<Long, String> stubs = new TreeMap<>();

    private static final Pattern STUB = Pattern.compile("([0-9a-f]+) <([^*].*@plt)>:");
    private static final long LONG_STUB_BYTES = 16;

    /// How far the functions reach that begin at a place or before it, by their sizes.
    private final NavigableMap<Long, Long> reach = new TreeMap<>();

    private ReadElf() {}

    static ReadElf of(Path file) throws IOException, InterruptedException {
        ReadElf read = new ReadElf();
        Path text = Files.createTempFile("readelf", ".txt");
        try {
            run(text, "readelf", "-n", "-l", "-S", "-W", file.toString());
            try (Stream<String> lines = Files.lines(text)) {
                lines.forEach(read::header);
            }
            if (read.code.isEmpty()) {
                read.code.addAll(read.segments);
            }
            run(
                    text,
                    "objdump",
                    "-d",
                    "-j",
                    ".plt",
                    "-j",
                    ".plt.sec",
                    "-j",
                    ".plt.got",
                    file.toString());
            try (Stream<String> lines = Files.lines(text)) {
                lines.forEach(read::stub);
            }
            run(text, "readelf", "-s", "-W", file.toString());
            int[] table = {0};
            try (Stream<String> lines = Files.lines(text)) {
                lines.forEach(line -> read.symbol(line, table));
            }
            read.findReach();
        } finally {
            Files.delete(text);
        }
        return read;
    }

    /// Runs a program, with its output into a file.
    static void run(Path output, String... command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.redirectOutput(output.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD);
        Process process = builder.start();
        process.getOutputStream().close();
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", command) + ": took more than two minutes");
        }
    }

    private void header(String line) {
        Matcher section = SECTION.matcher(line);
        if (section.matches()) {
            String flags = section.group("flags");
            if (flags.contains("A")
                    && flags.contains("X")
                    && !section.group("type").equals("NOBITS")) {
                code.add(area(section, section.group("name")));
            }
            return;
        }
        Matcher segment = SEGMENT.matcher(line);
        if (segment.matches() && segment.group("flags").contains("E")) {
            segments.add(area(segment, ""));
            return;
        }
        Matcher buildId = BUILD_ID.matcher(line);
        if (buildId.matches()) {
            buildIds.add(buildId.group(1));
        }
    }

    private static Area area(Matcher matcher, String name) {
        long entry = name.isEmpty() ? 0 : Long.parseUnsignedLong(matcher.group("entry"), 16);
        // LLVM's linker does not say how long the stubs are that it makes.
        boolean isUnsaid = entry == 0 && name.startsWith(".plt");
        return new Area(
                name,
                Long.parseUnsignedLong(matcher.group("address"), 16),
                Long.parseUnsignedLong(matcher.group("offset"), 16),
                Long.parseUnsignedLong(matcher.group("size"), 16),
                isUnsaid ? LONG_STUB_BYTES : entry);
    }

    private void symbol(String line, int[] table) {
        if (line.startsWith("Symbol table")) {
            table[0] = line.contains(".symtab") ? 1 : 2;
            return;
        }
        // What binutils calls it in a file that does not say it is for GNU; the dynamic linker does
        // not ask.
        Matcher matcher = SYMBOL.matcher(line.replace("<OS specific>: 10", "IFUNC"));
        if (!matcher.matches()
                || table[0] == 0
                || List.of("UND", "ABS", "COM").contains(matcher.group("section"))) {
            return;
        }
        long value = Long.parseUnsignedLong(matcher.group("value"), 16);
        Area area = code.stream().filter(a -> a.holds(value)).findFirst().orElse(null);
        String name = VERSION.matcher(matcher.group("name")).replaceFirst("");
        if (area == null || name.isEmpty()) {
            return;
        }
        Symbol symbol =
                new Symbol(
                        value - area.address + area.offset,
                        Long.decode(matcher.group("size")),
                        area.address + area.size - value,
                        matcher.group("type"),
                        matcher.group("binding"),
                        name,
                        table[0]);
        all.computeIfAbsent(symbol.offset, _ -> new ArrayList<>()).add(symbol);
        if (isFunction(symbol)) {
            functions.computeIfAbsent(symbol.offset, _ -> new ArrayList<>()).add(symbol);
        }
    }

    private void findReach() {
        long furthest = 0;
        for (var entry : functions.entrySet()) {
            for (Symbol symbol : entry.getValue()) {
                furthest = Math.max(furthest, entry.getKey() + symbol.size);
            }
            reach.put(entry.getKey(), furthest);
        }
    }

    private static boolean isFunction(Symbol symbol) {
        return switch (symbol.type) {
            case "FUNC", "IFUNC" -> true;
            case "NOTYPE" -> symbol.size != 0 || !symbol.binding.equals("LOCAL");
            default -> false;
        };
    }

    private void stub(String line) {
        Matcher matcher = STUB.matcher(line);
        if (matcher.matches()) {
            long address = Long.parseUnsignedLong(matcher.group(1), 16);
            Area area = code.stream().filter(a -> a.holds(address)).findFirst().orElseThrow();
            String name = matcher.group(2).replaceFirst("(?<=.)@@?[A-Za-z0-9_.+-]+@plt$", "@plt");
            stubs.put(address - area.address + area.offset, name);
        }
    }

    /// The stub that byte `at` belongs to. Those of `.plt.got` have half the usual size.
    private @Nullable String stubAt(long at) {
        Map.Entry<Long, String> stub = stubs.floorEntry(at);
        if (stub == null) {
            return null;
        }
        return at - stub.getKey() < areaOf(stub.getKey()).entry ? stub.getValue() : null;
    }

    /// The code area with byte `at` of the file.
    Area areaOf(long at) {
        return code.stream()
                .filter(area -> at >= area.offset && at < area.offset + area.size)
                .findFirst()
                .orElseThrow();
    }

    /// The function that byte `at` belongs to; null if it is in none.
    @Nullable String nameAt(long at) {
        Map.Entry<Long, List<Symbol>> entry = functions.floorEntry(at);
        boolean isNearest = true;
        while (entry != null && (isNearest || at < reach.get(entry.getKey()))) {
            if (reaches(entry, at)) {
                return best(entry.getValue());
            }
            isNearest = false;
            entry = functions.lowerEntry(entry.getKey());
        }
        return stubAt(at);
    }

    private boolean reaches(Map.Entry<Long, List<Symbol>> entry, long at) {
        long start = entry.getKey();
        long size = entry.getValue().stream().mapToLong(Symbol::size).max().orElse(0);
        if (size > 0) {
            return at < start + Math.min(size, entry.getValue().getFirst().rest);
        }
        Long next = functions.higherKey(start);
        return (next == null || at < next)
                && at < start + entry.getValue().getFirst().rest
                && !isInside(start);
    }

    /// Whether a function with a size that begins earlier reaches `at`.
    private boolean isInside(long at) {
        Map.Entry<Long, Long> before = reach.lowerEntry(at);
        return before != null && at < before.getValue();
    }

    private static String best(List<Symbol> symbols) {
        Symbol best = symbols.stream().min(Symbol.BEST).orElseThrow();
        return symbols.stream()
                .filter(symbol -> Symbol.BEST.compare(symbol, best) == 0)
                .min(Symbol.SHORTEST)
                .orElseThrow()
                .name;
    }
}

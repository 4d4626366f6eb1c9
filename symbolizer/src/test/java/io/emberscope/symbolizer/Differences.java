package io.emberscope.symbolizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.symbols.SymbolFile.CodeFrame;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Counts in what answers of ours differ from those of `llvm-symbolizer`: each difference has to be
/// of a kind that is named here, with the reason why both are right or it is not.
///
/// An answer has function and `file:line` of each frame in turn, the innermost first, as lines.
public final class Differences {
    private static final int SHOWN_MAX = 10;
    private static final String UNKNOWN = "??";

    /// Why an answer may be another.
    private enum Kind {
        /// The function has several names, at the same address; either is right.
        ANOTHER_SYMBOL,
        /// LLVM leaves a symbol's version at its name.
        VERSION_OF_SYMBOL,
        /// We know the stubs through which other libraries are called; LLVM has the symbol before
        /// them, which has no size.
        LINKAGE_STUB,
        /// LLVM takes a symbol without a size to go on into other sections.
        UNSIZED_SYMBOL,
        /// LLVM has the local label, without a size, that the address is behind in assembly code,
        /// and we have the function, or nothing where no function is known.
        LABEL,
        /// The name of a part of a function (`f.cold`) is only in the symbol table, which LLVM did
        /// not look into.
        NAME_OF_PART,
        /// Only a symbol table has the name, and LLVM did not look into one.
        SYMBOL_ONLY,
        /// Where no line is known, LLVM takes a source file from the symbol table.
        FILE_OF_SYMBOL
    }

    /// Kinds that would hide mistakes if they were many: at most one answer in so many is of one.
    /// The C library has many parts of functions, and functions in assembly code.
    private static final Map<Kind, Integer> RARE =
            Map.of(
                    Kind.UNSIZED_SYMBOL,
                    30,
                    Kind.LABEL,
                    500,
                    Kind.NAME_OF_PART,
                    40,
                    Kind.SYMBOL_ONLY,
                    50);

    private static final Pattern SECTION =
            Pattern.compile(" *\\[ *\\d+] (\\S+) +\\S+ +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) .*");

    private record Symbol(long start, long size, boolean isLocal) {}

    private record Section(String name, long start, long size) {
        boolean holds(long address) {
            return Long.compareUnsigned(address - start, size) < 0;
        }
    }

    private final Map<Kind, Integer> explained = new EnumMap<>(Kind.class);
    private final List<String> others = new ArrayList<>();
    private final @Nullable Map<String, List<Symbol>> symbols;
    private final List<Section> sections;
    private int equal;
    private int unknown;

    private Differences(@Nullable Map<String, List<Symbol>> symbols, List<Section> sections) {
        this.symbols = symbols;
        this.sections = sections;
    }

    /// Of answers without symbols: nothing may differ.
    public static Differences withoutSymbols() {
        return new Differences(null, List.of());
    }

    /// Of answers with the symbols of a binary, or of its debug file.
    public static Differences withSymbolsOf(Path binary) throws Exception {
        Map<String, List<Symbol>> symbols = new HashMap<>();
        for (String line : said("nm", "-S", binary.toString()).lines().toList()) {
            // Start, size if there is one, type, name; of what is undefined, only the last two.
            String[] words = line.split(" ", -1);
            if (words.length == 3 || words.length == 4) {
                long size = words.length == 4 ? Long.parseUnsignedLong(words[1], 16) : 0;
                boolean isLocal = words[words.length - 2].equals("t");
                Symbol symbol = new Symbol(Long.parseUnsignedLong(words[0], 16), size, isLocal);
                String name = withoutVersion(words[words.length - 1]);
                symbols.computeIfAbsent(name, _ -> new ArrayList<>()).add(symbol);
            }
        }
        List<Section> sections =
                said("readelf", "-SW", binary.toString())
                        .lines()
                        .map(SECTION::matcher)
                        .filter(Matcher::matches)
                        .map(
                                found ->
                                        new Section(
                                                found.group(1),
                                                Long.parseUnsignedLong(found.group(2), 16),
                                                Long.parseUnsignedLong(found.group(3), 16)))
                        .filter(section -> section.start != 0)
                        .toList();
        assertThat(sections).as("sections of %s", binary).isNotEmpty();
        return new Differences(symbols, sections);
    }

    private static String withoutVersion(String name) {
        int at = name.indexOf('@', 1);
        return at < 0 ? name : name.substring(0, at);
    }

    private static String said(String... command) throws Exception {
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s", List.of(command)).isZero();
        return text;
    }

    /// An answer in LLVM's form.
    public static String text(List<CodeFrame> frames) {
        StringBuilder text = new StringBuilder();
        for (CodeFrame frame : frames) {
            text.append(text.isEmpty() ? "" : "\n");
            text.append(frame.function() == null ? UNKNOWN : frame.function()).append('\n');
            text.append(frame.file() == null ? UNKNOWN : frame.file());
            text.append(':').append(frame.line());
        }
        return text.isEmpty() ? UNKNOWN + '\n' + UNKNOWN + ":0" : text.toString();
    }

    /// Takes two answers.
    public void add(long address, String ours, String theirs) {
        if (ours.equals(theirs)) {
            if (ours.startsWith(UNKNOWN + '\n' + UNKNOWN)) {
                unknown++;
            } else {
                equal++;
            }
            return;
        }
        Set<Kind> kinds = kinds(address, ours.split("\n", -1), theirs.split("\n", -1));
        if (kinds.isEmpty()) {
            others.add("0x%x:%n%s%nllvm:%n%s%n".formatted(address, ours, theirs));
        }
        kinds.forEach(kind -> explained.merge(kind, 1, Integer::sum));
    }

    /// Those that explain an answer together; none if something stays that they do not.
    private Set<Kind> kinds(long address, String[] our, String[] their) {
        Set<Kind> kinds = new HashSet<>();
        if (symbols == null || our.length != their.length) {
            return Set.of();
        }
        int outermost = our.length - 2;
        for (int i = 0; i < our.length; i++) {
            if (our[i].equals(their[i])) {
                continue;
            }
            Kind kind =
                    i == outermost
                            ? nameKind(address, our[i], their[i], our.length == 2)
                            : our[i].equals(UNKNOWN + ":0") && their[i].matches("[^/]*:0")
                                    ? Kind.FILE_OF_SYMBOL
                                    : null;
            if (kind == null) {
                return Set.of();
            }
            kinds.add(kind);
        }
        return kinds;
    }

    private @Nullable Kind nameKind(long address, String our, String their, boolean isAlone) {
        List<Symbol> before =
                before(address, withoutVersion(their)).stream()
                        .filter(symbol -> symbol.size() == 0)
                        .toList();
        if (our.equals(withoutVersion(their))) {
            return Kind.VERSION_OF_SYMBOL;
        }
        if (beginTogether(address, our, withoutVersion(their))) {
            return Kind.ANOTHER_SYMBOL;
        }
        if (our.endsWith("@plt") && !before.isEmpty() && sectionOf(address).contains("plt")) {
            return Kind.LINKAGE_STUB;
        }
        if (our.equals(UNKNOWN) && before.stream().allMatch(symbol -> isApart(symbol, address))) {
            return before.isEmpty() ? null : Kind.UNSIZED_SYMBOL;
        }
        boolean isLabel = !before.isEmpty() && before.stream().allMatch(Symbol::isLocal);
        if ((our.equals(UNKNOWN) && isLabel) || isBehindLabel(address, our, before)) {
            return Kind.LABEL;
        }
        if (our.startsWith(their + '.')) {
            return Kind.NAME_OF_PART;
        }
        return their.equals(UNKNOWN) && isAlone ? Kind.SYMBOL_ONLY : null;
    }

    private String sectionOf(long address) {
        return sections.stream()
                .filter(section -> section.holds(address))
                .map(Section::name)
                .findFirst()
                .orElse("");
    }

    /// Whether a symbol is in another section than an address.
    private boolean isApart(Symbol symbol, long address) {
        return sections.stream()
                .noneMatch(section -> section.holds(symbol.start()) && section.holds(address));
    }

    private boolean beginTogether(long address, String one, String other) {
        List<Symbol> others = before(address, other);
        return before(address, one).stream()
                .anyMatch(
                        symbol -> others.stream().anyMatch(next -> next.start() == symbol.start()));
    }

    private boolean isBehindLabel(long address, String function, List<Symbol> labels) {
        return before(address, function).stream()
                .filter(symbol -> symbol.size() == 0 || address - symbol.start() < symbol.size())
                .anyMatch(
                        symbol ->
                                labels.stream()
                                        .anyMatch(
                                                label ->
                                                        label.isLocal()
                                                                && label.start() > symbol.start()));
    }

    /// Symbols of a name that begin at an address or before it.
    private List<Symbol> before(long address, String name) {
        return symbols.getOrDefault(name, List.of()).stream()
                .filter(symbol -> Long.compareUnsigned(symbol.start(), address) <= 0)
                .toList();
    }

    /// Answers that are the same, and say something.
    public int equal() {
        return equal;
    }

    /// Answers that are the same, and say nothing.
    public int unknown() {
        return unknown;
    }

    /// Fails if a difference has no reason.
    public void assertExplained(String what) {
        System.out.printf(
                "%s: %d equal, %d unknown to both, %s, %d without a reason%n",
                what, equal, unknown, explained, others.size());
        int answers = equal + unknown + explained.values().stream().mapToInt(n -> n).sum();
        RARE.forEach(
                (kind, oneIn) ->
                        assertThat(explained.getOrDefault(kind, 0))
                                .as("%s: %s", what, kind)
                                .isLessThanOrEqualTo(1 + answers / oneIn));
        assertThat(others.stream().limit(SHOWN_MAX))
                .as("%s: %d differences without a reason", what, others.size())
                .isEmpty();
    }
}

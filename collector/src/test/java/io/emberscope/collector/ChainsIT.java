package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.emberscope.bpf.KernelFeature;
import io.emberscope.bpf.KernelFeatures;
import io.emberscope.bpf.SamplerOptions;
import io.emberscope.bpf.StackEnd;
import io.emberscope.collector.chains.ChainProgram;
import io.emberscope.collector.chains.ChainPrograms;
import io.emberscope.collector.chains.Chains;
import io.emberscope.collector.process.Binary;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Stacks of programs that know their true stacks: in every way they are built, and with both
/// programs that the kernel may be given.
class ChainsIT {
    private static final int HZ = 997;
    private static final Duration BURN =
            Duration.ofMillis(Integer.getInteger("chains.millis", 300));
    private static final double RIGHT_MIN = 0.995;

    /// The builds that are tested in the usual run, by patterns that each match one or more;
    /// `-Dlong=true` takes all, and `-Dchains.builds` others, with `|` between them.
    private static final List<String> USUAL =
            List.of(
                    "basic-gcc-O2",
                    "basic-gcc-O2-no-tables",
                    "basic-gcc-O2-static-pie",
                    "basic-clang-O0-omit-fp",
                    "basic-clang-O2-debug-frame",
                    "basic-musl-gcc-O2-static",
                    "asm-gcc-O2",
                    "asm-gcc-O2-fp",
                    "host-gcc-O2-ibt",
                    "objects-gpp-O2",
                    "bare-gcc-O2",
                    "rust-O2",
                    "rust-O3-abort",
                    "rust-O3-abort-no-tables",
                    "go");

    /// Those that the program for older kernels is tested with too.
    private static final List<String> BOUNDED =
            List.of("basic-gcc-O2", "asm-gcc-O2", "rust-O3-abort-no-tables", "go");

    /// Runs of a program before what is judged, at most.
    private static final int WARM_UPS_MAX = 20;

    /// Programs whose samples are kept at once.
    private static final int TOGETHER = 32;

    /// What cannot be as good, and why, by scenario.
    private static final Map<String, Explained> EXPLAINED = explained();

    /// @param min share of stacks that are right
    /// @param mayBeWrong whether the others may have wrong frames, not only too few
    /// @param why it is not more
    private record Explained(double min, boolean mayBeWrong, String why) {}

    /// Scenarios with a frame that is larger than what is touched of it. Until the kernel knows the
    /// process it sends a copy of the stack, which goes no further than to where nothing is in
    /// memory; how long that is depends on the machine.
    private static final String UNTOUCHED = ".*/(huge-frame|mixed)";

    /// On a machine so slow that a process is not known for a good part of its life, only stacks of
    /// known processes tell how well they are walked.
    private static final boolean KNOWN_ONLY = Boolean.getBoolean("chains.known");

    private static final Explained USUALLY = new Explained(RIGHT_MIN, false, "by chance");

    private static Map<String, Explained> explained() {
        Map<String, Explained> explained = new LinkedHashMap<>();
        explained.put(
                ".*gcc.*no-tables/hot-drap",
                new Explained(0.3, true, "only frame pointers, and a stack realigned before them"));
        explained.put(
                ".*/cfa-rbx",
                new Explained(0.9, true, "rbx is followed within one binary, not through another"));
        explained.put(
                ".*/open-again",
                new Explained(
                        0.3,
                        false,
                        "after code is mapped where other code was, stacks are cut for a moment"));
        explained.put(
                ".*/moved",
                new Explained(
                        0.2, false, "nothing tells of code that moves; moved-before is after it"));
        explained.put(
                ".*/context-switches",
                new Explained(
                        0.95,
                        false,
                        "between giving the stack and the return address, libc's tables are of"
                                + " neither context"));
        explained.put(
                ".*/throw-often",
                new Explained(
                        0.97, true, "the libgcc unwinder has overwritten the registers it needs"));
        return explained;
    }

    @TempDir static Path directory;
    private static List<ChainProgram> programs = List.of();
    private final Map<Path, Symbols> symbols = new HashMap<>();

    @BeforeAll
    static void build() throws Exception {
        RunningCollector.assumeRoot();
        List<String> patterns = patterns();
        programs = ChainPrograms.some(build -> matches(build, patterns));
        Set<String> built = new TreeSet<>();
        programs.forEach(program -> built.add(build(program)));
        // Otherwise a name that is no build's, or a compiler that is missing, is a test that
        // passes.
        assertThat(patterns)
                .as("each is one or more of %s", built)
                .allMatch(pattern -> built.stream().anyMatch(build -> build.matches(pattern)));
        assertThat(USUAL).containsAll(BOUNDED);
    }

    private static List<String> patterns() {
        String chosen = System.getProperty("chains.builds", Boolean.getBoolean("long") ? ".*" : "");
        return chosen.isEmpty() ? USUAL : List.of(chosen.split("\\|", -1));
    }

    private static boolean matches(String build, List<String> patterns) {
        return patterns.stream().anyMatch(build::matches);
    }

    private static String build(ChainProgram program) {
        return program.name().substring(0, program.name().indexOf('/'));
    }

    /// Names of one file.
    private record Symbols(FunctionTable table, PathSource source) {
        @Nullable String name(long offset) throws IOException {
            int index = table.indexOf(offset);
            String name = index < 0 ? "" : table.name(index, source);
            return name.isEmpty() ? null : name;
        }
    }

    /// How the stacks of a scenario were.
    private static final class Score {
        int all;
        int right;

        // Of those that the kernel walked itself, or could have, as it had been told the process.
        int known;
        int knownRight;
        int wrong;
        final Map<String, Integer> reasons = new TreeMap<>();

        /// When the kernel was told each process.
        final Map<Integer, Long> toldNanos = new HashMap<>();

        boolean misses(StackEnd end) {
            return reasons.keySet().stream().anyMatch(reason -> reason.startsWith(end + " "));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SamplerOptions.Unwinding.class,
            names = {"TABLES", "TABLES_BOUNDED"})
    void stacksAreTheTrueOnes(SamplerOptions.Unwinding how) throws Exception {
        assumeTrue(
                how != SamplerOptions.Unwinding.TABLES
                        || KernelFeatures.probe().stream()
                                .noneMatch(
                                        feature ->
                                                feature.name().equals("bpf_loop")
                                                        && feature.state()
                                                                == KernelFeature.State.MISSING),
                "SKIPPED: this kernel has no bpf_loop");
        Map<String, Score> scores = new TreeMap<>();
        try (LiveSampler sampler = new LiveSampler(how, HZ)) {
            loadTables(sampler);
            List<ChainProgram> chosen = new ArrayList<>(programs);
            if (how == SamplerOptions.Unwinding.TABLES_BOUNDED && !Boolean.getBoolean("long")) {
                chosen.removeIf(program -> !BOUNDED.contains(build(program)));
            }
            for (int from = 0; from < chosen.size(); from += TOGETHER) {
                List<ChainProgram> some =
                        chosen.subList(from, Math.min(from + TOGETHER, chosen.size()));
                List<Score> found = run(some, sampler);
                for (int i = 0; i < some.size(); i++) {
                    scores.put(some.get(i).name(), found.get(i));
                }
            }
        } finally {
            for (Symbols symbol : symbols.values()) {
                symbol.source().close();
            }
        }
        int all = 0;
        int right = 0;
        int known = 0;
        int knownRight = 0;
        int usual = 0;
        int usualRight = 0;
        List<String> bad = new ArrayList<>();
        for (Map.Entry<String, Score> entry : scores.entrySet()) {
            Score score = entry.getValue();
            all += score.all;
            right += score.right;
            known += score.known;
            knownRight += score.knownRight;
            Explained explained = explanation(entry.getKey());
            if (explained.equals(USUALLY)) {
                boolean knownOnly = KNOWN_ONLY || entry.getKey().matches(UNTOUCHED);
                usual += knownOnly ? score.known : score.all;
                usualRight += knownOnly ? score.knownRight : score.right;
            }
            if (score.known == 0
                    || score.known - score.knownRight > misses(score.known, explained.min())
                    || (!explained.mayBeWrong() && score.wrong > misses(score.known, RIGHT_MIN))) {
                bad.add(
                        String.format(
                                Locale.ROOT,
                                "%s: %d of %d right, %d of %d of a known process; %s",
                                entry.getKey(),
                                score.right,
                                score.all,
                                score.knownRight,
                                score.known,
                                score.reasons));
            }
        }
        System.out.printf(
                Locale.ROOT,
                "chains, %s: %d scenarios, %d of %d stacks right (%.3f %%), %d of %d (%.3f %%) of"
                        + " known processes, %d of %d (%.3f %%) of scenarios without"
                        + " an explanation%n",
                how,
                scores.size(),
                right,
                all,
                100.0 * right / Math.max(1, all),
                knownRight,
                known,
                100.0 * knownRight / Math.max(1, known),
                usualRight,
                usual,
                100.0 * usualRight / Math.max(1, usual));
        Map<String, Integer> reasons = new TreeMap<>();
        for (Score score : scores.values()) {
            score.reasons.forEach((reason, count) -> reasons.merge(reason, count, Integer::sum));
        }
        reasons.forEach((reason, count) -> System.out.println("chains:   " + count + ' ' + reason));
        bad.forEach(line -> System.out.println("chains:   " + line));
        assertThat(bad).isEmpty();
        assertThat(usualRight / (double) usual)
                .as("%d of %d right, of scenarios without an explanation", usualRight, usual)
                .isGreaterThan(RIGHT_MIN);
    }

    /// How many of so few stacks may be wrong by chance if a share `min` of all is right.
    private static double misses(int stacks, double min) {
        double expected = stacks * (1 - min);
        return expected + 4 * Math.sqrt(expected);
    }

    private static Explained explanation(String scenario) {
        for (Map.Entry<String, Explained> entry : EXPLAINED.entrySet()) {
            if (scenario.matches(entry.getKey())) {
                return entry.getValue();
            }
        }
        return USUALLY;
    }

    /// Runs a program until the tables of what runs all the time are there, which are made anew for
    /// each sampler. It takes seconds where the machine is emulated.
    private void loadTables(LiveSampler sampler) throws Exception {
        List<ChainProgram> first = programs.subList(0, 1);
        Score score = run(first, sampler).getFirst();
        for (int i = 0; i < WARM_UPS_MAX && score.misses(StackEnd.TABLE_MISSING); i++) {
            score = run(first, sampler).getFirst();
        }
    }

    /// Runs programs, one on each CPU at a time, and judges their stacks afterwards: the agent
    /// merges what is half a second old, and is waited for once. In the order of the programs.
    private List<Score> run(List<ChainProgram> some, LiveSampler sampler) throws Exception {
        List<Chains> told = ChainPrograms.run(some, BURN, directory);
        List<Score> scores = new ArrayList<>();
        told.forEach(_ -> scores.add(new Score()));
        for (LiveSampler.Merged sample : sampler.takeUntil(System.nanoTime())) {
            for (int i = 0; i < told.size(); i++) {
                if (told.get(i).covers(sample.tid(), sample.timeNanos())) {
                    judge(sample, told.get(i), scores.get(i));
                }
            }
        }
        return scores;
    }

    private void judge(LiveSampler.Merged sample, Chains chains, Score score) throws IOException {
        // The kernel is told a process when its first sample is merged: on a slow machine late.
        long toldNanos = score.toldNanos.computeIfAbsent(sample.pid(), _ -> sample.mergedNanos());
        boolean isKnown = !sample.isResumed() || sample.timeNanos() >= toldNanos;
        List<Chains.FoundFrame> frames = new ArrayList<>();
        for (LiveSampler.Place place : sample.frames()) {
            frames.add(frame(place));
        }
        Collections.reverse(frames);
        Chains.Judgement judgement = chains.judge(sample.thread(), frames);
        score.all++;
        score.known += isKnown ? 1 : 0;
        if (judgement.verdict() == Chains.Verdict.RIGHT) {
            score.right++;
            score.knownRight += isKnown ? 1 : 0;
        } else {
            score.wrong += isKnown && judgement.verdict() == Chains.Verdict.WRONG ? 1 : 0;
            score.reasons.merge(
                    sample.end()
                            + (sample.isResumed() ? " resumed " : " ")
                            + judgement.verdict()
                            + ' '
                            + judgement.reason(),
                    1,
                    Integer::sum);
        }
    }

    private Chains.FoundFrame frame(LiveSampler.Place place) throws IOException {
        Binary binary = place.binary();
        Path path = Path.of(binary.path());
        String name = null;
        if (binary.kind() == Binary.Kind.FILE && Files.isRegularFile(path)) {
            Symbols known = symbols.get(path);
            if (known == null) {
                PathSource source = PathSource.open(path);
                known = new Symbols(FunctionTable.read(ElfFile.open(source), 1 << 20), source);
                symbols.put(path, known);
            }
            name = known.name(place.offset());
        }
        Path file = path.getFileName();
        return new Chains.FoundFrame(name, file == null ? binary.path() : file.toString());
    }
}

package io.emberscope.profile.pprof;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.tree.LineTable;
import io.emberscope.profile.tree.TopTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Go's own tools judge what we write, and write what we read. Needs a Go installation (Debian:
/// `golang-go`), and fails without one.
class PprofGoIT {
    private static final String PROGRAM =
            """
            package main

            import (
                "os"
                "runtime"
                "runtime/pprof"
            )

            var sum int
            var kept [][]byte

            //go:noinline
            func often(rounds int) {
                for i := 0; i < rounds; i++ {
                    sum += i * i
                }
            }

            //go:noinline
            func seldom(rounds int) {
                for i := 0; i < rounds; i++ {
                    sum += i
                }
            }

            func create(name string) *os.File {
                file, err := os.Create(name)
                if err != nil {
                    panic(err)
                }
                return file
            }

            func main() {
                runtime.MemProfileRate = 1
                cpu := create(os.Args[1])
                pprof.StartCPUProfile(cpu)
                for i := 0; i < 60; i++ {
                    often(20000000)
                    seldom(10000000)
                    kept = append(kept, make([]byte, 1000*i))
                }
                pprof.StopCPUProfile()
                cpu.Close()
                heap := create(os.Args[2])
                pprof.WriteHeapProfile(heap)
                heap.Close()
            }
            """;

    @TempDir private Path directory;
    private GoTool go;

    @BeforeEach
    void findGo() {
        go = GoTool.in(directory);
    }

    @Test
    void goReadsTheTotalsThatWeWrite() throws Exception {
        List<Frame> inlined =
                List.of(
                        new Frame(
                                FrameKind.NATIVE,
                                "00ff",
                                "/usr/bin/inlined",
                                0x77,
                                List.of(
                                        new Line("inner", "", "inner.c", 3),
                                        new Line("outer", "", "outer.c", 4))),
                        new Frame(FrameKind.NATIVE, "00ff", "/usr/bin/inlined", 0x99, List.of()));
        MergedProfile node = Profiles.merge(Profiles.node(7, 60));
        List<Frame> frames = new ArrayList<>(node.frames());
        frames.addAll(inlined);
        List<int[]> stacks = new ArrayList<>(node.stacks());
        int first = node.frames().size();
        stacks.add(new int[] {first, first, 0});
        stacks.add(new int[] {first + 1, first});
        stacks.add(new int[] {first + 1});
        long[] values = java.util.Arrays.copyOf(node.values(), node.values().length + 3);
        for (int i = 1; i <= 3; i++) {
            values[values.length - i] = 1_000_000L + i;
        }
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU,
                        Profiles.START_NANOS,
                        Profiles.WINDOW_NANOS,
                        frames,
                        stacks,
                        values);
        Path file = directory.resolve("ours.pb.gz");
        Files.write(file, PprofWriter.write(profile));

        RawProfile raw = RawProfile.parse(go.run("tool", "pprof", "-raw", file.toString()));
        assertThat(raw.types).containsExactly("cpu/nanoseconds[dflt]");
        assertThat(raw.header).contains("PeriodType: cpu nanoseconds", "Duration: 10");
        assertThat(raw.header).contains("Time: 2026-01-01 00:00:00 +0000 UTC");
        assertThat(raw.sums(0)).isEqualTo(sums(profile));
        assertThat(raw.mappings)
                .contains("/usr/bin/inlined 00ff")
                .anyMatch(mapping -> mapping.startsWith("[kernel]"));

        // Places without a name are left out of the comparison: Go calls them by their binary.
        Map<String, String> top = top(file);
        TopTable table = TopTable.of(profile);
        int compared = 0;
        Map<String, Long> selves = new HashMap<>();
        Map<String, Long> totals = new HashMap<>();
        for (TopTable.Row row : table.rows()) {
            selves.merge(row.function().name(), row.self(), Long::sum);
            totals.merge(row.function().name(), row.total(), Long::sum);
        }
        for (String name : selves.keySet()) {
            if (!name.contains("+0x")) {
                assertThat(top.get(name))
                        .as(name)
                        .isEqualTo(selves.get(name) + " " + totals.get(name));
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(1_000);
        assertThat(top).hasSizeLessThanOrEqualTo(compared + 1);
    }

    @Test
    void weReadTheTotalsThatGoWrites() throws Exception {
        Path source = directory.resolve("main.go");
        Files.writeString(source, PROGRAM);
        Path program = directory.resolve("program");
        go.run("build", "-o", program.toString(), source.toString());
        Path cpu = directory.resolve("cpu.pb.gz");
        Path heap = directory.resolve("heap.pb.gz");
        go.output(List.of(program.toString(), cpu.toString(), heap.toString()));
        compare(cpu, List.of("samples/count", "cpu/nanoseconds"), "main.often");
        compare(
                heap,
                List.of(
                        "alloc_objects/count",
                        "alloc_space/bytes",
                        "inuse_objects/count",
                        "inuse_space/bytes"),
                "main.main");
    }

    private void compare(Path file, List<String> types, String function) throws Exception {
        List<MergedProfile> profiles =
                PprofReader.read(Files.readAllBytes(file), IngestLimits.DEFAULT);
        assertThat(profiles)
                .extracting(p -> p.type().sampleType() + '/' + p.type().sampleUnit())
                .isEqualTo(types);
        RawProfile raw = RawProfile.parse(go.run("tool", "pprof", "-raw", file.toString()));
        assertThat(raw.types).extracting(type -> type.replace("[dflt]", "")).isEqualTo(types);
        for (int type = 0; type < types.size(); type++) {
            MergedProfile profile = profiles.get(type);
            assertThat(sums(profile)).as(types.get(type)).isEqualTo(raw.sums(type));
            assertThat(profile.total()).isPositive();
            assertThat(TopTable.of(profile).rows())
                    .as(types.get(type))
                    .anyMatch(row -> row.function().name().equals(function) && row.self() > 0);
        }
    }

    /// Sums by the names of functions, leaf first, inlined ones included; places without a name are
    /// their address.
    private static Map<List<String>, Long> sums(MergedProfile profile) {
        Map<List<String>, Long> sums = new HashMap<>();
        for (int i = 0; i < profile.values().length; i++) {
            List<String> names = new ArrayList<>();
            for (int frame : profile.stacks().get(i)) {
                Frame found = profile.frames().get(frame);
                if (found.lines().isEmpty()) {
                    names.add("0x" + Long.toHexString(found.offset()));
                }
                for (Line line : found.lines()) {
                    names.add(line.function() + ' ' + line.file() + ':' + line.line());
                }
            }
            if (profile.values()[i] > 0) {
                sums.merge(names, profile.values()[i], Long::sum);
            }
        }
        return sums;
    }

    private static final Pattern TOP_ROW =
            Pattern.compile("\\s*(\\d+)(?:ns)?\\s+\\S+\\s+\\S+\\s+(\\d+)(?:ns)?\\s+\\S+\\s+(.+)");

    /// A function of 40 that call and inline each other, at one of 60 lines of a few files.
    private static Line randomLine(Random random) {
        int function = random.nextInt(40);
        return new Line(
                "f" + function, "", "/src/dir/f" + function % 7 + ".c", random.nextInt(1, 60));
    }

    @Test
    void goCountsSourceLinesAsWeDo() throws Exception {
        Random random = new Random(11);
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < 900; i++) {
            List<Line> lines = new ArrayList<>();
            for (int j = random.nextInt(1, 5); j > 0; j--) {
                lines.add(randomLine(random));
            }
            frames.add(new Frame(FrameKind.NATIVE, "00ff", "/usr/bin/app", 16L * i, lines));
        }
        List<int[]> stacks = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            stacks.add(random.ints(random.nextInt(1, 12), 0, frames.size()).toArray());
        }
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU,
                        Profiles.START_NANOS,
                        Profiles.WINDOW_NANOS,
                        frames,
                        stacks,
                        random.longs(stacks.size(), 1, 1_000_000).toArray());
        Path file = directory.resolve("lines.pb.gz");
        Files.write(file, PprofWriter.write(profile));

        Map<String, String> ours = new TreeMap<>();
        for (int i = 0; i < 40; i++) {
            for (LineTable.Row row : LineTable.of(profile, "f" + i, "").rows()) {
                ours.put(
                        "f" + i + ' ' + row.file() + ':' + row.line(),
                        row.self() + " " + row.total());
            }
        }
        assertThat(ours).hasSizeGreaterThan(1_000);
        assertThat(rows(go.lines(file))).isEqualTo(ours);
    }

    /// Self and total by name, as Go's table has them.
    private Map<String, String> top(Path file) throws Exception {
        return rows(go.top(file));
    }

    private static Map<String, String> rows(String text) {
        Map<String, String> rows = new TreeMap<>();
        for (String line : text.split("\n", -1)) {
            Matcher row = TOP_ROW.matcher(line);
            if (row.matches()) {
                String name =
                        row.group(3).replace(" (inline)", "").replace(" (partial-inline)", "");
                rows.put(name, row.group(1) + " " + row.group(2));
            }
        }
        return rows;
    }

    /// What `go tool pprof -raw` prints.
    private static final class RawProfile {
        private static final Pattern SAMPLE =
                Pattern.compile("\\s*((?:\\d+\\s+)*\\d+): ?([\\d ]*)");
        private static final Pattern LOCATION =
                Pattern.compile("\\s*(\\d+): 0x([0-9a-f]+) (?:M=\\d+ )?(.*)");
        private static final Pattern LINE =
                Pattern.compile("(.*?) ?(\\S*?):(\\d+)(?::\\d+)? s=\\d+.*");
        private static final Pattern MAPPING = Pattern.compile("\\d+: 0x[^ ]+ (\\S*) ?(\\S*) ?.*");

        final List<String> types = new ArrayList<>();
        final List<String> mappings = new ArrayList<>();
        String header = "";
        private final List<long[]> values = new ArrayList<>();
        private final List<int[]> stacks = new ArrayList<>();
        private final Map<Integer, List<String>> locations = new HashMap<>();

        static RawProfile parse(String text) {
            RawProfile raw = new RawProfile();
            String section = "";
            List<String> last = new ArrayList<>();
            StringBuilder header = new StringBuilder();
            for (String line : text.split("\n", -1)) {
                if (line.matches("(Samples:|Locations|Mappings)")) {
                    section = line;
                } else if (section.equals("Samples:") && raw.types.isEmpty()) {
                    raw.types.addAll(List.of(line.trim().split(" +")));
                } else if (section.equals("Samples:")) {
                    raw.sample(line);
                } else if (section.equals("Locations")) {
                    last = raw.location(line, last);
                } else if (section.equals("Mappings")) {
                    Matcher mapping = MAPPING.matcher(line);
                    if (mapping.matches()) {
                        raw.mappings.add(mapping.group(1) + ' ' + mapping.group(2));
                    }
                } else {
                    header.append(line).append('\n');
                }
            }
            raw.header = header.toString();
            return raw;
        }

        private void sample(String line) {
            Matcher sample = SAMPLE.matcher(line);
            if (sample.matches()) {
                values.add(
                        java.util.Arrays.stream(sample.group(1).trim().split("\\s+"))
                                .mapToLong(Long::parseLong)
                                .toArray());
                stacks.add(
                        java.util.Arrays.stream(sample.group(2).trim().split(" +"))
                                .filter(id -> !id.isEmpty())
                                .mapToInt(Integer::parseInt)
                                .toArray());
            }
        }

        private List<String> location(String line, List<String> last) {
            Matcher location = LOCATION.matcher(line);
            List<String> names = last;
            String rest = line.trim();
            if (location.matches()) {
                names = new ArrayList<>();
                locations.put(Integer.parseInt(location.group(1)), names);
                rest = location.group(3).trim();
                if (rest.isEmpty()) {
                    names.add("0x" + location.group(2));
                }
            }
            Matcher function = LINE.matcher(rest);
            if (function.matches()) {
                names.add(function.group(1) + ' ' + function.group(2) + ':' + function.group(3));
            }
            return names;
        }

        Map<List<String>, Long> sums(int type) {
            Map<List<String>, Long> sums = new HashMap<>();
            for (int i = 0; i < values.size(); i++) {
                List<String> names = new ArrayList<>();
                for (int location : stacks.get(i)) {
                    names.addAll(locations.get(location));
                }
                if (values.get(i)[type] > 0) {
                    sums.merge(names, values.get(i)[type], Long::sum);
                }
            }
            return sums;
        }
    }
}

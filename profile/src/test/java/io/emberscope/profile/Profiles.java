package io.emberscope.profile;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/// Profiles for tests, the same for the same seed.
public final class Profiles {
    /// Start of the window of [#cpu]: 2026-01-01T00:00:00Z.
    public static final long START_NANOS = 1_767_225_600_000_000_000L;

    /// Length of a window.
    public static final long WINDOW_NANOS = 10_000_000_000L;

    private static final long PERIOD_NANOS = 10_309_278L;
    private static final List<FrameKind> KINDS =
            Arrays.stream(FrameKind.values()).filter(kind -> kind != FrameKind.LABEL).toList();

    private Profiles() {}

    /// A small batch that is easy to reason about: `main` of service `web` calls `work` (600 ms)
    /// and `rest` (300 ms) and enters the kernel (100 ms); total 1 s.
    public static ProfileBatch cpu() {
        String buildId = "0123456789abcdef0123456789abcdef01234567";
        List<Frame> frames =
                List.of(
                        frame(FrameKind.NATIVE, buildId, "/usr/bin/web", 0x1000, "main"),
                        frame(FrameKind.NATIVE, buildId, "/usr/bin/web", 0x2000, "work"),
                        frame(FrameKind.NATIVE, buildId, "/usr/bin/web", 0x3000, "rest"),
                        frame(FrameKind.KERNEL, "", "[kernel]", 0x4000, "do_syscall_64"));
        List<int[]> stacks = List.of(new int[] {1, 0}, new int[] {2, 0}, new int[] {3, 0});
        Series series =
                new Series(
                        ProfileType.CPU,
                        Labels.of(
                                "service_name", "web",
                                "executable", "web",
                                "thread_name", "worker-1",
                                "node", "host-1"));
        Profile profile =
                new Profile(
                        series,
                        START_NANOS,
                        WINDOW_NANOS,
                        PERIOD_NANOS,
                        new int[] {0, 1, 2},
                        new long[] {600_000_000, 300_000_000, 100_000_000});
        return new ProfileBatch(frames, stacks, List.of(profile));
    }

    /// Start of the window of [#cut]: an hour after that of [#cpu].
    public static final long CUT_START_NANOS = START_NANOS + 3_600_000_000_000L;

    /// A small batch with stacks that do not reach their root: 980 ms of a thread's whole stacks,
    /// 12 ms cut in libc for want of a rule, 5 ms in `web` as too deep, and 3 ms there for a reason
    /// that is not ours; total 1 s.
    public static ProfileBatch cut() {
        String web = "/usr/bin/web";
        List<Frame> frames =
                List.of(
                        frame(FrameKind.NATIVE, buildId(1), web, 0x1000, "main"),
                        frame(FrameKind.NATIVE, buildId(2), "/usr/lib/libc.so.6", 0x20, "write"),
                        frame(FrameKind.KERNEL, "", "[kernel]", 0x4000, "do_syscall_64"),
                        CutMark.frame("no unwind rule"),
                        CutMark.frame("too deep"),
                        CutMark.frame("=of its own"));
        List<int[]> stacks =
                List.of(
                        new int[] {2, 1, 0},
                        new int[] {2, 1, 3},
                        new int[] {0, 4},
                        new int[] {0, 0, 5});
        Series series = new Series(ProfileType.CPU, Labels.of("service_name", "cut"));
        Profile profile =
                new Profile(
                        series,
                        CUT_START_NANOS,
                        WINDOW_NANOS,
                        PERIOD_NANOS,
                        new int[] {0, 1, 2, 3},
                        new long[] {980_000_000, 12_000_000, 5_000_000, 3_000_000});
        return new ProfileBatch(frames, stacks, List.of(profile));
    }

    /// Start of the window of [#sources]: four hours after that of [#cpu].
    public static final long SOURCES_START_NANOS = START_NANOS + 4 * 3_600_000_000_000L;

    /// A small batch with source lines: 400 ms in `hash`, inlined into line 30 of `work`, 300 ms in
    /// line 31 of `work` and 100 ms in a line of it that is not known; and with code that has no
    /// name: 170 ms at two places of a stripped program, 30 ms in memory without a file; total 1 s.
    public static ProfileBatch sources() {
        String stripped = "/usr/bin/stripped";
        Line work = new Line("work", "", "/src/work.c", 30);
        List<Frame> frames =
                List.of(
                        source(0x100, new Line("main", "", "/src/main.c", 12)),
                        source(0x200, new Line("hash", "", "/src/hash.h", 7), work),
                        source(0x210, new Line("work", "", "/src/work.c", 31)),
                        source(0x220, Line.named("work")),
                        new Frame(FrameKind.NATIVE, buildId(4), stripped, 0x4f0, List.of()),
                        new Frame(FrameKind.NATIVE, buildId(4), stripped, 0x500, List.of()),
                        new Frame(FrameKind.NATIVE, "", "[anon]", 0x600, List.of()));
        List<int[]> stacks =
                List.of(
                        new int[] {1, 0},
                        new int[] {2, 0},
                        new int[] {3, 0},
                        new int[] {4, 0},
                        new int[] {5},
                        new int[] {6});
        Profile profile =
                new Profile(
                        new Series(ProfileType.CPU, Labels.of("service_name", "app")),
                        SOURCES_START_NANOS,
                        WINDOW_NANOS,
                        PERIOD_NANOS,
                        new int[] {0, 1, 2, 3, 4, 5},
                        new long[] {
                            400_000_000,
                            300_000_000,
                            100_000_000,
                            120_000_000,
                            50_000_000,
                            30_000_000
                        });
        return new ProfileBatch(frames, stacks, List.of(profile));
    }

    private static Frame source(long offset, Line... lines) {
        return new Frame(FrameKind.NATIVE, buildId(3), "/usr/bin/app", offset, List.of(lines));
    }

    /// A batch of any shape that an agent may send, with odd names among the plain ones: few or
    /// many frames, recursion, inlining, several types, labels and times. Each series, time and
    /// period is there once, each of its stacks too, and no value is 0.
    public static ProfileBatch random(long seed) {
        Random random = new Random(seed);
        List<Frame> frames = new ArrayList<>();
        for (int i = random.nextInt(1, 60); i > 0; i--) {
            frames.add(randomFrame(random));
        }
        frames = List.copyOf(new java.util.LinkedHashSet<>(frames));
        Map<List<Integer>, int[]> stacks = new LinkedHashMap<>();
        for (int i = random.nextInt(1, 80); i > 0; i--) {
            int[] stack = new int[random.nextInt(30) == 0 ? 0 : random.nextInt(1, 25)];
            for (int j = 0; j < stack.length; j++) {
                stack[j] = random.nextInt(frames.size());
            }
            stacks.putIfAbsent(Arrays.stream(stack).boxed().toList(), stack);
        }
        List<int[]> stackList = List.copyOf(stacks.values());
        Map<String, Profile> profiles = new LinkedHashMap<>();
        for (int i = random.nextInt(1, 12); i > 0; i--) {
            Profile profile = randomProfile(random, stackList.size());
            profiles.putIfAbsent(
                    profile.series()
                            + " "
                            + profile.startNanos()
                            + " "
                            + profile.durationNanos()
                            + " "
                            + profile.period(),
                    profile);
        }
        return new ProfileBatch(frames, stackList, List.copyOf(profiles.values()));
    }

    /// What a node with that many processes exports for a window: one CPU profile for each, with
    /// stacks of the program's own, of shared libraries and of the kernel.
    public static ProfileBatch node(long seed, int processes) {
        Random random = new Random(seed);
        int shared = 4_000;
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < shared; i++) {
            boolean kernel = i % 4 == 0;
            frames.add(
                    frame(
                            kernel ? FrameKind.KERNEL : FrameKind.NATIVE,
                            kernel ? "" : buildId(i % 40),
                            kernel ? "[kernel]" : "/usr/lib/x86_64-linux-gnu/lib" + i % 40 + ".so",
                            0x1000 + 64L * i,
                            "shared_function_number_" + i));
        }
        List<int[]> stacks = new ArrayList<>();
        List<Profile> profiles = new ArrayList<>();
        for (int process = 0; process < processes; process++) {
            String name = "program-" + process % 97;
            int first = frames.size();
            for (int i = 0; i < 8; i++) {
                frames.add(
                        frame(
                                FrameKind.NATIVE,
                                buildId(1000 + process),
                                "/usr/bin/" + name,
                                0x400 + 32L * i,
                                name + "::Handler::step" + i));
            }
            int samples = random.nextInt(1, 40);
            int[] sampleStacks = new int[samples];
            long[] values = new long[samples];
            for (int i = 0; i < samples; i++) {
                int[] stack = new int[random.nextInt(8, 40)];
                for (int j = 0; j < stack.length; j++) {
                    boolean own = j >= stack.length - 4;
                    stack[j] = own ? first + random.nextInt(8) : random.nextInt(shared);
                }
                sampleStacks[i] = stacks.size();
                stacks.add(stack);
                values[i] = PERIOD_NANOS * random.nextInt(1, 20);
            }
            profiles.add(
                    new Profile(
                            new Series(
                                    ProfileType.CPU,
                                    Labels.of(
                                            "service_name",
                                            name,
                                            "executable",
                                            name,
                                            "thread_name",
                                            "worker-" + process % 5,
                                            "container_id",
                                            buildId(process),
                                            "pod_uid",
                                            "pod-" + process,
                                            "node",
                                            "host-1")),
                            START_NANOS,
                            WINDOW_NANOS,
                            PERIOD_NANOS,
                            sampleStacks,
                            values));
        }
        return new ProfileBatch(frames, stacks, profiles);
    }

    /// All profiles of a batch as one, whatever their types; the type and time are the first's.
    public static MergedProfile merge(ProfileBatch batch) {
        long[] values = new long[batch.stacks().size()];
        for (Profile profile : batch.profiles()) {
            for (int i = 0; i < profile.size(); i++) {
                values[profile.stacks()[i]] += profile.values()[i];
            }
        }
        Profile first = batch.profiles().getFirst();
        return new MergedProfile(
                first.series().type(),
                first.startNanos(),
                first.durationNanos(),
                batch.frames(),
                batch.stacks(),
                values);
    }

    /// A merged profile of so many stacks whose shapes branch like a real program's.
    public static MergedProfile merged(long seed, int stackCount, int depthMax) {
        Random random = new Random(seed);
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            frames.add(
                    frame(
                            FrameKind.NATIVE,
                            buildId(i % 50),
                            "/usr/lib/lib" + i % 50 + ".so",
                            16L * i,
                            "function_" + i));
        }
        List<int[]> stacks = new ArrayList<>();
        long[] values = new long[stackCount];
        int[] before = {0};
        for (int i = 0; i < stackCount; i++) {
            // A stack shares its outermost frames with the one before it.
            int kept = random.nextInt(before.length + 1);
            int[] stack = new int[Math.min(depthMax, kept + random.nextInt(1, 12))];
            for (int j = 0; j < stack.length; j++) {
                int fromRoot = stack.length - 1 - j;
                stack[j] =
                        fromRoot < kept
                                ? before[before.length - 1 - fromRoot]
                                : random.nextInt(frames.size());
            }
            stacks.add(stack);
            values[i] = random.nextLong(1, 1_000_000_000);
            before = stack;
        }
        return new MergedProfile(
                ProfileType.CPU, START_NANOS, WINDOW_NANOS, frames, stacks, values);
    }

    /// What the batch says, in a form that does not depend on how frames and stacks are numbered or
    /// profiles divided and ordered: (series, time, period, frames leaf first) and the sum.
    public static Map<String, Long> content(ProfileBatch batch) {
        Map<String, Long> content = new TreeMap<>();
        for (Profile profile : batch.profiles()) {
            for (int i = 0; i < profile.size(); i++) {
                StringBuilder key = new StringBuilder();
                key.append(profile.series().type().id()).append(profile.series().labels());
                key.append(profile.startNanos()).append('+').append(profile.durationNanos());
                key.append('/').append(profile.period());
                for (int frame : batch.stacks().get(profile.stacks()[i])) {
                    key.append('\n').append(batch.frames().get(frame));
                }
                content.merge(key.toString(), profile.values()[i], Long::sum);
            }
        }
        return content;
    }

    /// The content ids of all series in a batch.
    public static Set<Long> seriesIds(ProfileBatch batch) {
        ContentHash hash = new ContentHash();
        Set<Long> ids = new HashSet<>();
        for (Profile profile : batch.profiles()) {
            ids.add(profile.series().id(hash));
        }
        return ids;
    }

    private static Frame frame(
            FrameKind kind, String buildId, String binary, long offset, String function) {
        return new Frame(kind, buildId, binary, offset, List.of(Line.named(function)));
    }

    private static Frame randomFrame(Random random) {
        List<Line> lines = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            lines.add(
                    new Line(
                            randomName(random),
                            random.nextBoolean() ? "_Z" + random.nextInt(20) : "",
                            random.nextBoolean() ? "/src/" + random.nextInt(9) + ".c" : "",
                            random.nextBoolean() ? random.nextInt(1, 900) : 0));
        }
        String buildId = random.nextBoolean() ? buildId(random.nextInt(4)) : "";
        long offset = random.nextInt(9) == 0 ? random.nextLong() : random.nextInt(1 << 20);
        return new Frame(
                KINDS.get(random.nextInt(KINDS.size())),
                buildId,
                random.nextInt(4) > 0 ? "/usr/lib/lib" + random.nextInt(4) + ".so" : "",
                offset,
                buildId.isEmpty() || random.nextBoolean()
                        ? Frame.NO_ADDRESS
                        : Math.abs(offset >> 1) + (random.nextInt(3) << 12),
                lines);
    }

    private static Profile randomProfile(Random random, int stackCount) {
        ProfileType type =
                switch (random.nextInt(5)) {
                    case 0 -> new ProfileType("off_cpu", "off_cpu", "nanoseconds", "", "");
                    case 1 -> new ProfileType("memory", "alloc_space", "bytes", "space", "bytes");
                    case 2 -> new ProfileType("odd name", "samples", "count", "", "count");
                    case 3 ->
                            new ProfileType(
                                    "process_cpu", "samples", "count", "cpu", "nanoseconds");
                    default -> ProfileType.CPU;
                };
        Map<String, String> labels = new TreeMap<>();
        labels.put("service_name", randomName(random));
        for (String name :
                List.of("executable", "thread_name", "pod", "namespace", "node", "host", "zone")) {
            if (random.nextBoolean()) {
                labels.put(name, randomName(random));
            }
        }
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < stackCount; i++) {
            all.add(i);
        }
        java.util.Collections.shuffle(all, random);
        int samples = random.nextInt(1, stackCount + 1);
        return new Profile(
                new Series(type, Labels.of(labels)),
                START_NANOS + WINDOW_NANOS * random.nextInt(3),
                random.nextBoolean() ? WINDOW_NANOS : 0,
                random.nextBoolean() ? PERIOD_NANOS : 0,
                all.stream().limit(samples).mapToInt(i -> i).toArray(),
                random.longs(samples, 1, 1L << 40).toArray());
    }

    private static String randomName(Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> "std::vector<int>::push_back(int const&)";
            case 1 -> "\u00e4\u4e16\ud83d\udd25 \"quoted\" \\ \n\u0000<b>&";
            default -> "name" + random.nextInt(30);
        };
    }

    private static String buildId(int number) {
        return String.format("%040x", 0x9e3779b97f4a7c15L * (number + 1) & Long.MAX_VALUE);
    }
}

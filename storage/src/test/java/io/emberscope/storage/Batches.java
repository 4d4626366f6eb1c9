package io.emberscope.storage;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Batches for tests.
public final class Batches {
    /// Start of all test time: 2026-11-25T00:00:00Z.
    public static final long START_MILLIS = 1_795_564_800_000L;

    private static final long NANOS = 1_000_000L;
    private static final List<FrameKind> KINDS =
            List.of(
                    FrameKind.NATIVE,
                    FrameKind.KERNEL,
                    FrameKind.JVM,
                    FrameKind.GO,
                    FrameKind.UNKNOWN);

    private Batches() {}

    /// One sample of one series.
    public static ProfileBatch one(Labels labels, long millis, long value, String... functions) {
        List<Frame> frames = new ArrayList<>();
        int[] stack = new int[functions.length];
        for (int i = 0; i < functions.length; i++) {
            frames.add(frame(functions[i]));
            stack[i] = i;
        }
        return new ProfileBatch(
                frames,
                List.of(stack),
                List.of(
                        new Profile(
                                new Series(ProfileType.CPU, labels),
                                millis * NANOS,
                                10_000 * NANOS,
                                0,
                                new int[] {0},
                                new long[] {value})));
    }

    /// A native frame known by its build id, with a name.
    public static Frame frame(String function) {
        return new Frame(
                FrameKind.NATIVE,
                "b1d0",
                "app",
                Integer.toUnsignedLong(function.hashCode()),
                List.of(new Line(function, "", "app.c", 7)));
    }

    /// A batch of any shape, the same for the same random numbers.
    public static ProfileBatch random(Random random, int profilesMax, long millisMin, int windows) {
        List<Frame> frames = new ArrayList<>();
        int frameCount = 1 + random.nextInt(12);
        for (int i = 0; i < frameCount; i++) {
            frames.add(randomFrame(random));
        }
        List<int[]> stacks = new ArrayList<>();
        int stackCount = 1 + random.nextInt(10);
        for (int i = 0; i < stackCount; i++) {
            int[] stack = new int[random.nextInt(9)];
            for (int j = 0; j < stack.length; j++) {
                stack[j] = random.nextInt(frameCount);
            }
            stacks.add(stack);
        }
        List<Profile> profiles = new ArrayList<>();
        int profileCount = random.nextInt(profilesMax + 1);
        for (int i = 0; i < profileCount; i++) {
            int samples = random.nextInt(6);
            int[] of = new int[samples];
            long[] values = new long[samples];
            for (int j = 0; j < samples; j++) {
                of[j] = random.nextInt(stackCount);
                values[j] = random.nextInt(5) == 0 ? random.nextLong() >> 20 : random.nextInt(1000);
            }
            long millis = millisMin + 10_000L * random.nextInt(windows);
            profiles.add(
                    new Profile(
                            randomSeries(random),
                            millis * NANOS + random.nextInt(3) * 333L,
                            10_000 * NANOS,
                            random.nextInt(2) * 10_309_278L,
                            of,
                            values));
        }
        return new ProfileBatch(frames, stacks, profiles);
    }

    private static Series randomSeries(Random random) {
        Labels labels = Labels.of("service_name", "service-" + random.nextInt(4));
        for (String name : List.of("pod", "namespace", "node", "thread_name", "odd \"name\"")) {
            if (random.nextInt(3) > 0) {
                labels = labels.with(name, name + "-" + random.nextInt(3));
            }
        }
        ProfileType type =
                random.nextInt(4) == 0
                        ? new ProfileType("memory", "alloc_space", "bytes", "space", "bytes")
                        : ProfileType.CPU;
        return new Series(type, labels);
    }

    private static Frame randomFrame(Random random) {
        int n = random.nextInt(40);
        FrameKind kind = KINDS.get(n % KINDS.size());
        // What makes the id decides all the rest but the lines of a frame with a build id, so that
        // frames of any two batches agree.
        return switch (n % 4) {
            case 0 -> new Frame(kind, "", "bin" + n, 0x1000 + n, List.of());
            case 1 -> new Frame(kind, "", "bin" + n, 7, lines(n, 1 + n % 3));
            case 2 ->
                    new Frame(
                            kind,
                            "beef0" + n % 7,
                            "lib" + n % 7 + ".so",
                            n,
                            0x40_0000 - n,
                            lines(n, n % 3));
            default -> new Frame(kind, "beef0" + n % 7, "lib" + n % 7 + ".so", n, List.of());
        };
    }

    private static List<Line> lines(int n, int count) {
        List<Line> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lines.add(
                    new Line(
                            "fn<" + n + ">::" + i,
                            i % 2 == 0 ? "_Zfn" + n : "",
                            n % 3 == 0 ? "" : "src/ü" + n + ".cc",
                            n * 10 + i));
        }
        return lines;
    }
}

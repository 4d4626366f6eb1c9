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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// An hour of a small cluster, made up: services of ten pods each, a window every 15 seconds, 220
/// stacks a window drawn by Zipf's law from the 2,700 of the service, mean depth about 24. The
/// counts are those of the data set on which other profilers were measured; the stacks are random
/// walks in call trees.
final class HourData {
    static final int WINDOWS = 240;
    private static final int PODS = 10;
    private static final int STACKS_PER_SERVICE = 2_700;
    private static final int SAMPLES = 220;
    private static final String[] WORDS =
            ("cart order user session token cache query index batch stream buffer codec frame json"
                            + " proto http grpc retry queue worker pool shard segment merge scan parse"
                            + " encode decode hash sort filter map reduce route handle serve dispatch"
                            + " render template lock wait read write flush sync open close alloc free"
                            + " gc mark sweep copy compare match split join trim format log trace span")
                    .split(" ", -1);

    private final Random random = new Random(11);
    private final int services;
    private final List<Frame> kernel = new ArrayList<>();
    private final List<List<int[]>> stacks = new ArrayList<>();
    private final List<List<Frame>> frames = new ArrayList<>();
    private final double[] zipf = new double[STACKS_PER_SERVICE];

    HourData(int services) {
        this.services = services;
        for (int i = 0; i < 800; i++) {
            kernel.add(frame(FrameKind.KERNEL, "f00d", "[kernel]", i * 97 + 13, ""));
        }
        for (int service = 0; service < services; service++) {
            makeService(service);
        }
        double sum = 0;
        for (int i = 0; i < zipf.length; i++) {
            sum += 1 / Math.pow(i + 1, 1.1);
            zipf[i] = sum;
        }
    }

    int pods() {
        return services * PODS;
    }

    long samples() {
        return (long) pods() * WINDOWS * SAMPLES;
    }

    Labels labels(int pod) {
        String service = "service-" + pod / PODS;
        return Labels.of(
                "service_name",
                service,
                "namespace",
                "shop-" + pod / PODS % 4,
                "workload",
                service,
                "pod",
                service + "-6d5f8b7c9d-" + Integer.toString(pod * 7919 + 40_000, 36),
                "container",
                "app",
                "node",
                "ip-10-0-" + pod % 7 + ".internal",
                "executable",
                service);
    }

    long millis(int window) {
        return Batches.START_MILLIS + window * 15_000L;
    }

    /// What one pod sends for one window.
    ProfileBatch batch(int pod, int window) {
        int service = pod / PODS;
        Map<Integer, Long> counts = new HashMap<>();
        while (counts.size() < SAMPLES) {
            counts.merge(draw(), 10_309_278L * (1 + random.nextInt(3)), Long::sum);
        }
        List<Frame> used = new ArrayList<>();
        Map<Integer, Integer> numbers = new HashMap<>();
        List<int[]> batchStacks = new ArrayList<>();
        int[] indices = new int[SAMPLES];
        long[] values = new long[SAMPLES];
        int next = 0;
        for (Map.Entry<Integer, Long> count : counts.entrySet()) {
            int[] stack = stacks.get(service).get(count.getKey());
            int[] renumbered = new int[stack.length];
            for (int i = 0; i < stack.length; i++) {
                int frame = stack[i];
                renumbered[i] =
                        numbers.computeIfAbsent(
                                frame,
                                _ -> {
                                    used.add(frames.get(service).get(frame));
                                    return used.size() - 1;
                                });
            }
            batchStacks.add(renumbered);
            indices[next] = next;
            values[next++] = count.getValue();
        }
        Profile profile =
                new Profile(
                        new Series(ProfileType.CPU, labels(pod)),
                        millis(window) * 1_000_000,
                        15_000_000_000L,
                        10_309_278,
                        indices,
                        values);
        return new ProfileBatch(used, batchStacks, List.of(profile));
    }

    private int draw() {
        double at = random.nextDouble() * zipf[zipf.length - 1];
        int low = 0;
        int high = zipf.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (zipf[middle] < at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /// Random walks from the root that mostly follow the ones before, as calls do.
    private void makeService(int service) {
        List<Frame> own = new ArrayList<>(kernel);
        int functions = 2_500;
        for (int i = 0; i < functions; i++) {
            own.add(
                    frame(
                            FrameKind.NATIVE,
                            "5e41ce" + service,
                            "service-" + service,
                            0x40_0000 + i * 311L,
                            "github.com/shop/service" + service + "/internal/"));
        }
        List<int[]> made = new ArrayList<>();
        List<Integer> path = new ArrayList<>();
        for (int i = 0; i < STACKS_PER_SERVICE; i++) {
            int keep = path.isEmpty() ? 0 : random.nextInt(path.size());
            while (path.size() > keep) {
                path.removeLast();
            }
            int depth = 14 + random.nextInt(21);
            while (path.size() < depth) {
                boolean leaf = path.size() > depth - 4 && random.nextInt(3) == 0;
                path.add(
                        leaf
                                ? random.nextInt(kernel.size())
                                : kernel.size()
                                        + (int) (Math.pow(random.nextDouble(), 2) * functions));
            }
            int[] stack = new int[path.size()];
            for (int j = 0; j < stack.length; j++) {
                stack[j] = path.get(stack.length - 1 - j);
            }
            made.add(stack);
        }
        stacks.add(made);
        frames.add(own);
    }

    private Frame frame(FrameKind kind, String buildId, String binary, long offset, String prefix) {
        String name =
                prefix
                        + word()
                        + "_"
                        + word()
                        + (prefix.isEmpty() ? "" : ".(*" + word() + ")." + word());
        return new Frame(
                kind,
                buildId + "0123456789abcdef0123456789abcdef".substring(buildId.length() % 8),
                binary,
                offset,
                List.of(
                        new Line(
                                name,
                                "",
                                prefix.isEmpty() ? "" : prefix + word() + ".go",
                                1 + random.nextInt(900))));
    }

    private String word() {
        return WORDS[random.nextInt(WORDS.length)];
    }
}

package io.emberscope.storage;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.ContentHash;
import io.emberscope.profile.Frame;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import io.emberscope.profile.otlp.OtlpDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// An hour of a small cluster whose stacks were recorded on real programs by our own collector, see
/// `storage/bench/record.py`: 20 services of ten pods each, a profile every 15 seconds of 220
/// stacks, drawn by Zipf's law from those of the service, most frequent first.
///
/// Each recorded program is a service; the 20 with the most stacks are taken. Of a program with
/// more stacks than a service may have those are kept that a shorter recording would have had: each
/// with a chance that grows with how often it was seen. The most that a service may have is such
/// that all services together have [#STACKS], as the data set had on which other profilers were
/// measured. The same seed and recordings make the same hour, in whatever order it is asked for.
final class RecordedHour {
    static final int WINDOWS = 240;
    static final int PODS_OF_SERVICE = 10;
    private static final int SERVICES = 20;
    private static final int SAMPLES = 220;
    private static final int STACKS = 53_456;
    private static final double ZIPF = 1.1;
    private static final long WINDOW_MILLIS = 15_000;

    /// Between two samples at 97 Hz.
    private static final long PERIOD_NANOS = 10_309_278;

    /// What one program did.
    private static final class Recorded {
        final String name;
        final Map<Long, int[]> stacks = new LinkedHashMap<>();
        final Map<Long, Long> values = new HashMap<>();

        Recorded(String name) {
            this.name = name;
        }
    }

    private record Service(String name, List<int[]> stacks, int recorded, double[] zipf) {}

    private final long seed;
    private final List<Frame> frames = new ArrayList<>();
    private final Map<Long, Integer> frameNumbers = new HashMap<>();
    private final List<Service> services = new ArrayList<>();

    private RecordedHour(long seed) {
        this.seed = seed;
    }

    /// Reads what `record.py` has put into a directory.
    static RecordedHour read(Path directory, long seed)
            throws IOException, MalformedInputException {
        RecordedHour hour = new RecordedHour(seed);
        Map<String, Recorded> byContainer = new LinkedHashMap<>();
        for (String line : Files.readAllLines(directory.resolve("workloads"))) {
            String[] words = line.split(" ", 2);
            byContainer.put(words[0], new Recorded(words[1]));
        }
        List<Path> files;
        try (Stream<Path> all = Files.list(directory)) {
            files = all.filter(file -> file.toString().endsWith(".otlp")).sorted().toList();
        }
        for (Path file : files) {
            hour.add(
                    OtlpDecoder.decode(Files.readAllBytes(file), IngestLimits.DEFAULT),
                    byContainer);
        }
        List<Recorded> largest =
                byContainer.values().stream()
                        .sorted(
                                Comparator.comparingInt((Recorded one) -> -one.stacks.size())
                                        .thenComparing(one -> one.name))
                        .limit(SERVICES)
                        .toList();
        if (largest.size() < SERVICES || largest.getLast().stacks.size() < SAMPLES) {
            throw new IOException(
                    directory
                            + ": (expected: "
                            + SERVICES
                            + " programs of "
                            + SAMPLES
                            + " stacks)");
        }
        int most = most(largest);
        for (Recorded one : largest) {
            hour.services.add(hour.service(one, most));
        }
        return hour;
    }

    int pods() {
        return services.size() * PODS_OF_SERVICE;
    }

    int profiles() {
        return pods() * WINDOWS;
    }

    long samples() {
        return (long) profiles() * SAMPLES;
    }

    String service(int pod) {
        return services.get(pod / PODS_OF_SERVICE).name;
    }

    long millis(int window) {
        return Batches.START_MILLIS + window * WINDOW_MILLIS;
    }

    Labels labels(int pod) {
        String service = service(pod);
        return Labels.of(
                "service_name",
                service,
                "namespace",
                "shop-" + pod / PODS_OF_SERVICE % 4,
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

    /// What one pod sends for one window.
    ProfileBatch batch(int pod, int window) {
        Service service = services.get(pod / PODS_OF_SERVICE);
        SplittableRandom random =
                new SplittableRandom(seed * 1_000_003 + (long) pod * WINDOWS + window);
        Map<Integer, Long> counts = new LinkedHashMap<>();
        while (counts.size() < SAMPLES) {
            counts.merge(draw(service.zipf, random), 1L, Long::sum);
        }
        List<Frame> used = new ArrayList<>();
        Map<Integer, Integer> numbers = new HashMap<>();
        List<int[]> stacks = new ArrayList<>();
        long[] values = new long[SAMPLES];
        for (Map.Entry<Integer, Long> count : counts.entrySet()) {
            values[stacks.size()] = count.getValue() * PERIOD_NANOS;
            stacks.add(
                    Arrays.stream(service.stacks.get(count.getKey()))
                            .map(
                                    frame ->
                                            numbers.computeIfAbsent(
                                                    frame,
                                                    _ -> {
                                                        used.add(frames.get(frame));
                                                        return used.size() - 1;
                                                    }))
                            .toArray());
        }
        Profile profile =
                new Profile(
                        new Series(ProfileType.CPU, labels(pod)),
                        millis(window) * 1_000_000,
                        WINDOW_MILLIS * 1_000_000,
                        PERIOD_NANOS,
                        IntStream.range(0, SAMPLES).toArray(),
                        values);
        return new ProfileBatch(used, stacks, List.of(profile));
    }

    /// What each service is drawn from, as Markdown.
    String table() {
        StringBuilder out =
                new StringBuilder("| service | recorded stacks | taken | mean depth |\n")
                        .append("| --- | ---: | ---: | ---: |\n");
        for (Service service : services) {
            double depth =
                    service.stacks.stream().mapToInt(stack -> stack.length).average().orElse(0);
            out.append(
                    String.format(
                            "| %s | %,d | %,d | %.1f |%n",
                            service.name, service.recorded, service.stacks.size(), depth));
        }
        return out.toString();
    }

    private void add(ProfileBatch batch, Map<String, Recorded> byContainer) {
        ContentHash hash = new ContentHash();
        long[] ids = batch.frames().stream().mapToLong(frame -> frame.id(hash)).toArray();
        for (Profile profile : batch.profiles()) {
            Recorded recorded = byContainer.get(profile.series().labels().get("container_id"));
            if (recorded == null || !profile.series().type().equals(ProfileType.CPU)) {
                continue;
            }
            for (int i = 0; i < profile.size(); i++) {
                int[] stack = batch.stacks().get(profile.stacks()[i]);
                hash.add(stack.length);
                for (int frame : stack) {
                    hash.add(ids[frame]);
                }
                long id = hash.finish();
                recorded.values.merge(id, profile.values()[i], Long::sum);
                recorded.stacks.computeIfAbsent(
                        id,
                        _ ->
                                Arrays.stream(stack)
                                        .map(frame -> number(ids[frame], batch.frames().get(frame)))
                                        .toArray());
            }
        }
    }

    /// The number of a frame; of two that say different things of one place, the one that says
    /// more.
    private int number(long id, Frame frame) {
        Integer known = frameNumbers.get(id);
        if (known == null) {
            frameNumbers.put(id, frames.size());
            frames.add(frame);
            return frames.size() - 1;
        }
        frames.set(known, frames.get(known).with(frame));
        return known;
    }

    /// The most stacks that a service may have.
    private static int most(List<Recorded> programs) {
        int[] sizes = programs.stream().mapToInt(one -> one.stacks.size()).toArray();
        return IntStream.rangeClosed(1, Arrays.stream(sizes).max().orElse(1))
                .filter(most -> Arrays.stream(sizes).map(n -> Math.min(n, most)).sum() <= STACKS)
                .max()
                .orElse(1);
    }

    private Service service(Recorded recorded, int most) {
        SplittableRandom random = new SplittableRandom(seed + recorded.name.hashCode());
        Map<Long, Double> order = new HashMap<>();
        // In the order of their ids, so that the files' order does not matter.
        recorded.stacks.keySet().stream()
                .sorted()
                .forEach(
                        id -> {
                            double chance = 1 - random.nextDouble();
                            order.put(id, -Math.log(chance) / recorded.values.get(id));
                        });
        List<int[]> stacks =
                recorded.stacks.keySet().stream()
                        .sorted(Comparator.comparingDouble(order::get))
                        .limit(most)
                        .sorted(
                                Comparator.comparingLong((Long id) -> -recorded.values.get(id))
                                        .thenComparing(Comparator.naturalOrder()))
                        .map(recorded.stacks::get)
                        .toList();
        double[] zipf = new double[stacks.size()];
        double sum = 0;
        for (int i = 0; i < zipf.length; i++) {
            sum += 1 / Math.pow(i + 1, ZIPF);
            zipf[i] = sum;
        }
        return new Service(recorded.name, stacks, recorded.stacks.size(), zipf);
    }

    private static int draw(double[] zipf, SplittableRandom random) {
        double at = random.nextDouble() * zipf[zipf.length - 1];
        int found = Arrays.binarySearch(zipf, at);
        return found < 0 ? -1 - found : found;
    }
}

package io.emberscope.storage;

import io.emberscope.profile.Frame;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.function.Predicate;

/// The obvious way to answer what a store answers: for tests to compare with. Frames are told apart
/// by their content without names, as their ids do.
final class Sums {
    private Sums() {}

    /// Sums by stack of what a store answered.
    static Map<List<String>, Long> of(MergedProfile merged) {
        Map<List<String>, Long> sums = new HashMap<>();
        for (int i = 0; i < merged.values().length; i++) {
            List<String> stack = new ArrayList<>();
            for (int frame : merged.stacks().get(i)) {
                stack.add(code(merged.frames().get(frame)));
            }
            if (sums.put(stack, merged.values()[i]) != null) {
                throw new AssertionError("a stack came twice: " + stack);
            }
        }
        return sums;
    }

    /// Sums by stack over batches.
    static Map<List<String>, Long> of(
            Iterable<ProfileBatch> batches,
            ProfileType type,
            Predicate<Series> selected,
            LongPredicate inside) {
        Map<List<String>, Long> sums = new HashMap<>();
        for (ProfileBatch batch : batches) {
            for (Profile profile : batch.profiles()) {
                if (profile.series().type().equals(type)
                        && selected.test(profile.series())
                        && inside.test(micros(profile))) {
                    for (int i = 0; i < profile.size(); i++) {
                        List<String> stack = new ArrayList<>();
                        for (int frame : batch.stacks().get(profile.stacks()[i])) {
                            stack.add(code(batch.frames().get(frame)));
                        }
                        sums.merge(stack, profile.values()[i], Math::addExact);
                    }
                }
            }
        }
        return sums;
    }

    /// Sums by start of step, steps without samples left out.
    static Map<Long, Long> byTime(
            Iterable<ProfileBatch> batches,
            ProfileType type,
            Predicate<Series> selected,
            LongPredicate inside,
            long stepMillis) {
        Map<Long, Long> sums = new TreeMap<>();
        for (ProfileBatch batch : batches) {
            for (Profile profile : batch.profiles()) {
                if (profile.size() > 0
                        && profile.series().type().equals(type)
                        && selected.test(profile.series())
                        && inside.test(micros(profile))) {
                    long millis = Math.floorDiv(micros(profile), 1000);
                    sums.merge(
                            Math.floorDiv(millis, stepMillis) * stepMillis,
                            profile.total(),
                            Math::addExact);
                }
            }
        }
        return sums;
    }

    /// What differs between two answers, for a failure that can be read.
    static <K> List<String> differences(Map<K, Long> actual, Map<K, Long> expected) {
        List<String> differences = new ArrayList<>();
        expected.forEach(
                (key, value) -> {
                    if (!value.equals(actual.get(key))) {
                        differences.add(
                                key + ": " + actual.get(key) + " (expected: " + value + ")");
                    }
                });
        actual.forEach(
                (key, value) -> {
                    if (!expected.containsKey(key)) {
                        differences.add(key + ": " + value + " (expected: nothing)");
                    }
                });
        return differences;
    }

    static long micros(Profile profile) {
        return Math.floorDiv(profile.startNanos(), 1000);
    }

    private static String code(Frame frame) {
        return frame.buildId().isEmpty()
                ? frame.kind()
                        + " "
                        + frame.binary()
                        + " "
                        + frame.lines()
                        + " "
                        + (frame.lines().isEmpty() ? frame.offset() : 0)
                : frame.kind() + " " + frame.buildId() + "+" + frame.offset();
    }
}

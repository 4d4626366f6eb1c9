package io.emberscope.collector;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/// Questions about what a [Sink] received.
record Received(List<ProfileBatch> batches) {
    /// One sample: the start of its window, its type, its labels, its frames from the innermost
    /// out, and its value.
    record Sample(
            long startNanos, ProfileType type, Labels labels, List<Frame> frames, long nanos) {
        String label(String name) {
            return labels.get(name);
        }

        boolean isOf(String executable) {
            return label("executable").equals(executable);
        }

        boolean isIn(String function) {
            return frames.stream()
                    .flatMap(frame -> frame.lines().stream())
                    .anyMatch(line -> line.function().equals(function));
        }
    }

    /// CPU time of the samples that fit, in nanoseconds.
    long nanos(Predicate<Sample> wanted) {
        return samples().stream().filter(wanted).mapToLong(Sample::nanos).sum();
    }

    long nanos() {
        return nanos(_ -> true);
    }

    List<Sample> samples() {
        return batches.stream().flatMap(batch -> samples(batch).stream()).toList();
    }

    private static List<Sample> samples(ProfileBatch batch) {
        return batch.profiles().stream()
                .flatMap(profile -> samples(batch, profile).stream())
                .toList();
    }

    private static List<Sample> samples(ProfileBatch batch, Profile profile) {
        Sample[] samples = new Sample[profile.size()];
        for (int i = 0; i < samples.length; i++) {
            int[] stack = batch.stacks().get(profile.stacks()[i]);
            List<Frame> frames = Arrays.stream(stack).mapToObj(batch.frames()::get).toList();
            samples[i] =
                    new Sample(
                            profile.startNanos(),
                            profile.series().type(),
                            profile.series().labels(),
                            frames,
                            profile.values()[i]);
        }
        return List.of(samples);
    }
}

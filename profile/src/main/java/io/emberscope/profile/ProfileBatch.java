package io.emberscope.profile;

import java.util.List;

/// Profiles that share their frames and stacks: what an agent sends and a server keeps.
///
/// @param frames every frame once
/// @param stacks every stack once, as indices into `frames`, leaf first
/// @param profiles refer to `stacks` by index
public record ProfileBatch(List<Frame> frames, List<int[]> stacks, List<Profile> profiles) {
    public ProfileBatch {
        frames = List.copyOf(frames);
        stacks = List.copyOf(stacks);
        profiles = List.copyOf(profiles);
    }

    /// Sum of the values of all profiles; meaningful where they share a unit.
    public long total() {
        return profiles.stream().mapToLong(Profile::total).sum();
    }

    /// Number of samples in all profiles.
    public long size() {
        return profiles.stream().mapToLong(Profile::size).sum();
    }
}

package io.emberscope.profile.otlp;

import io.emberscope.profile.ProfileBatch;

/// What a request held, and what of it could not be kept whole.
///
/// @param batch the profiles; without any if the request had no samples
/// @param cutStacks stacks that were deeper than the limit and lost their outermost frames
/// @param cutNames names of functions, files and binaries that were longer than the limit
/// @param zeroSamples samples of value 0, which are left out since they add nothing to any sum
public record DecodedRequest(ProfileBatch batch, long cutStacks, long cutNames, long zeroSamples) {}

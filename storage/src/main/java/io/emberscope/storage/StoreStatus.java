package io.emberscope.storage;

/// The store in numbers.
///
/// @param windowBytes memory of samples that are not in a segment yet, estimated
/// @param windowSamples how many those are
/// @param waitingBytes memory of batches that wait for the log, estimated
/// @param segments how many segments there are
/// @param segmentSamples samples in them
/// @param segmentBytes bytes of their tables
/// @param damagedSegments how many of them cannot be read or were found damaged
/// @param freeBytes bytes that can still be written to the disk
public record StoreStatus(
        long windowBytes,
        long windowSamples,
        long waitingBytes,
        int segments,
        long segmentSamples,
        long segmentBytes,
        int damagedSegments,
        long freeBytes) {}

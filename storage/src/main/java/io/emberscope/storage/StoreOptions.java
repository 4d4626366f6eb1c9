package io.emberscope.storage;

import java.time.Duration;

/// Limits and periods of a store. [#defaults] suits one machine; each `with` changes one value.
///
/// @param windowBytesMax memory of the window in which it becomes a segment
/// @param windowAgeMax age of the oldest batch in the window at which it becomes a segment, and SQL
///   engines see it
/// @param memoryBytesMax memory of all windows and waiting batches together; beyond it batches are
///   refused
/// @param batchBytesMax largest encoded batch
/// @param seriesPerTenantMax series of one tenant in one window
/// @param walFileBytesMax size at which the log goes on in a new file
/// @param agentsMax agents (and runs of them) whose sent batches are remembered
/// @param retention how long samples are kept, counted from when they were stored
/// @param retentionBytesMax bytes of all segments, beyond which the oldest are deleted
/// @param freeBytesMin bytes that stay free on the disk; below it batches are refused
/// @param cacheBytesMax memory for stacks, frames, series and footers read from segments
public record StoreOptions(
        long windowBytesMax,
        Duration windowAgeMax,
        long memoryBytesMax,
        int batchBytesMax,
        int seriesPerTenantMax,
        long walFileBytesMax,
        int agentsMax,
        Duration retention,
        long retentionBytesMax,
        long freeBytesMin,
        long cacheBytesMax) {
    private static final long MIB = 1L << 20;

    public StoreOptions {
        positive("windowBytesMax", windowBytesMax);
        positive("windowAgeMax", windowAgeMax.toMillis());
        positive("memoryBytesMax", memoryBytesMax);
        positive("batchBytesMax", batchBytesMax);
        positive("seriesPerTenantMax", seriesPerTenantMax);
        positive("walFileBytesMax", walFileBytesMax);
        positive("agentsMax", agentsMax);
        positive("retention", retention.toMillis());
        positive("retentionBytesMax", retentionBytesMax);
        positive("freeBytesMin", freeBytesMin);
        positive("cacheBytesMax", cacheBytesMax);
        if (memoryBytesMax < windowBytesMax) {
            throw new IllegalArgumentException(
                    "memoryBytesMax: "
                            + memoryBytesMax
                            + " (expected: at least windowBytesMax, "
                            + windowBytesMax
                            + ")");
        }
    }

    /// What suits one machine.
    public static StoreOptions defaults() {
        return new StoreOptions(
                64 * MIB,
                Duration.ofSeconds(45),
                192 * MIB,
                (int) (32 * MIB),
                100_000,
                64 * MIB,
                16_384,
                Duration.ofDays(14),
                20_480 * MIB,
                256 * MIB,
                128 * MIB);
    }

    /// With another [#windowBytesMax] and [#windowAgeMax].
    public StoreOptions withWindow(long bytesMax, Duration ageMax) {
        return new StoreOptions(
                bytesMax,
                ageMax,
                memoryBytesMax,
                batchBytesMax,
                seriesPerTenantMax,
                walFileBytesMax,
                agentsMax,
                retention,
                retentionBytesMax,
                freeBytesMin,
                cacheBytesMax);
    }

    /// With another [#memoryBytesMax].
    public StoreOptions withMemory(long bytesMax) {
        return new StoreOptions(
                windowBytesMax,
                windowAgeMax,
                bytesMax,
                batchBytesMax,
                seriesPerTenantMax,
                walFileBytesMax,
                agentsMax,
                retention,
                retentionBytesMax,
                freeBytesMin,
                cacheBytesMax);
    }

    /// With other limits of what one batch and one tenant may bring.
    public StoreOptions withIngest(int batchBytes, int seriesPerTenant, int agents) {
        return new StoreOptions(
                windowBytesMax,
                windowAgeMax,
                memoryBytesMax,
                batchBytes,
                seriesPerTenant,
                walFileBytesMax,
                agents,
                retention,
                retentionBytesMax,
                freeBytesMin,
                cacheBytesMax);
    }

    /// With another [#walFileBytesMax].
    public StoreOptions withWalFile(long bytesMax) {
        return new StoreOptions(
                windowBytesMax,
                windowAgeMax,
                memoryBytesMax,
                batchBytesMax,
                seriesPerTenantMax,
                bytesMax,
                agentsMax,
                retention,
                retentionBytesMax,
                freeBytesMin,
                cacheBytesMax);
    }

    /// With another [#retention] and [#retentionBytesMax].
    public StoreOptions withRetention(Duration age, long bytesMax) {
        return new StoreOptions(
                windowBytesMax,
                windowAgeMax,
                memoryBytesMax,
                batchBytesMax,
                seriesPerTenantMax,
                walFileBytesMax,
                agentsMax,
                age,
                bytesMax,
                freeBytesMin,
                cacheBytesMax);
    }

    /// With another [#freeBytesMin].
    public StoreOptions withFreeBytes(long bytesMin) {
        return new StoreOptions(
                windowBytesMax,
                windowAgeMax,
                memoryBytesMax,
                batchBytesMax,
                seriesPerTenantMax,
                walFileBytesMax,
                agentsMax,
                retention,
                retentionBytesMax,
                bytesMin,
                cacheBytesMax);
    }

    /// With another [#cacheBytesMax].
    public StoreOptions withCache(long bytesMax) {
        return new StoreOptions(
                windowBytesMax,
                windowAgeMax,
                memoryBytesMax,
                batchBytesMax,
                seriesPerTenantMax,
                walFileBytesMax,
                agentsMax,
                retention,
                retentionBytesMax,
                freeBytesMin,
                bytesMax);
    }

    private static void positive(String name, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
    }
}

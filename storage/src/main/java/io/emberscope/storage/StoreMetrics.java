package io.emberscope.storage;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.base.metrics.Metrics.Counter;
import io.emberscope.storage.wal.Replay;
import java.util.function.DoubleSupplier;

/// The counters of a store; `docs/formats` and the operator's pages name them.
final class StoreMetrics {
    private static final String PREFIX = "emberscope_storage_";

    private final Metrics metrics;
    final Counter storedBatches;
    final Counter duplicateBatches;
    final Counter storedRows;
    final Counter logBytes;
    final Counter logGroups;
    final Counter segmentsWritten;
    final Counter segmentRowsWritten;
    final Counter segmentBytesWritten;
    final Counter segmentMillis;
    final Counter segmentsDamaged;
    final Counter merges;
    final Counter mergeRows;
    final Counter mergeBytesRead;
    final Counter mergeBytesWritten;
    final Counter mergeMillis;
    final Counter mergeFailures;
    final Counter collisions;

    StoreMetrics(Metrics metrics) {
        this.metrics = metrics;
        storedBatches = counter("stored_batches_total", "Batches stored.");
        duplicateBatches =
                counter("duplicate_batches_total", "Batches that were stored before by their id.");
        storedRows = counter("stored_samples_total", "Samples stored.");
        logBytes = counter("log_bytes_total", "Bytes appended to the write-ahead log.");
        logGroups = counter("log_groups_total", "Groups of batches made durable by one force.");
        segmentsWritten = counter("segments_written_total", "Segments written.");
        segmentRowsWritten = counter("segment_samples_written_total", "Samples in them.");
        segmentBytesWritten = counter("segment_bytes_written_total", "Bytes of their tables.");
        segmentMillis = counter("segment_write_milliseconds_total", "Time spent writing them.");
        segmentsDamaged = counter("segments_damaged_total", "Segments in which damage was found.");
        merges = counter("merges_total", "Times that several segments became one.");
        mergeRows = counter("merge_samples_total", "Samples in those several.");
        mergeBytesRead = counter("merge_read_bytes_total", "Bytes of their tables.");
        mergeBytesWritten =
                counter("merge_written_bytes_total", "Bytes of the tables that came of it.");
        mergeMillis =
                counter("merge_milliseconds_total", "Time that merges took, with their pauses.");
        mergeFailures =
                counter("merge_failures_total", "Merges that failed and left all as it was.");
        collisions =
                counter("id_collisions_total", "Batches refused because an id had other content.");
    }

    /// Batches refused for a reason.
    Counter refused(String reason) {
        return metrics.counter(
                PREFIX + "refused_batches_total", "Batches refused.", "reason", reason);
    }

    /// Segments deleted for a reason.
    Counter deleted(String reason) {
        return metrics.counter(
                PREFIX + "segments_deleted_total", "Segments deleted.", "reason", reason);
    }

    void gauge(String name, String help, DoubleSupplier value) {
        metrics.gauge(PREFIX + name, help, value);
    }

    void counterFrom(String name, String help, DoubleSupplier value) {
        metrics.counterFrom(PREFIX + name, help, value);
    }

    void replayed(Replay replay) {
        counter("log_replayed_records_total", "Records of the log read at start.")
                .add(replay.records());
        counter("log_damaged_records_total", "Damaged places found in the log at start.")
                .add(replay.damagedRecords());
        counter("log_damaged_bytes_total", "Bytes of those places.").add(replay.damagedBytes());
        counter("log_torn_bytes_total", "Bytes of unfinished writes found in the log at start.")
                .add(replay.tornBytes());
    }

    private Counter counter(String name, String help) {
        return metrics.counter(PREFIX + name, help);
    }
}

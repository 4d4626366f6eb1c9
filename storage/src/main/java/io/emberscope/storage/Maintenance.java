package io.emberscope.storage;

import io.emberscope.base.Failpoint;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFullException;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.Snapshot.Frozen;
import io.emberscope.storage.segment.Segment;
import io.emberscope.storage.segment.SegmentDirectory;
import io.emberscope.storage.segment.SymbolCache;
import io.emberscope.storage.wal.WriteAheadLog;
import io.emberscope.storage.window.Content;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What happens behind the batches: frozen windows become segments, the log behind them goes, and
/// segments that are too old or too many go. One thread runs it.
final class Maintenance {
    private static final Logger LOG = LoggerFactory.getLogger(ProfileStore.class);

    /// Segments that keep the state of stored batches: the newest, and one to fall back on.
    private static final int STATES_KEPT = 2;

    private final Path directory;
    private final StoreOptions options;
    private final Disk disk;
    private final WriteAheadLog log;
    private final SegmentDirectory segments;
    private final SymbolCache symbols;
    private final Snapshots snapshots;
    private final Writability writability;
    private final StoreMetrics metrics;
    private final InstantSource wall;
    private final AgeClock age;
    private final LongSupplier nanoClock;

    Maintenance(
            Path directory,
            StoreOptions options,
            Disk disk,
            WriteAheadLog log,
            SegmentDirectory segments,
            SymbolCache symbols,
            Snapshots snapshots,
            Writability writability,
            StoreMetrics metrics,
            InstantSource wall,
            AgeClock age,
            LongSupplier nanoClock) {
        this.directory = directory;
        this.options = options;
        this.disk = disk;
        this.log = log;
        this.segments = segments;
        this.symbols = symbols;
        this.snapshots = snapshots;
        this.writability = writability;
        this.metrics = metrics;
        this.wall = wall;
        this.age = age;
        this.nanoClock = nanoClock;
    }

    /// Makes durable what was replayed, and ends the logs of earlier processes.
    void start() {
        run();
        if (writability.isWritable() && snapshots.current().frozen().isEmpty()) {
            try {
                log.deleteThrough(log.nextSequence() - 1);
            } catch (IOException e) {
                writability.failed("log", e);
            }
        }
    }

    /// Does what is due. To be called about once a second, and when a window was frozen.
    void run() {
        try {
            while (!writability.isFailed() && flushOldest()) {
                // one after the other, so that segments appear in the order of the log
            }
            if (!writability.isFailed()) {
                retain();
            }
            lookForRoom();
        } catch (DiskFullException e) {
            writability.full(e);
        } catch (IOException e) {
            writability.failed("segment", e);
        }
    }

    /// Makes the oldest frozen window a segment.
    ///
    /// @return whether there was one
    private boolean flushOldest() throws IOException {
        List<Frozen> frozen = snapshots.current().frozen();
        if (frozen.isEmpty()) {
            return false;
        }
        Frozen oldest = frozen.getFirst();
        long start = nanoClock.getAsLong();
        Segment segment =
                segments.publish(oldest.window(), oldest.seen(), wall.millis(), age.millis());
        snapshots.update(snapshot -> snapshot.published(segment));
        Failpoint.hit("store.swapped");
        metrics.segmentsWritten.increment();
        metrics.segmentRowsWritten.add(segment.rows());
        metrics.segmentBytesWritten.add(segment.bytes());
        metrics.segmentMillis.add(TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - start));
        LOG.debug("{}: {} samples, {} bytes", segment, segment.rows(), segment.bytes());
        for (TenantId tenant : oldest.window().tenants()) {
            Content content = oldest.window().content(tenant);
            if (content != null) {
                symbols.learnNames(tenant, content);
            }
        }
        log.deleteThrough(segment.lastSequence());
        Failpoint.hit("store.log-deleted");
        List<Segment> all = snapshots.current().segments();
        // A merged one may have brought its state along.
        for (Segment older : all.subList(0, Math.max(0, all.size() - STATES_KEPT))) {
            segments.dropState(older);
        }
        return true;
    }

    /// Deletes segments that are too old, and the oldest ones if all together are too large. The
    /// newest one stays: its name says where the log goes on.
    private void retain() throws IOException {
        List<Segment> all = snapshots.current().segments();
        long bytes = all.stream().mapToLong(Segment::bytes).sum();
        long now = age.millis();
        for (Segment oldest : all.subList(0, Math.max(0, all.size() - 1))) {
            String reason;
            if (now - oldest.clockMillis() > options.retention().toMillis()) {
                reason = "age";
            } else if (bytes > options.retentionBytesMax()) {
                reason = "size";
            } else {
                break;
            }
            if (!snapshots.retire(oldest)) {
                break;
            }
            bytes -= oldest.bytes();
            metrics.deleted(reason).increment();
            LOG.info("{}: deleted for its {}", oldest, reason);
        }
        Segment unheld = snapshots.pollUnheld();
        while (unheld != null) {
            segments.delete(unheld);
            unheld = snapshots.pollUnheld();
        }
    }

    /// Refuses batches before the disk is so full that segments could not be written either, and
    /// takes them again when there is room and all that was replayed is durable.
    private void lookForRoom() {
        long free;
        try {
            free = disk.usableBytes(directory);
        } catch (IOException e) {
            writability.failed("disk", e);
            return;
        }
        if (free < options.freeBytesMin()) {
            writability.full(
                    "disk: "
                            + free
                            + " bytes free (expected: at least "
                            + options.freeBytesMin()
                            + ")");
        } else if (writability.isFull() && !snapshots.current().hasReplayed()) {
            writability.roomAgain();
        }
    }
}

package io.emberscope.storage;

import io.emberscope.base.Failpoint;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFullException;
import io.emberscope.storage.MergePolicy.Candidate;
import io.emberscope.storage.MergePolicy.Choice;
import io.emberscope.storage.segment.DamagedSegmentException;
import io.emberscope.storage.segment.MergeStoppedException;
import io.emberscope.storage.segment.Segment;
import io.emberscope.storage.segment.SegmentDirectory;
import io.emberscope.storage.segment.SegmentDirectory.Merged;
import io.emberscope.storage.segment.SegmentDirectory.Unreadable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes one segment of several, so that what they share is stored once and questions read few
/// files. One thread runs it, which nothing waits for.
final class Merging {
    private static final Logger LOG = LoggerFactory.getLogger(ProfileStore.class);

    /// It rests as many times as long as it worked, so that it takes half of one core at most.
    private static final int REST_PER_WORK = 1;

    /// It works so long before it rests.
    private static final long WORK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Path directory;
    private final StoreOptions options;
    private final Disk disk;
    private final SegmentDirectory segments;
    private final Snapshots snapshots;
    private final Writability writability;
    private final StoreMetrics metrics;
    private final AgeClock age;
    private final LongSupplier nanoClock;
    private final boolean rests;
    private final MergePolicy policy;

    /// Sources of merges that failed, which are not tried again by this process.
    private final Set<Segment> failed = new HashSet<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition stop = lock.newCondition();
    private volatile boolean stopping;
    private long restsUntilMillis = Long.MIN_VALUE;
    private long worksSince;
    private volatile boolean waitsForRoom;

    /// @param rests whether it leaves time to others; a test has no others
    Merging(
            Path directory,
            StoreOptions options,
            Disk disk,
            SegmentDirectory segments,
            Snapshots snapshots,
            Writability writability,
            StoreMetrics metrics,
            AgeClock age,
            LongSupplier nanoClock,
            boolean rests) {
        this.directory = directory;
        this.options = options;
        this.disk = disk;
        this.segments = segments;
        this.snapshots = snapshots;
        this.writability = writability;
        this.metrics = metrics;
        this.age = age;
        this.nanoClock = nanoClock;
        this.rests = rests;
        this.policy = new MergePolicy(options.retention(), SegmentDirectory.SOURCES_MAX);
    }

    /// Merges what should become one first.
    ///
    /// @return whether there is another segment now
    boolean mergeOne() {
        if (stopping || !writability.isWritable() || age.millis() < restsUntilMillis) {
            return false;
        }
        List<Segment> sources = choose();
        if (sources.isEmpty() || !hasRoom(sources) || !snapshots.startMerge(sources)) {
            return false;
        }
        long start = nanoClock.getAsLong();
        worksSince = start;
        try {
            Merged written = write(sources);
            if (written == null) {
                return false;
            }
            Segment merged = segments.publish(written);
            snapshots.merged(merged);
            Failpoint.hit("merge.swapped");
            tell(sources, merged, nanoClock.getAsLong() - start);
            return true;
        } catch (IOException e) {
            // Whether the merged segment is there after a power cut, nobody knows.
            writability.failed("merged segment", e);
            return false;
        } finally {
            snapshots.notMerged();
        }
    }

    /// Waits for the next look at what could be merged.
    ///
    /// @return false if it should end
    boolean awaitDue(long nanos) throws InterruptedException {
        lock.lock();
        try {
            long left = nanos;
            while (!stopping && left > 0) {
                left = stop.awaitNanos(left);
            }
            return !stopping;
        } finally {
            lock.unlock();
        }
    }

    /// Ends a merge that runs, and does not begin another one.
    void stop() {
        lock.lock();
        try {
            stopping = true;
            stop.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Whether there is something to merge but no room for what would come of it.
    boolean waitsForRoom() {
        return waitsForRoom;
    }

    /// @return null if that was not possible; all is as it was then
    private @Nullable Merged write(List<Segment> sources) {
        try {
            return segments.merge(sources, this::pause);
        } catch (MergeStoppedException e) {
            LOG.debug("{} .. {}: stopped", sources.getFirst(), sources.getLast());
        } catch (DiskFullException e) {
            // Others took the room meanwhile; batches have what the merge had.
            metrics.mergeFailures.increment();
            restsUntilMillis = age.millis() + MergePolicy.QUIET.toMillis();
            LOG.warn("Segments not merged: {}", e.getMessage());
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            // Nothing but the merge needs it to go on.
            metrics.mergeFailures.increment();
            if (e instanceof DamagedSegmentException && isAnyDamaged(sources)) {
                // That one has it noted, and the others can be merged without it.
                LOG.warn("Segments not merged: {}", e.getMessage());
            } else {
                failed.addAll(sources);
                LOG.error(
                        "Segments not merged, they stay as they are: {} .. {}",
                        sources.getFirst(),
                        sources.getLast(),
                        e);
            }
        }
        return null;
    }

    private List<Segment> choose() {
        List<Segment> all = snapshots.current().segments();
        failed.retainAll(new HashSet<>(all));
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            Segment segment = all.get(i);
            candidates.add(
                    new Candidate(
                            segment.oldestClockMillis(),
                            segment.clockMillis(),
                            segment.windows(),
                            segment.rows(),
                            segment.bytes(),
                            i > 0 && isBound(all.get(i - 1), segment)));
        }
        Choice choice = policy.choose(candidates, age.millis());
        return choice == null ? List.of() : all.subList(choice.from(), choice.to());
    }

    private boolean isBound(Segment older, Segment newer) {
        if (!isMergeable(older) || !isMergeable(newer)) {
            return false;
        }
        for (Unreadable between : snapshots.current().unreadable()) {
            if (between.lastSequence() > older.firstSequence()
                    && between.firstSequence() < newer.lastSequence()) {
                return false;
            }
        }
        return true;
    }

    private boolean isMergeable(Segment segment) {
        return segment.damage() == null && !failed.contains(segment);
    }

    private static boolean isAnyDamaged(List<Segment> sources) {
        return sources.stream().anyMatch(source -> source.damage() != null);
    }

    /// What comes of a merge is not larger than its sources, which are there until it is.
    private boolean hasRoom(List<Segment> sources) {
        long needed = sources.stream().mapToLong(Segment::bytes).sum() + options.freeBytesMin();
        long free;
        try {
            free = disk.usableBytes(directory);
        } catch (IOException e) {
            writability.failed("disk", e);
            return false;
        }
        if (free < needed && !waitsForRoom) {
            LOG.warn("Segments are not merged: {} bytes free (expected: {})", free, needed);
        }
        waitsForRoom = free < needed;
        return !waitsForRoom;
    }

    private void tell(List<Segment> sources, Segment merged, long nanos) {
        metrics.merges.increment();
        metrics.mergeRows.add(sources.stream().mapToLong(Segment::rows).sum());
        metrics.mergeBytesRead.add(sources.stream().mapToLong(Segment::bytes).sum());
        metrics.mergeBytesWritten.add(merged.bytes());
        metrics.mergeMillis.add(TimeUnit.NANOSECONDS.toMillis(nanos));
        LOG.debug("{}: {} samples, {} bytes", merged, merged.rows(), merged.bytes());
    }

    private void pause() throws IOException {
        long worked = nanoClock.getAsLong() - worksSince;
        if (rests && worked >= WORK_NANOS) {
            try {
                awaitDue(worked * REST_PER_WORK);
            } catch (InterruptedException e) {
                stop();
                Thread.currentThread().interrupt();
            }
            worksSince = nanoClock.getAsLong();
        }
        if (stopping) {
            throw new MergeStoppedException();
        }
    }
}

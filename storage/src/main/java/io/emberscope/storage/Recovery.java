package io.emberscope.storage;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.storage.segment.SegmentDirectory;
import io.emberscope.storage.segment.SegmentDirectory.Found;
import io.emberscope.storage.wal.Replay;
import io.emberscope.storage.wal.WalEntry;
import io.emberscope.storage.wal.WriteAheadLog;
import io.emberscope.storage.window.PreparedBatch;
import io.emberscope.storage.window.Window;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings back what an earlier process stored: its segments, and what its log holds beyond them.
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(ProfileStore.class);

    private final StoreOptions options;
    private final Found found;
    private final SeenBatches seen;
    private Snapshot snapshot;
    private long duplicates;

    private Recovery(StoreOptions options, Found found, SeenBatches seen) {
        this.options = options;
        this.found = found;
        this.seen = seen;
        this.snapshot =
                new Snapshot(
                        found.segments(),
                        found.unreadable(),
                        List.of(),
                        new Window(found.lastSequence() + 1));
    }

    /// What was brought back.
    ///
    /// @param snapshot the segments, and windows with what the log held, all frozen
    /// @param seen which batches are stored
    /// @param replay what was found in the log
    record Result(Snapshot snapshot, SeenBatches seen, Replay replay) {}

    static Result run(
            StoreOptions options, SegmentDirectory segments, Found found, WriteAheadLog log)
            throws IOException {
        Recovery recovery = new Recovery(options, found, seen(options, segments, found));
        Replay replay = log.replay(found.lastSequence(), recovery::add);
        recovery.freeze(log.nextSequence());
        recovery.tell(replay);
        return new Result(recovery.snapshot, recovery.seen, replay);
    }

    /// The newest state that can be read. It is of the newest segment unless that is damaged.
    private static SeenBatches seen(StoreOptions options, SegmentDirectory segments, Found found)
            throws IOException {
        for (byte[] state : segments.states(found)) {
            try {
                return SeenBatches.decode(state, options.agentsMax());
            } catch (MalformedInputException e) {
                LOG.error(
                        "{}; batches of the newest segment that are sent again are stored twice",
                        e.getMessage());
            }
        }
        return new SeenBatches(options.agentsMax());
    }

    private void add(long sequence, WalEntry entry) throws IOException {
        // A batch whose write failed, and which was sent again, may be in the log twice.
        if (entry.id() != null
                && seen.verdict(entry.tenant(), entry.id()) != SeenBatches.Verdict.NEW) {
            duplicates++;
            return;
        }
        PreparedBatch batch = PreparedBatch.of(entry.tenant(), entry.batch());
        try {
            snapshot.active().intern(batch);
        } catch (MalformedInputException e) {
            // It was accepted beside other content than is in this window now.
            freeze(sequence);
            snapshot.active().intern(batch);
        }
        snapshot.active().add(batch, sequence);
        // Only now, since a window is frozen with the state of just its batches.
        if (entry.id() != null) {
            seen.add(entry.tenant(), entry.id());
        }
        if (snapshot.active().bytes() >= options.windowBytesMax()) {
            freeze(sequence + 1);
        }
    }

    private void freeze(long nextSequence) {
        snapshot =
                snapshot.active().isEmpty()
                        ? new Snapshot(
                                snapshot.segments(),
                                snapshot.unreadable(),
                                snapshot.frozen(),
                                new Window(nextSequence))
                        : snapshot.freeze(seen.encode(), true, nextSequence);
    }

    private void tell(Replay replay) {
        if (replay.records() > 0 || replay.tornBytes() > 0) {
            LOG.info(
                    "Log: {} records replayed, {} of them twice, {} unfinished bytes in {} files",
                    replay.records(),
                    duplicates,
                    replay.tornBytes(),
                    replay.tornFiles());
        }
        if (replay.damagedRecords() > 0) {
            LOG.error(
                    "Log: {} damaged places, {} bytes; the rest was replayed, the damaged files are"
                            + " set aside",
                    replay.damagedRecords(),
                    replay.damagedBytes());
        }
        found.unreadable()
                .forEach(segment -> LOG.error("Segment unreadable: {}", segment.damage()));
    }
}

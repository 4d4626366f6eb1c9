package io.emberscope.storage;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.TenantId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/// Which batches are stored, by their ids: for each run of each agent the newest sequence number
/// and a bit for each of the [#WINDOW] before it. Runs that stored nothing for longest are
/// forgotten when there are too many. Not safe for use by several threads.
final class SeenBatches {
    /// How far out of order the batches of one run may come.
    static final int WINDOW = 1024;

    private static final int RUNS_ENCODED_MAX = 10_000_000;
    private static final long MAGIC = 0x0a48_4354_4142_4d89L;
    private static final int VERSION = 1;

    private final int runsMax;
    private final Map<Run, Sequences> runs = new LinkedHashMap<>(16, 0.75f, true);
    private long forgotten;

    SeenBatches(int runsMax) {
        this.runsMax = runsMax;
    }

    /// What is known of an id.
    enum Verdict {
        /// Not stored.
        NEW,
        /// Stored.
        STORED,
        /// So far before the newest of its run that nothing can be said.
        TOO_OLD
    }

    Verdict verdict(TenantId tenant, BatchId id) {
        Sequences sequences = runs.get(Run.of(tenant, id));
        return sequences == null ? Verdict.NEW : sequences.verdict(id.sequence());
    }

    /// The newest sequence number of the id's run; 0 if there is none.
    long newest(TenantId tenant, BatchId id) {
        Sequences sequences = runs.get(Run.of(tenant, id));
        return sequences == null ? 0 : sequences.newest;
    }

    void add(TenantId tenant, BatchId id) {
        runs.computeIfAbsent(Run.of(tenant, id), _ -> new Sequences()).add(id.sequence());
        if (runs.size() > runsMax) {
            Iterator<Run> oldest = runs.keySet().iterator();
            oldest.next();
            oldest.remove();
            forgotten++;
        }
    }

    int size() {
        return runs.size();
    }

    /// Runs forgotten so far because there were too many.
    long forgotten() {
        return forgotten;
    }

    /// The state as bytes; `docs/formats/segment.md` describes them.
    byte[] encode() {
        ByteWriter out = new ByteWriter(64 + runs.size() * 200);
        out.i64(MAGIC).i32(VERSION).varint(runs.size());
        runs.forEach(
                (run, sequences) -> {
                    out.text(run.tenant.value()).text(run.agent);
                    out.varint(run.epoch).varint(sequences.newest);
                    for (long bits : sequences.bits) {
                        out.i64(bits);
                    }
                });
        return out.i32(crc(out.toBytes(), out.size())).toBytes();
    }

    /// Reads what [#encode] wrote.
    static SeenBatches decode(byte[] bytes, int runsMax) throws MalformedInputException {
        int length = bytes.length - Integer.BYTES;
        if (length < 0
                || ByteCursor.of(bytes, length, Integer.BYTES).i32("checksum")
                        != crc(bytes, length)) {
            throw new MalformedInputException("batches: damaged (expected: its checksum)");
        }
        ByteCursor in = ByteCursor.of(bytes, 0, length);
        if (in.i64("magic") != MAGIC || in.i32("version") != VERSION) {
            throw new MalformedInputException(
                    "batches: another kind or version (expected: version " + VERSION + ")");
        }
        SeenBatches seen = new SeenBatches(runsMax);
        int count = in.count(RUNS_ENCODED_MAX, "runs");
        for (int i = 0; i < count; i++) {
            TenantId tenant;
            try {
                tenant = new TenantId(in.text("tenant"));
            } catch (IllegalArgumentException e) {
                throw new MalformedInputException("tenant: malformed (expected: a tenant id)", e);
            }
            Run run = new Run(tenant, in.text("agent"), in.varint("epoch"));
            Sequences sequences = new Sequences();
            sequences.newest = in.varint("newest");
            for (int word = 0; word < sequences.bits.length; word++) {
                sequences.bits[word] = in.i64("bits");
            }
            seen.runs.put(run, sequences);
        }
        return seen;
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    private record Run(TenantId tenant, String agent, long epoch) {
        static Run of(TenantId tenant, BatchId id) {
            return new Run(tenant, id.agent(), id.epoch());
        }
    }

    /// A ring of bits, one for each sequence number by its remainder.
    private static final class Sequences {
        private final long[] bits = new long[WINDOW / Long.SIZE];
        private long newest = -1;

        Verdict verdict(long sequence) {
            if (sequence > newest) {
                return Verdict.NEW;
            }
            if (sequence <= newest - WINDOW) {
                return Verdict.TOO_OLD;
            }
            return isSet(sequence) ? Verdict.STORED : Verdict.NEW;
        }

        void add(long sequence) {
            if (sequence > newest) {
                long from = Math.max(newest + 1, sequence - WINDOW + 1);
                for (long passed = from; passed < sequence; passed++) {
                    bits[word(passed)] &= ~(1L << passed);
                }
                newest = sequence;
            }
            bits[word(sequence)] |= 1L << sequence;
        }

        private boolean isSet(long sequence) {
            return (bits[word(sequence)] & 1L << sequence) != 0;
        }

        private static int word(long sequence) {
            return (int) (sequence % WINDOW) / Long.SIZE;
        }
    }
}

package io.emberscope.collector.process;

import io.emberscope.bpf.Sample;
import io.emberscope.bpf.StackEnd;
import io.emberscope.collector.primitive.LongMap;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Samples and events that wait for their turn, which comes in order of time.
///
/// The kernel hands them over per CPU and in two streams. Whatever happened before one round of
/// draining began has surely arrived when the next round has drained; so each round replays what is
/// older than the start of the round before ([#replay]). Everything is kept as plain numbers in one
/// array, so a sample makes no garbage. Not safe for use by several threads.
///
/// A [Snapshot] describes a process at a moment that may lie ahead of what was merged. It is
/// applied at the last beginning of the process's program before that moment, or at once if there
/// is none waiting: so a process that was there before us has its mappings for its first sample,
/// and one that executed something else in between does not get them too early.
public final class Timeline {
    /// Most words kept; what comes when it is full makes everything be replayed at once.
    static final int WORDS_MAX = 1 << 20;

    /// Most samples and events kept.
    static final int RECORDS_MAX = 1 << 18;

    /// Copies of stacks get less room the fuller it is, so that they alone never fill more than
    /// half of it: then samples can no longer wait for tables.
    private static final int WORDS_OF_COPIES_MAX = WORDS_MAX / 2;

    /// What a copy may take of what is left of that: a part of it, so that others find room.
    private static final int COPY_PART = 4;

    /// How far to look for the file that is mapped after a program began.
    private static final int LOOK_AHEAD_MAX = 512;

    private static final int WORDS_MIN = 1 << 13;
    private static final int RECORDS_MIN = 1 << 9;
    private static final int INDEX_BITS = 20;
    private static final long INDEX_MASK = (1L << INDEX_BITS) - 1;
    private static final long AGE_MAX = 1L << (62 - INDEX_BITS);
    private static final int IDLE_ROUNDS_BEFORE_SHRINKING = 64;

    private static final int REPLAYED = -1;

    private static final int KIND_SAMPLE = 0;
    private static final int KIND_FORK = 1;
    private static final int KIND_EXEC = 2;
    private static final int KIND_MAP = 3;
    private static final int KIND_EXIT = 4;

    private static final int TIME = 0;
    private static final int SHAPE = 1;
    private static final int IDS = 2;
    private static final int EVENT_WORDS = 7;

    /// Words of a sample before its frames.
    static final int SAMPLE_WORDS = 10;

    private final Replay replay;
    private final Paths paths = new Paths();
    private final Binaries binaries;

    private long[] words = new long[WORDS_MIN];
    private int[] starts = new int[RECORDS_MIN];
    private long[] order = new long[RECORDS_MIN];
    private @Nullable Binary[] mapped = new @Nullable Binary[RECORDS_MIN];
    private int wordCount;
    private int count;
    private long oldest = Long.MAX_VALUE;
    private long reached = Long.MIN_VALUE;
    private long earlyReplays;
    private int idleRounds;

    private final LongMap<Waiting> snapshots = new LongMap<>();

    /// Takes samples and events in order of time.
    public interface Replay {
        /// A process (`pid` differs from `parentPid`) or a thread began.
        void fork(long timeNanos, int pid, int parentPid);

        /// A process began a new program; `first` is the file mapped first, if that is known.
        void exec(long timeNanos, int pid, @Nullable Binary first);

        /// A process mapped executable memory.
        void map(long timeNanos, int pid, long start, long end, long offset, Binary binary);

        /// A thread ended.
        void exit(long timeNanos, int pid, int tid);

        /// A snapshot's turn came.
        void snapshot(Snapshot snapshot);

        /// One sample.
        ///
        /// @param mayWait whether it can be had later
        /// @return false if it, and all that is younger, is wanted later
        boolean sample(SampleView sample, boolean mayWait);
    }

    private static final class Waiting {
        private static final int NOW = -1;

        private final Snapshot snapshot;
        private int after = NOW;

        Waiting(Snapshot snapshot) {
            this.snapshot = snapshot;
        }
    }

    private final SampleView view = new SampleView();

    /// @param replay takes everything when its turn comes
    public Timeline(Binaries binaries, Replay replay) {
        this.binaries = binaries;
        this.replay = replay;
    }

    /// Adds a sample and returns the index in [#words] of its first frame, where the caller writes
    /// the kernel's frames and then the user's, innermost first, and then the resumption.
    ///
    /// @param flags of [SampleView]
    /// @param kernelFrames at most 4,096
    /// @param userFrames at most 4,096
    /// @param userEnd why the user stack goes no further
    /// @param space of the process, see [Sample#space]
    /// @param mappingsPlace of [Sample#mappingsPlace]
    /// @param resumptionWords of [Sample#copyResumption], see [#resumptionWords]
    public int sample(
            long timeNanos,
            int pid,
            int tid,
            long cgroupId,
            long weightNanos,
            long nameFirst,
            long nameSecond,
            int flags,
            int kernelFrames,
            int userFrames,
            StackEnd userEnd,
            long space,
            int mappingsPlace,
            int resumptionWords) {
        int length = SAMPLE_WORDS + kernelFrames + userFrames + resumptionWords;
        int at = add(timeNanos, KIND_SAMPLE, pid, tid, length);
        words[at + SHAPE] |= (long) flags << 26 | (long) kernelFrames << 13 | userFrames;
        words[at + 3] = cgroupId;
        words[at + 4] = weightNanos;
        words[at + 5] = nameFirst;
        words[at + 6] = nameSecond;
        words[at + 7] = space;
        words[at + 9] = mappingsPlace;
        words[at + 8] = userEnd.code() | (long) resumptionWords << 8;
        return at + SAMPLE_WORDS;
    }

    /// How many words of a resumption there is room for, of those that a sample has: the copy of
    /// the stack at its end may have to be cut.
    public int resumptionWords(int words) {
        int room = Math.max(0, WORDS_OF_COPIES_MAX - wordCount) / COPY_PART;
        return Math.min(words, Sample.RESUMPTION_WORDS + room);
    }

    /// Where the frames of the sample just added go.
    public long[] words() {
        return words;
    }

    /// Adds the beginning of a process or a thread.
    public void fork(long timeNanos, int pid, int parentPid, int tid) {
        int at = add(timeNanos, KIND_FORK, pid, tid, EVENT_WORDS);
        words[at + 3] = parentPid;
    }

    /// Adds the beginning of a new program.
    public void exec(long timeNanos, int pid, int tid) {
        add(timeNanos, KIND_EXEC, pid, tid, EVENT_WORDS);
    }

    /// Adds an executable mapping.
    ///
    /// @param buildId bytes, empty if the kernel told device and inode instead
    /// @param device major number in the upper half, minor in the lower
    public void map(
            long timeNanos,
            int pid,
            long start,
            long length,
            long offset,
            byte[] buildId,
            long device,
            long inode,
            byte[] path) {
        int at = add(timeNanos, KIND_MAP, pid, pid, EVENT_WORDS);
        words[at + 3] = start;
        words[at + 4] = start + length;
        words[at + 5] = offset;
        BuildId id = buildId.length == 0 ? BuildId.NONE : BuildId.of(buildId, 0, buildId.length);
        mapped[count - 1] = binaries.of(paths.of(path), id, device, inode);
    }

    /// Adds the end of a thread.
    public void exit(long timeNanos, int pid, int tid) {
        add(timeNanos, KIND_EXIT, pid, tid, EVENT_WORDS);
    }

    /// Adds a snapshot. Events up to its moment must have been added before the next [#replay].
    public void snapshot(Snapshot snapshot) {
        snapshots.put(snapshot.pid(), new Waiting(snapshot));
    }

    /// How many samples and events wait.
    public int size() {
        return count;
    }

    /// How full it is, from 0 to 1.
    public double fill() {
        return Math.max((double) wordCount / WORDS_MAX, (double) count / RECORDS_MAX);
    }

    /// Times that everything had to be replayed at once, perhaps out of order at the edge.
    public long earlyReplays() {
        return earlyReplays;
    }

    /// Hands over what is not younger than `untilNanos`, in order of time. What is equal in time
    /// keeps the order in which it was added.
    ///
    /// @param mayWait whether a sample may be refused for now
    /// @return up to which time everything was handed over; `untilNanos` unless a sample was
    ///   refused
    public long replay(long untilNanos, boolean mayWait) {
        sort();
        placeSnapshots();
        snapshots.forEach(
                (_, waiting) -> {
                    if (waiting.after == Waiting.NOW) {
                        replay.snapshot(waiting.snapshot);
                    }
                });
        int done = 0;
        long handed = untilNanos;
        while (done < count && words[startOf(done) + TIME] <= untilNanos) {
            if (!hand(done, mayWait)) {
                handed = words[startOf(done) + TIME] - 1;
                break;
            }
            done++;
        }
        if (handed != Long.MAX_VALUE) {
            reached = Math.max(reached, handed);
        }
        keepWaitingSnapshots(done);
        removeFirst(done);
        return handed;
    }

    /// What comes after all that is younger was handed over has its turn next, however old it is: a
    /// sample whose thread read its stack only after hours in a system call.
    private long turnOf(int at) {
        return Math.max(words[at + TIME], reached);
    }

    private int add(long timeNanos, int kind, int pid, int tid, int length) {
        if (wordCount + length > WORDS_MAX || count == RECORDS_MAX) {
            earlyReplays++;
            replay(Long.MAX_VALUE, false);
        }
        if (wordCount + length > words.length) {
            words = Arrays.copyOf(words, Math.max(words.length * 2, wordCount + length));
        }
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, count * 2);
            mapped = Arrays.copyOf(mapped, count * 2);
        }
        int at = wordCount;
        starts[count] = at;
        mapped[count] = null;
        words[at + TIME] = timeNanos;
        words[at + SHAPE] = (long) kind << 56 | (long) length << 32;
        words[at + IDS] = (long) pid << 32 | (tid & 0xffff_ffffL);
        wordCount += length;
        count++;
        oldest = Math.min(oldest, turnOf(at));
        return at;
    }

    private void sort() {
        if (order.length < count) {
            order = new long[starts.length];
        }
        for (int i = 0; i < count; i++) {
            long age = Math.min(turnOf(starts[i]) - oldest, AGE_MAX);
            order[i] = age << INDEX_BITS | i;
        }
        Arrays.sort(order, 0, count);
    }

    private int startOf(int place) {
        return starts[(int) (order[place] & INDEX_MASK)];
    }

    private int kindAt(int at) {
        return (int) (words[at + SHAPE] >>> 56);
    }

    private int pidAt(int at) {
        return (int) (words[at + IDS] >> 32);
    }

    private int tidAt(int at) {
        return (int) words[at + IDS];
    }

    private boolean beginsProgram(int at) {
        int kind = kindAt(at);
        return kind == KIND_EXEC || (kind == KIND_FORK && (int) words[at + 3] != pidAt(at));
    }

    private void placeSnapshots() {
        if (snapshots.size() == 0) {
            return;
        }
        for (int place = 0; place < count; place++) {
            int at = startOf(place);
            if (beginsProgram(at)) {
                Waiting waiting = snapshots.get(pidAt(at));
                if (waiting != null && words[at + TIME] <= waiting.snapshot.takenNanos()) {
                    waiting.after = place;
                }
            }
        }
    }

    private void keepWaitingSnapshots(int done) {
        if (snapshots.size() == 0) {
            return;
        }
        LongMap<Waiting> later = new LongMap<>();
        snapshots.forEach(
                (pid, waiting) -> {
                    if (waiting.after >= done) {
                        later.put(pid, new Waiting(waiting.snapshot));
                    }
                });
        snapshots.clear();
        later.forEach(snapshots::put);
    }

    private boolean hand(int place, boolean mayWait) {
        int at = startOf(place);
        int pid = pidAt(at);
        long time = words[at + TIME];
        switch (kindAt(at)) {
            case KIND_SAMPLE -> {
                return replay.sample(view.at(words, at), mayWait);
            }
            case KIND_FORK -> replay.fork(time, pid, (int) words[at + 3]);
            case KIND_EXEC -> replay.exec(time, pid, firstMapped(place, pid));
            case KIND_MAP -> {
                Binary binary = mapped[(int) (order[place] & INDEX_MASK)];
                replay.map(
                        time,
                        pid,
                        words[at + 3],
                        words[at + 4],
                        words[at + 5],
                        binary == null ? Binary.UNKNOWN : binary);
            }
            case KIND_EXIT -> replay.exit(time, pid, tidAt(at));
            default -> throw new IllegalStateException("kind: " + kindAt(at));
        }
        if (snapshots.size() != 0 && beginsProgram(at)) {
            Waiting waiting = snapshots.get(pid);
            if (waiting != null && waiting.after == place) {
                replay.snapshot(waiting.snapshot);
            }
        }
        return true;
    }

    /// The file that a process maps first after a place: the program it just began.
    private @Nullable Binary firstMapped(int place, int pid) {
        int end = Math.min(count, place + LOOK_AHEAD_MAX);
        for (int next = place + 1; next < end; next++) {
            int at = startOf(next);
            if (pidAt(at) == pid) {
                if (beginsProgram(at)) {
                    return null;
                }
                Binary binary = mapped[(int) (order[next] & INDEX_MASK)];
                if (binary != null && binary.kind() == Binary.Kind.FILE) {
                    return binary;
                }
            }
        }
        return null;
    }

    /// Moves what is left to the front, in the order in which it was added.
    private void removeFirst(int done) {
        int used = wordCount;
        for (int place = 0; place < done; place++) {
            starts[(int) (order[place] & INDEX_MASK)] = REPLAYED;
        }
        int all = count;
        wordCount = 0;
        count = 0;
        oldest = Long.MAX_VALUE;
        for (int i = 0; i < all; i++) {
            int at = starts[i];
            if (at != REPLAYED) {
                int length = (int) (words[at + SHAPE] >>> 32) & 0xff_ffff;
                System.arraycopy(words, at, words, wordCount, length);
                starts[count] = wordCount;
                mapped[count] = mapped[i];
                oldest = Math.min(oldest, turnOf(wordCount));
                wordCount += length;
                count++;
            }
        }
        Arrays.fill(mapped, count, all, null);
        shrink(used);
    }

    /// Gives memory back some time after a storm.
    private void shrink(int used) {
        idleRounds = used * 8 < words.length ? idleRounds + 1 : 0;
        if (idleRounds >= IDLE_ROUNDS_BEFORE_SHRINKING
                && words.length > WORDS_MIN
                && wordCount <= words.length / 2) {
            words = Arrays.copyOf(words, words.length / 2);
            idleRounds = 0;
        }
    }
}

package io.emberscope.storage.window;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import io.emberscope.storage.query.LongIndex;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.SeriesMatcher;
import io.emberscope.storage.query.SeriesVisitor;
import io.emberscope.storage.query.StackResolver;
import io.emberscope.storage.query.StackSums;
import io.emberscope.storage.query.StepGroups;
import io.emberscope.storage.query.StepSums;
import io.emberscope.storage.query.TimeRange;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/// One tenant's part of a [Window]: columns that only grow.
///
/// One thread writes. It makes a batch visible by setting [#content] to arrays and counts that
/// cover it; readers take that once and see a state between two batches. An array that has to grow
/// is replaced, so what a reader holds is never written below its counts.
final class TenantWindow {
    private static final int FIRST_CAPACITY = 16;
    private static final int OBJECT_BYTES = 32;
    private static final int MICRO_NANOS = 1000;
    private static final int MILLI_NANOS = 1_000_000;

    /// Rows between two looks at the query's limits.
    private static final int CHECK_ROWS = 1 << 16;

    private static final byte UNKNOWN = 0;
    private static final byte SELECTED = 1;
    private static final byte OTHER = 2;

    private final LongIndex seriesIndex = new LongIndex();
    private final LongIndex stackIndex = new LongIndex();
    private final LongIndex frameIndex = new LongIndex();

    private int profileCount;
    private int[] profileSeries = new int[FIRST_CAPACITY];
    private long[] profileMicros = new long[FIRST_CAPACITY];
    private int[] profileMillis = new int[FIRST_CAPACITY];
    private long[] profilePeriods = new long[FIRST_CAPACITY];
    private int[] profileEnds = new int[FIRST_CAPACITY];
    private int rowCount;
    private int[] rowStacks = new int[FIRST_CAPACITY];
    private long[] rowValues = new long[FIRST_CAPACITY];
    private long[] seriesIds = new long[FIRST_CAPACITY];
    private Series[] series = new Series[FIRST_CAPACITY];
    private long[] stackIds = new long[FIRST_CAPACITY];
    private long[][] stackFrames = new long[FIRST_CAPACITY][];
    private long[] frameIds = new long[FIRST_CAPACITY];
    private Frame[] frames = new Frame[FIRST_CAPACITY];

    /// Bytes of what the arrays point to.
    private long objectBytes;

    private volatile Content content = take();

    /// What was added so far.
    Content content() {
        return content;
    }

    /// Bytes held, estimated.
    long bytes() {
        return objectBytes
                + seriesIndex.bytes()
                + stackIndex.bytes()
                + frameIndex.bytes()
                + profileSeries.length * 28L
                + rowStacks.length * 12L
                + (seriesIds.length + stackIds.length + frameIds.length) * 16L;
    }

    int seriesCount() {
        return seriesIndex.size();
    }

    /// How many of the batch's series are new here.
    int newSeries(PreparedBatch batch) {
        int count = 0;
        for (int i = 0; i < batch.batch().profiles().size(); i++) {
            Profile profile = batch.batch().profiles().get(i);
            if (profile.size() > 0 && seriesIndex.find(batch.seriesId(i)) < 0) {
                count++;
            }
        }
        return count;
    }

    /// Takes in the series, stacks and frames of a batch; nobody sees them before a sample refers
    /// to them. Takes in all or, if it fails, some; either is harmless.
    ///
    /// @throws MalformedInputException if other content has one of the ids already
    void intern(PreparedBatch batch) throws MalformedInputException {
        for (int index : batch.usedFrames()) {
            internFrame(batch.frameId(index), batch.frame(index));
        }
        for (int stack = 0; stack < batch.stackCount(); stack++) {
            if (batch.isStackUsed(stack)) {
                internStack(batch, stack);
            }
        }
        for (int i = 0; i < batch.batch().profiles().size(); i++) {
            Profile profile = batch.batch().profiles().get(i);
            if (profile.size() > 0) {
                internSeries(batch.seriesId(i), profile.series());
            }
        }
    }

    /// Adds the samples of a batch that was taken in, and shows them.
    void add(PreparedBatch batch) {
        int[] stackOf = new int[batch.stackCount()];
        for (int i = 0; i < stackOf.length; i++) {
            stackOf[i] = batch.isStackUsed(i) ? stackIndex.find(batch.stackId(i)) : -1;
        }
        roomForRows(batch.rows());
        for (int i = 0; i < batch.batch().profiles().size(); i++) {
            Profile profile = batch.batch().profiles().get(i);
            if (profile.size() > 0) {
                addProfile(profile, seriesIndex.find(batch.seriesId(i)), stackOf);
            }
        }
        content = take();
    }

    private void addProfile(Profile profile, int seriesNumber, int[] stackOf) {
        int[] stacks = profile.stacks();
        for (int row = 0; row < stacks.length; row++) {
            rowStacks[rowCount + row] = stackOf[stacks[row]];
        }
        System.arraycopy(profile.values(), 0, rowValues, rowCount, stacks.length);
        rowCount += stacks.length;
        if (profileCount == profileSeries.length) {
            int more = profileCount * 2;
            profileSeries = Arrays.copyOf(profileSeries, more);
            profileMicros = Arrays.copyOf(profileMicros, more);
            profileMillis = Arrays.copyOf(profileMillis, more);
            profilePeriods = Arrays.copyOf(profilePeriods, more);
            profileEnds = Arrays.copyOf(profileEnds, more);
        }
        profileSeries[profileCount] = seriesNumber;
        profileMicros[profileCount] = Math.floorDiv(profile.startNanos(), MICRO_NANOS);
        profileMillis[profileCount] =
                (int) Math.min(Integer.MAX_VALUE, profile.durationNanos() / MILLI_NANOS);
        profilePeriods[profileCount] = profile.period();
        profileEnds[profileCount] = rowCount;
        profileCount++;
    }

    private void roomForRows(long more) {
        long needed = rowCount + more;
        if (needed > rowStacks.length) {
            int capacity = Math.toIntExact(Math.max(needed, rowStacks.length * 2L));
            rowStacks = Arrays.copyOf(rowStacks, capacity);
            rowValues = Arrays.copyOf(rowValues, capacity);
        }
    }

    private void internSeries(long id, Series candidate) throws MalformedInputException {
        int number = seriesIndex.add(id);
        if (number < 0) {
            if (!series[-1 - number].equals(candidate)) {
                throw collision("series", id);
            }
            return;
        }
        if (number == series.length) {
            series = Arrays.copyOf(series, number * 2);
            seriesIds = Arrays.copyOf(seriesIds, number * 2);
        }
        series[number] = candidate;
        seriesIds[number] = id;
        objectBytes += 2 * OBJECT_BYTES;
        candidate.labels().forEach((name, value) -> objectBytes += text(name) + text(value));
    }

    private void internStack(PreparedBatch batch, int stack) throws MalformedInputException {
        long id = batch.stackId(stack);
        int number = stackIndex.add(id);
        if (number < 0) {
            if (!batch.hasFrames(stack, stackFrames[-1 - number])) {
                throw collision("stack", id);
            }
            return;
        }
        if (number == stackFrames.length) {
            stackFrames = Arrays.copyOf(stackFrames, number * 2);
            stackIds = Arrays.copyOf(stackIds, number * 2);
        }
        long[] ids = batch.stackFrames(stack);
        stackFrames[number] = ids;
        stackIds[number] = id;
        objectBytes += OBJECT_BYTES + (long) ids.length * Long.BYTES;
    }

    private void internFrame(long id, Frame frame) throws MalformedInputException {
        int number = frameIndex.add(id);
        if (number < 0) {
            Frame known = frames[-1 - number];
            if (!sameCode(known, frame)) {
                throw collision("frame", id);
            }
            if (known.learnsFrom(frame)) {
                Frame both = known.with(frame);
                frames[-1 - number] = both;
                objectBytes += bytesOf(both) - bytesOf(known);
            }
            return;
        }
        if (number == frames.length) {
            frames = Arrays.copyOf(frames, number * 2);
            frameIds = Arrays.copyOf(frameIds, number * 2);
        }
        frames[number] = frame;
        frameIds[number] = id;
        objectBytes += bytesOf(frame);
    }

    /// Whether two frames are the same by everything that makes their id.
    private static boolean sameCode(Frame a, Frame b) {
        if (a.kind() != b.kind() || !a.buildId().equals(b.buildId())) {
            return false;
        }
        if (!a.buildId().isEmpty()) {
            return a.offset() == b.offset();
        }
        return a.binary().equals(b.binary())
                && a.lines().equals(b.lines())
                && (!a.lines().isEmpty() || a.offset() == b.offset());
    }

    private static long bytesOf(Frame frame) {
        long bytes = 2 * OBJECT_BYTES + text(frame.buildId()) + text(frame.binary());
        for (Line line : frame.lines()) {
            bytes += OBJECT_BYTES + text(line.function());
            bytes += text(line.systemName()) + text(line.file());
        }
        return bytes;
    }

    private static long text(String text) {
        return text.isEmpty() ? 0 : 48L + text.length();
    }

    private static MalformedInputException collision(String what, long id) {
        return new MalformedInputException(
                "batch: "
                        + what
                        + " with the id "
                        + Long.toHexString(id)
                        + " of another one (expected: one content per id)");
    }

    private Content take() {
        return new Content(
                profileCount,
                profileSeries,
                profileMicros,
                profileMillis,
                profilePeriods,
                profileEnds,
                rowCount,
                rowStacks,
                rowValues,
                seriesIndex.size(),
                seriesIds,
                series,
                stackIndex.size(),
                stackIds,
                stackFrames,
                frameIndex.size(),
                frameIds,
                frames);
    }

    void forEachSeries(TimeRange range, QueryContext context, SeriesVisitor visitor)
            throws IOException {
        Content now = content;
        long from = range.fromMicros();
        long to = range.toMicros();
        BitSet seen = new BitSet(now.seriesCount());
        for (int i = 0; i < now.profileCount(); i++) {
            long micros = now.profileMicros()[i];
            if (micros >= from && micros < to) {
                seen.set(now.profileSeries()[i]);
            }
        }
        for (int i = seen.nextSetBit(0); i >= 0; i = seen.nextSetBit(i + 1)) {
            if ((i & 0x3ff) == 0) {
                context.check();
            }
            visitor.visit(now.series()[i]);
        }
    }

    void sumByStack(
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            QueryContext context,
            StackSums sums)
            throws IOException {
        Content now = content;
        long from = range.fromMicros();
        long to = range.toMicros();
        byte[] selected = new byte[now.seriesCount()];
        StackSums.@Nullable Sink[] sinks = new StackSums.@Nullable Sink[now.seriesCount()];
        int sinceCheck = 0;
        for (int i = 0; i < now.profileCount(); i++) {
            long micros = now.profileMicros()[i];
            int place = now.profileSeries()[i];
            if (micros < from || micros >= to || !isSelected(now, place, type, matcher, selected)) {
                continue;
            }
            StackSums.Sink sink = sinks[place];
            if (sink == null) {
                sink = sums.sink(now.series()[place].labels());
                sinks[place] = sink;
            }
            int end = now.profileEnds()[i];
            int start = now.profileStart(i);
            for (int row = start; row < end; row++) {
                sink.add(now.stackIds()[now.rowStacks()[row]], now.rowValues()[row]);
            }
            sinceCheck += end - start;
            if (sinceCheck > CHECK_ROWS) {
                context.check();
                sinceCheck = 0;
            }
        }
    }

    void sumByTime(
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            QueryContext context,
            StepGroups sums)
            throws IOException {
        Content now = content;
        long from = range.fromMicros();
        long to = range.toMicros();
        byte[] selected = new byte[now.seriesCount()];
        @Nullable StepSums[] targets = new @Nullable StepSums[now.seriesCount()];
        int sinceCheck = 0;
        for (int i = 0; i < now.profileCount(); i++) {
            long micros = now.profileMicros()[i];
            int place = now.profileSeries()[i];
            if (micros < from || micros >= to || !isSelected(now, place, type, matcher, selected)) {
                continue;
            }
            StepSums target = targets[place];
            if (target == null) {
                target = sums.sums(now.series()[place].labels());
                targets[place] = target;
            }
            int end = now.profileEnds()[i];
            int start = now.profileStart(i);
            for (int row = start; row < end; row++) {
                target.add(micros, now.rowValues()[row]);
            }
            sinceCheck += end - start;
            if (sinceCheck > CHECK_ROWS) {
                context.check();
                sinceCheck = 0;
            }
        }
    }

    void resolve(StackResolver wanted, QueryContext context) throws IOException {
        Content now = content;
        if (wanted.wantsStacks()) {
            for (int i = 0; i < now.stackCount(); i++) {
                if (wanted.wantsStack(now.stackIds()[i])) {
                    long[] ids = now.stackFrames()[i];
                    wanted.stack(now.stackIds()[i], ids, 0, ids.length);
                }
            }
        }
        context.check();
        if (wanted.wantsFrames()) {
            for (int i = 0; i < now.frameCount(); i++) {
                if (wanted.wantsFrame(now.frameIds()[i])) {
                    wanted.frame(now.frameIds()[i], now.frames()[i]);
                }
            }
        }
    }

    private static boolean isSelected(
            Content now, int number, ProfileType type, SeriesMatcher matcher, byte[] selected)
            throws IOException {
        if (selected[number] == UNKNOWN) {
            Series series = now.series()[number];
            boolean matched = series.type().equals(type) && matcher.matches(series.labels());
            selected[number] = matched ? SELECTED : OTHER;
        }
        return selected[number] == SELECTED;
    }
}

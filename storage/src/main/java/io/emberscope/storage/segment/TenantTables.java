package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.Series;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/// Writes the five tables of one tenant, row by row in the order of each table: first series with
/// their samples, then stacks, then frames with their lines. The rows of one row group are in
/// memory at most.
final class TenantTables implements AutoCloseable {
    /// Rows of the small tables that are handed on together.
    private static final int PIECE_ROWS = 1_024;

    private static final int PIECE_FRAMES = 1 << 14;

    /// Tables before that of stacks.
    private static final int SAMPLE_TABLES = 2;

    private final List<TableWriter> writers;
    private final TableWriter samplesOut;
    private final TableWriter seriesOut;
    private final TableWriter stacksOut;
    private final TableWriter framesOut;
    private final TableWriter symbolsOut;

    private final Texts texts = new Texts();
    private final ColumnFill segment;
    private final List<DataFile> finished = new ArrayList<>();
    private SampleRows samples;
    private long rows;
    private long joined;
    private long minMicros = Long.MAX_VALUE;
    private long maxMicros = Long.MIN_VALUE;

    private @Nullable Series current;
    private long currentId;
    private long currentRows;
    private long currentFirst;
    private long currentLast;

    private int seriesCount;
    private final Series[] series = new Series[PIECE_ROWS];
    private final long[] seriesIds = new long[PIECE_ROWS];
    private final long[] firstMicros = new long[PIECE_ROWS];
    private final long[] lastMicros = new long[PIECE_ROWS];
    private final long[] seriesRows = new long[PIECE_ROWS];

    private int stackCount;
    private final long[] stackIds = new long[PIECE_ROWS];
    private final int[] stackEnds = new int[PIECE_ROWS];
    private long[] stackFrames = new long[PIECE_FRAMES];

    private final List<Frame> frames = new ArrayList<>();
    private final long[] frameIds = new long[PIECE_ROWS];
    private final long[] offsets = new long[PIECE_ROWS];
    private final long[] addresses = new long[PIECE_ROWS];

    private final List<Line> lines = new ArrayList<>();
    private final long[] lineFrames = new long[PIECE_ROWS];
    private final int[] depths = new int[PIECE_ROWS];
    private final int[] lineNumbers = new int[PIECE_ROWS];

    private TenantTables(List<TableWriter> writers, long segment) {
        this.writers = writers;
        this.segment = ColumnFill.always(segment);
        this.samples = new SampleRows(this.segment);
        this.samplesOut = writers.get(0);
        this.seriesOut = writers.get(1);
        this.stacksOut = writers.get(2);
        this.framesOut = writers.get(3);
        this.symbolsOut = writers.get(4);
    }

    /// Makes the files.
    ///
    /// @param directory where
    /// @param segment log sequence number of the last batch in the segment
    /// @param pace told as rows are written
    static TenantTables create(Disk disk, Path directory, long segment, Pace pace)
            throws IOException {
        List<TableWriter> writers = new ArrayList<>();
        try {
            for (Map.Entry<String, MessageType> table : Tables.ALL.entrySet()) {
                MessageType schema = table.getValue();
                writers.add(
                        new TableWriter(
                                disk,
                                directory.resolve(table.getKey()),
                                schema,
                                table.getKey().equals(Tables.SAMPLES)
                                        ? Tables.ROW_GROUP_ROWS
                                        : Tables.SMALL_GROUP_ROWS,
                                Tables.properties(schema),
                                pace));
            }
            return new TenantTables(writers, segment);
        } catch (IOException e) {
            for (TableWriter writer : writers) {
                writer.close();
            }
            throw e;
        }
    }

    /// Samples that were written.
    long rows() {
        return rows;
    }

    /// Samples that were added to the one before them.
    long joined() {
        return joined;
    }

    /// Start of the first sample.
    long minMicros() {
        return rows == 0 ? 0 : minMicros;
    }

    /// Start of the last sample.
    long maxMicros() {
        return rows == 0 ? 0 : maxMicros;
    }

    /// The samples that follow are of this series. One without samples is left out.
    void series(long id, Series next) throws IOException {
        endSeries();
        current = next;
        currentId = id;
        samples.begin(id, next);
    }

    /// A sample of the current series. If it agrees with the one before in all but the value they
    /// become one, unless the sum does not fit.
    void sample(long micros, int millis, long stackId, long value, long period) throws IOException {
        if (samples.join(micros, millis, stackId, value, period)) {
            joined++;
            return;
        }
        if (samples.isFull()) {
            flushSamples();
        }
        samples.add(micros, millis, stackId, value, period);
        if (currentRows++ == 0) {
            currentFirst = micros;
            currentLast = micros;
        } else {
            currentFirst = Math.min(currentFirst, micros);
            currentLast = Math.max(currentLast, micros);
        }
    }

    /// A stack, whose frames, leaf first, are a range of an array.
    void stack(long id, long[] of, int from, int to) throws IOException {
        finishSamples();
        int depth = to - from;
        int used = stackCount == 0 ? 0 : stackEnds[stackCount - 1];
        if (stackCount == PIECE_ROWS || used + depth > PIECE_FRAMES) {
            flushStacks();
            used = 0;
        }
        if (used + depth > stackFrames.length) {
            stackFrames = new long[depth];
        }
        System.arraycopy(of, from, stackFrames, used, depth);
        stackIds[stackCount] = id;
        stackEnds[stackCount++] = used + depth;
    }

    /// A frame with its lines.
    void frame(long id, Frame frame) throws IOException {
        finishStacks();
        if (frames.size() == PIECE_ROWS) {
            flushFrames();
        }
        frameIds[frames.size()] = id;
        offsets[frames.size()] = frame.offset();
        addresses[frames.size()] = frame.address();
        frames.add(frame);
        for (int depth = 0; depth < frame.lines().size(); depth++) {
            if (lines.size() == PIECE_ROWS) {
                flushSymbols();
            }
            Line line = frame.lines().get(depth);
            lineFrames[lines.size()] = id;
            depths[lines.size()] = depth;
            lineNumbers[lines.size()] = line.line();
            lines.add(line);
        }
    }

    /// Ends all tables. The files are durable when this returns, their names are not.
    List<DataFile> finish() throws IOException {
        finishStacks();
        flushFrames();
        flushSymbols();
        finished.add(framesOut.finish());
        finished.add(symbolsOut.finish());
        return List.copyOf(finished);
    }

    /// What was needed for them is free when the stacks come.
    private void finishSamples() throws IOException {
        if (finished.isEmpty()) {
            endSeries();
            current = null;
            flushSamples();
            flushSeries();
            samples = new SampleRows(segment);
            finished.add(samplesOut.finish());
            finished.add(seriesOut.finish());
        }
    }

    private void finishStacks() throws IOException {
        finishSamples();
        if (finished.size() == SAMPLE_TABLES) {
            flushStacks();
            finished.add(stacksOut.finish());
        }
    }

    /// Closes the files whether or not they were finished.
    @Override
    public void close() throws IOException {
        IOException failure = null;
        for (TableWriter writer : writers) {
            try {
                writer.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void endSeries() throws IOException {
        Series ended = current;
        if (ended == null || currentRows == 0) {
            return;
        }
        if (seriesCount == PIECE_ROWS) {
            flushSeries();
        }
        series[seriesCount] = ended;
        seriesIds[seriesCount] = currentId;
        firstMicros[seriesCount] = currentFirst;
        lastMicros[seriesCount] = currentLast;
        seriesRows[seriesCount] = currentRows;
        seriesCount++;
        rows += currentRows;
        minMicros = Math.min(minMicros, currentFirst);
        maxMicros = Math.max(maxMicros, currentLast);
        currentRows = 0;
    }

    private void flushSamples() throws IOException {
        samplesOut.nextGroup(samples.properties());
        samplesOut.append(samples.size(), samples.columns());
        samples.clear();
        if (current != null) {
            samples.begin(currentId, current);
        }
    }

    private void flushSeries() throws IOException {
        seriesOut.append(
                seriesCount,
                List.of(
                        ColumnFill.of(seriesIds),
                        ColumnFill.texts(i -> texts.of(series[i].type().id()), false),
                        labels(true),
                        labels(false),
                        ColumnFill.of(firstMicros),
                        ColumnFill.of(lastMicros),
                        ColumnFill.of(seriesRows),
                        segment));
        seriesCount = 0;
    }

    private void flushStacks() throws IOException {
        stacksOut.append(
                stackCount,
                List.of(
                        ColumnFill.of(stackIds),
                        (writer, from, to) -> {
                            int start = from == 0 ? 0 : stackEnds[from - 1];
                            for (int i = from; i < to; i++) {
                                if (start == stackEnds[i]) {
                                    writer.writeNull(0, 0);
                                }
                                for (int at = start; at < stackEnds[i]; at++) {
                                    writer.write(stackFrames[at], at == start ? 0 : 1, 1);
                                }
                                start = stackEnds[i];
                            }
                        },
                        segment));
        stackCount = 0;
    }

    private void flushFrames() throws IOException {
        framesOut.append(
                frames.size(),
                List.of(
                        ColumnFill.of(frameIds),
                        ColumnFill.texts(i -> texts.of(frames.get(i).kind().text()), false),
                        ColumnFill.texts(i -> texts.of(frames.get(i).buildId()), true),
                        ColumnFill.texts(i -> texts.of(frames.get(i).binary()), true),
                        ColumnFill.of(offsets),
                        ColumnFill.optional(addresses, Frame.NO_ADDRESS),
                        segment));
        frames.clear();
    }

    private void flushSymbols() throws IOException {
        symbolsOut.append(
                lines.size(),
                List.of(
                        ColumnFill.of(lineFrames),
                        ColumnFill.of(depths),
                        ColumnFill.texts(i -> texts.of(lines.get(i).function()), false),
                        ColumnFill.texts(i -> texts.of(lines.get(i).systemName()), true),
                        ColumnFill.texts(i -> texts.of(lines.get(i).file()), true),
                        ColumnFill.of(lineNumbers),
                        segment));
        lines.clear();
    }

    private ColumnFill labels(boolean names) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                int[] level = {0};
                series[i]
                        .labels()
                        .forEach(
                                (name, value) -> {
                                    Binary text = texts.of(names ? name : value);
                                    writer.write(text == null ? Binary.EMPTY : text, level[0], 1);
                                    level[0] = 1;
                                });
                if (level[0] == 0) {
                    writer.writeNull(0, 0);
                }
            }
        };
    }
}

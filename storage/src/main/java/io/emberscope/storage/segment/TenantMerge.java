package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.Series;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Merges the five tables of one tenant. All are sorted, so each is read from start to end once (of
/// frames the ids before), and what is in memory does not grow with the samples: a row group of the
/// result, one of each source as it is on the disk, and a few numbers for each frame and stack.
final class TenantMerge {
    private static final int PACE_ROWS = 1 << 14;

    private final List<TenantSource> sources;
    private final Disk disk;
    private final Path directory;
    private final long segment;
    private final Pace pace;
    private final Totals totals = new Totals();
    private long rows;

    /// @param sources oldest first
    /// @param directory of the result
    TenantMerge(List<TenantSource> sources, Disk disk, Path directory, long segment, Pace pace) {
        this.sources = sources;
        this.disk = disk;
        this.directory = directory;
        this.segment = segment;
        this.pace = pace;
    }

    /// What was written.
    ///
    /// @param rows samples
    /// @param minMicros start of the first
    /// @param maxMicros start of the last
    /// @param files the tables, durable
    record Result(long rows, long minMicros, long maxMicros, List<DataFile> files) {}

    /// Writes the tables, and reads them to compare what is in them with what is in the sources.
    ///
    /// @throws DamagedSegmentException if a source is damaged
    Result run() throws IOException {
        try (TenantTables tables = TenantTables.create(disk, directory, segment, pace)) {
            mergeSamples(tables);
            mergeStacks(tables);
            int frames = mergeFrames(tables);
            List<DataFile> files = tables.finish();
            TenantSource written =
                    new TenantSource(disk, directory, files, rows - tables.joined(), null);
            new MergeCheck(written, pace).compare(totals, frames);
            return new Result(tables.rows(), tables.minMicros(), tables.maxMicros(), files);
        }
    }

    private void mergeSamples(TenantTables tables) throws IOException {
        try (Cursors<SeriesCursor> series = open(SeriesCursor::new);
                Cursors<SampleCursor> samples = open(SampleCursor::new)) {
            MergeQueue<Stream> streams =
                    new MergeQueue<>(Comparator.comparing(Stream::series, SeriesCursor.ORDER));
            for (int i = 0; i < sources.size(); i++) {
                if (series.all.get(i).next()) {
                    streams.add(new Stream(series.all.get(i), samples.all.get(i)));
                }
            }
            while (!streams.isEmpty()) {
                mergeSeries(streams, tables);
            }
            for (SampleCursor source : samples.all) {
                if (source.next() || source.passed() != source.source().rows()) {
                    throw source.source().damaged("more samples than its series have");
                }
                rows += source.passed();
            }
        }
    }

    /// The series of one source, and the samples of the one that it is at.
    private record Stream(SeriesCursor series, SampleCursor samples) {
        boolean isAt(long id, Series what) {
            return series.id() == id && series.series().equals(what);
        }
    }

    private void mergeSeries(MergeQueue<Stream> streams, TenantTables tables) throws IOException {
        long id = streams.first().series.id();
        Series what = streams.first().series.series();
        List<Stream> same = new ArrayList<>();
        MergeQueue<SampleCursor> samples = new MergeQueue<>(SampleCursor::compare);
        while (!streams.isEmpty() && streams.first().isAt(id, what)) {
            Stream stream = streams.removeFirst();
            same.add(stream);
            if (stream.samples.begin(stream.series.samples())) {
                samples.add(stream.samples);
            }
        }
        tables.series(id, what);
        Totals.Sum sum = totals.of(what.type());
        for (int row = 1; !samples.isEmpty(); row++) {
            SampleCursor sample = samples.first();
            tables.sample(
                    sample.micros(),
                    sample.millis(),
                    sample.stackId(),
                    sample.value(),
                    sample.period());
            sum.add(id, sample);
            if (sample.nextOfSeries()) {
                samples.moved();
            } else {
                samples.removeFirst();
            }
            if (row % PACE_ROWS == 0) {
                pace.pause();
            }
        }
        for (Stream stream : same) {
            if (stream.series.next()) {
                streams.add(stream);
            }
        }
    }

    /// Equal stacks are neighbours.
    private void mergeStacks(TenantTables tables) throws IOException {
        try (Cursors<StackCursor> cursors = open(StackCursor::new)) {
            MergeQueue<StackCursor> queue = queue(cursors, StackCursor.ORDER);
            boolean any = false;
            long last = 0;
            while (!queue.isEmpty()) {
                StackCursor stack = queue.first();
                if (!any || stack.id() != last) {
                    any = true;
                    last = stack.id();
                    tables.stack(last, stack.frames(), stack.start(), stack.end());
                }
                advance(queue);
            }
        }
    }

    private int mergeFrames(TenantTables tables) throws IOException {
        FrameChoice choice = FrameChoice.of(sources, pace);
        try (Cursors<FrameCursor> frames = open(FrameCursor::new);
                Cursors<SymbolCursor> symbols = open(SymbolCursor::new)) {
            MergeQueue<FrameCursor> queue = queue(frames, FrameCursor.ORDER);
            while (!queue.isEmpty()) {
                FrameCursor cursor = queue.first();
                long id = cursor.id();
                int source = frames.all.indexOf(cursor);
                List<Line> lines = symbols.all.get(source).linesOf(id);
                if (choice.take(id, source)) {
                    Frame frame = cursor.frame();
                    tables.frame(
                            id,
                            new Frame(
                                    frame.kind(),
                                    frame.buildId(),
                                    frame.binary(),
                                    frame.offset(),
                                    choice.address(id),
                                    lines));
                }
                advance(queue);
            }
        }
        return choice.size();
    }

    private static <C extends TableCursor> MergeQueue<C> queue(
            Cursors<C> cursors, Comparator<C> order) throws IOException {
        MergeQueue<C> queue = new MergeQueue<>(order);
        for (C cursor : cursors.all) {
            if (cursor.next()) {
                queue.add(cursor);
            }
        }
        return queue;
    }

    private <C extends TableCursor> void advance(MergeQueue<C> queue) throws IOException {
        C first = queue.first();
        if (first.next()) {
            queue.moved();
        } else {
            queue.removeFirst();
        }
        if (first.at == 0) {
            pace.pause();
        }
    }

    private interface Opening<C> {
        C open(TenantSource source) throws IOException;
    }

    /// A cursor for each source.
    private <C extends TableCursor> Cursors<C> open(Opening<C> opening) throws IOException {
        Cursors<C> cursors = new Cursors<>(new ArrayList<>());
        try {
            for (TenantSource source : sources) {
                cursors.all.add(opening.open(source));
            }
            return cursors;
        } catch (IOException e) {
            cursors.close();
            throw e;
        }
    }

    private record Cursors<C extends TableCursor>(List<C> all) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            for (C cursor : all) {
                cursor.close();
            }
        }
    }
}

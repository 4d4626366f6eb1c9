package io.emberscope.storage.segment;

import io.emberscope.base.disk.Disk;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.storage.window.Content;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.parquet.column.ColumnWriter;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.jspecify.annotations.Nullable;

/// Writes the five tables of one tenant into one directory.
final class TenantWriter {
    private final Disk disk;
    private final Path directory;
    private final Content content;
    private final SortedSamples samples;
    private final Map<String, Binary> texts = new HashMap<>();

    TenantWriter(Disk disk, Path directory, Content content) {
        this.disk = disk;
        this.directory = directory;
        this.content = content;
        this.samples = SortedSamples.of(content);
    }

    SortedSamples samples() {
        return samples;
    }

    /// Writes all tables. The files are durable when this returns, their names are not.
    List<DataFile> write() throws IOException {
        int[] stacks = usedStacks();
        int[] frames = usedFrames(stacks);
        return List.of(
                writeSamples(),
                writeSeries(),
                writeStacks(stacks),
                writeFrames(frames),
                writeSymbols(frames));
    }

    private DataFile writeSamples() throws IOException {
        List<ColumnFill> columns = new ArrayList<>();
        columns.add(ColumnFill.of(samples.micros()));
        columns.add(ColumnFill.of(samples.millis()));
        columns.add(perSeries(place -> samples.series(place).type().id(), false));
        for (String label : Tables.LABEL_COLUMNS) {
            columns.add(perSeries(place -> samples.series(place).labels().get(label), true));
        }
        columns.add(
                (writer, from, to) ->
                        eachSeries(
                                from,
                                to,
                                (place, start, end) -> {
                                    for (int row = start; row < end; row++) {
                                        writer.write(samples.seriesId(place), 0, 0);
                                    }
                                }));
        columns.add(
                (writer, from, to) -> {
                    for (int row = from; row < to; row++) {
                        writer.write(content.stackIds()[samples.stack(row)], 0, 0);
                    }
                });
        columns.add(ColumnFill.of(samples.values()));
        columns.add(ColumnFill.of(samples.periods()));
        List<String> dictionary =
                new ArrayList<>(List.of("stack_id", "series_id", "period", "dur_ms"));
        if (samples.isRepetitive(samples.micros())) {
            dictionary.add("ts");
        }
        if (samples.isRepetitive(samples.values())) {
            dictionary.add("value");
        }
        return table(
                Tables.SAMPLES,
                Tables.SAMPLES_SCHEMA,
                Tables.PAGE_ROWS,
                samples.rows(),
                columns,
                dictionary.toArray(String[]::new));
    }

    private DataFile writeSeries() throws IOException {
        int count = samples.seriesCount();
        return table(
                Tables.SERIES,
                Tables.SERIES_SCHEMA,
                Tables.PAGE_ROWS,
                count,
                List.of(
                        numbers(samples::seriesId),
                        texts(i -> samples.series(i).type().id(), false),
                        labels(true),
                        labels(false),
                        ColumnFill.of(samples.firstMicros()),
                        ColumnFill.of(samples.lastMicros()),
                        numbers(i -> samples.end(i) - samples.start(i))));
    }

    private DataFile writeStacks(int[] stacks) throws IOException {
        return table(
                Tables.STACKS,
                Tables.STACKS_SCHEMA,
                Tables.PAGE_ROWS,
                stacks.length,
                List.of(
                        numbers(i -> content.stackIds()[stacks[i]]),
                        (writer, from, to) -> {
                            for (int i = from; i < to; i++) {
                                writeList(writer, content.stackFrames()[stacks[i]]);
                            }
                        }),
                "frames.list.element");
    }

    private DataFile writeFrames(int[] frames) throws IOException {
        return table(
                Tables.FRAMES,
                Tables.FRAMES_SCHEMA,
                Tables.PAGE_ROWS,
                frames.length,
                List.of(
                        numbers(i -> content.frameIds()[frames[i]]),
                        texts(i -> frame(frames[i]).kind().text(), false),
                        texts(i -> frame(frames[i]).buildId(), true),
                        texts(i -> frame(frames[i]).binary(), true),
                        numbers(i -> frame(frames[i]).offset()),
                        (writer, from, to) -> {
                            for (int i = from; i < to; i++) {
                                Frame frame = frame(frames[i]);
                                if (frame.hasAddress()) {
                                    writer.write(frame.address(), 0, 1);
                                } else {
                                    writer.writeNull(0, 0);
                                }
                            }
                        }));
    }

    private DataFile writeSymbols(int[] frames) throws IOException {
        // A frame may gain a name while this runs, so each is looked at once.
        List<Symbol> symbols = new ArrayList<>();
        for (int index : frames) {
            List<Line> lines = frame(index).lines();
            for (int depth = 0; depth < lines.size(); depth++) {
                symbols.add(new Symbol(content.frameIds()[index], depth, lines.get(depth)));
            }
        }
        return table(
                Tables.SYMBOLS,
                Tables.SYMBOLS_SCHEMA,
                Tables.PAGE_ROWS,
                symbols.size(),
                List.of(
                        numbers(i -> symbols.get(i).frameId),
                        small(i -> symbols.get(i).depth),
                        texts(i -> symbols.get(i).line.function(), false),
                        texts(i -> symbols.get(i).line.systemName(), true),
                        texts(i -> symbols.get(i).line.file(), true),
                        small(i -> symbols.get(i).line.line())));
    }

    private DataFile table(
            String name,
            MessageType schema,
            int pageRows,
            int rows,
            List<ColumnFill> columns,
            String... dictionary)
            throws IOException {
        return new TableWriter(disk, schema, Tables.properties(schema, pageRows, dictionary))
                .write(directory.resolve(name), rows, columns);
    }

    private Frame frame(int index) {
        return content.frames()[index];
    }

    /// Stacks that have samples, by their frames from the root, so that neighbours share most.
    private int[] usedStacks() {
        return IntStream.range(0, content.stackCount())
                .filter(samples::isStackUsed)
                .boxed()
                .sorted((a, b) -> fromRoot(content.stackFrames()[a], content.stackFrames()[b]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static int fromRoot(long[] a, long[] b) {
        int shorter = Math.min(a.length, b.length);
        for (int i = 1; i <= shorter; i++) {
            int order = Long.compare(a[a.length - i], b[b.length - i]);
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(a.length, b.length);
    }

    /// Frames of those stacks, by binary and place in it.
    private int[] usedFrames(int[] stacks) {
        long[] ids =
                Arrays.stream(stacks)
                        .mapToObj(stack -> content.stackFrames()[stack])
                        .flatMapToLong(Arrays::stream)
                        .sorted()
                        .distinct()
                        .toArray();
        return IntStream.range(0, content.frameCount())
                .filter(i -> Arrays.binarySearch(ids, content.frameIds()[i]) >= 0)
                .boxed()
                .sorted(
                        Comparator.comparing((Integer i) -> frame(i).kind().text())
                                .thenComparing(i -> frame(i).buildId())
                                .thenComparing(i -> frame(i).binary())
                                .thenComparingLong(i -> frame(i).offset())
                                .thenComparingLong(i -> content.frameIds()[i]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /// A text per series; an empty one is a null where the column may have one.
    private ColumnFill perSeries(IntFunction<String> text, boolean optional) {
        return (writer, from, to) ->
                eachSeries(
                        from,
                        to,
                        (place, start, end) -> {
                            Binary value = binary(text.apply(place));
                            for (int row = start; row < end; row++) {
                                writeText(writer, value, optional);
                            }
                        });
    }

    private static void writeText(ColumnWriter writer, @Nullable Binary value, boolean optional) {
        if (!optional) {
            writer.write(value == null ? Binary.EMPTY : value, 0, 0);
        } else if (value == null) {
            writer.writeNull(0, 0);
        } else {
            writer.write(value, 0, 1);
        }
    }

    /// Calls the action for each series that has rows in a range, with those rows.
    private void eachSeries(int from, int to, SeriesRange action) {
        int place = samples.placeOf(from);
        int start = from;
        while (start < to) {
            int end = Math.min(to, samples.end(place));
            action.accept(place, start, end);
            start = end;
            place++;
        }
    }

    private interface SeriesRange {
        void accept(int place, int start, int end);
    }

    private interface LongOf {
        long get(int row);
    }

    private interface IntOf {
        int get(int row);
    }

    private static ColumnFill numbers(LongOf value) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                writer.write(value.get(i), 0, 0);
            }
        };
    }

    private static ColumnFill small(IntOf value) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                writer.write(value.get(i), 0, 0);
            }
        };
    }

    private ColumnFill texts(IntFunction<String> text, boolean optional) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                writeText(writer, binary(text.apply(i)), optional);
            }
        };
    }

    private ColumnFill labels(boolean names) {
        return (writer, from, to) -> {
            for (int i = from; i < to; i++) {
                int[] level = {0};
                samples.series(i)
                        .labels()
                        .forEach(
                                (name, value) -> {
                                    String text = names ? name : value;
                                    writer.write(Binary.fromString(text), level[0], 1);
                                    level[0] = 1;
                                });
                if (level[0] == 0) {
                    writer.writeNull(0, 0);
                }
            }
        };
    }

    private static void writeList(ColumnWriter writer, long[] values) {
        if (values.length == 0) {
            writer.writeNull(0, 0);
            return;
        }
        for (int i = 0; i < values.length; i++) {
            writer.write(values[i], i == 0 ? 0 : 1, 1);
        }
    }

    /// The text as Parquet wants it; null if it is empty.
    private @Nullable Binary binary(String text) {
        return text.isEmpty() ? null : texts.computeIfAbsent(text, Binary::fromString);
    }

    private record Symbol(long frameId, int depth, Line line) {}
}

package io.emberscope.storage.segment;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.query.Part;
import io.emberscope.storage.query.QueryContext;
import io.emberscope.storage.query.SampleSource;
import io.emberscope.storage.query.SeriesMatcher;
import io.emberscope.storage.query.SeriesVisitor;
import io.emberscope.storage.query.StackResolver;
import io.emberscope.storage.query.StackSums;
import io.emberscope.storage.query.StepGroups;
import io.emberscope.storage.query.TimeRange;
import io.emberscope.storage.segment.RowSelection.Piece;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.filter2.columnindex.RowRanges;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.jspecify.annotations.Nullable;

/// Samples on disk that do not change. Safe for use by several threads.
///
/// A segment that is retired stays readable until the last reader has released it; see [#retain].
public final class Segment implements SampleSource {
    private final Path directory;
    private final Manifest manifest;
    private final SegmentReads reads;
    private final Map<TenantId, Manifest.Tenant> tenants = new HashMap<>();

    /// One for the store, one for each reader; 0 means that the files may go.
    private final AtomicInteger holders = new AtomicInteger(1);

    /// Files that others were told of, by tenant's directory and table.
    private final Map<String, TableFile> files = new ConcurrentHashMap<>();

    private volatile @Nullable String damage;

    Segment(Path directory, Manifest manifest, SegmentReads reads) {
        this.directory = directory;
        this.manifest = manifest;
        this.reads = reads;
        for (Manifest.Tenant tenant : manifest.tenants()) {
            tenants.put(tenant.tenant(), tenant);
        }
    }

    /// Where it is.
    public Path directory() {
        return directory;
    }

    /// Its name, which no other segment of the store ever has.
    public String name() {
        return directory.getFileName().toString();
    }

    /// Log sequence number of the first batch that may be in it.
    public long firstSequence() {
        return manifest.firstSequence();
    }

    /// Log sequence number of the last batch in it.
    public long lastSequence() {
        return manifest.lastSequence();
    }

    /// The store's own clock when it was written.
    public long clockMillis() {
        return manifest.clockMillis();
    }

    /// The store's own clock when the first of the windows in it was written.
    public long oldestClockMillis() {
        return manifest.oldestClockMillis();
    }

    /// How many windows it was made of.
    public int windows() {
        return manifest.windows();
    }

    /// Wall clock when it was written.
    public long storedAtMillis() {
        return manifest.storedAtMillis();
    }

    Manifest manifest() {
        return manifest;
    }

    /// Bytes of its tables.
    public long bytes() {
        return manifest.bytes();
    }

    /// Samples in it.
    public long rows() {
        return manifest.tenants().stream().mapToLong(Manifest.Tenant::rows).sum();
    }

    /// What is wrong with it, or null.
    public @Nullable String damage() {
        return damage;
    }

    /// Notes that the segment contradicts itself.
    ///
    /// @return to be thrown
    public DamagedSegmentException damaged(String what) {
        DamagedSegmentException exception = new DamagedSegmentException(directory + ": " + what);
        note(exception);
        return exception;
    }

    /// Holds the files for a reader.
    ///
    /// @return false if they are going already
    public boolean retain() {
        while (true) {
            int now = holders.get();
            if (now == 0) {
                return false;
            }
            if (holders.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    /// Ends a [#retain], or the store's own hold.
    ///
    /// @return whether the files may go now
    public boolean release() {
        return holders.decrementAndGet() == 0;
    }

    /// The file of a table; null if the tenant has nothing here.
    ///
    /// @param table one of [SegmentTables#names]
    public @Nullable TableFile file(TenantId tenant, String table) throws IOException {
        Manifest.Tenant part = tenants.get(tenant);
        if (part == null) {
            return null;
        }
        String key = part.directory() + '/' + table;
        TableFile known = files.get(key);
        if (known == null) {
            Path path = directory.resolve(part.directory());
            known =
                    guarded(
                            () ->
                                    TableFile.of(
                                            reads.disk(),
                                            path,
                                            part.files(),
                                            table + Tables.SUFFIX));
            files.put(key, known);
        }
        return known;
    }

    @Override
    public boolean mayHold(TenantId tenant, TimeRange range) {
        Manifest.Tenant part = tenants.get(tenant);
        return part != null
                && part.rows() > 0
                && part.maxMicros() >= range.fromMicros()
                && part.minMicros() < range.toMicros();
    }

    @Override
    public void forEachSeries(
            TenantId tenant, TimeRange range, QueryContext context, SeriesVisitor visitor)
            throws IOException {
        Manifest.Tenant part = tenants.get(tenant);
        if (part == null) {
            return;
        }
        SeriesTable table = guarded(() -> series(part));
        long from = range.fromMicros();
        long to = range.toMicros();
        for (int i = 0; i < table.size(); i++) {
            if ((i & 0x3ff) == 0) {
                context.check();
            }
            long first = table.firstMicros(i);
            long last = table.lastMicros(i);
            if (last < from || first >= to) {
                continue;
            }
            int place = i;
            if (first >= from || last < to || hasRow(part, table, place, range, context)) {
                visitor.visit(table.series(i));
            }
        }
    }

    @Override
    public List<Part> sumByStack(
            TenantId tenant,
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            QueryContext context,
            StackSums sums)
            throws IOException {
        return parts(
                tenant,
                table -> RowSelection.of(table, type, matcher, range, sums::sink),
                (group, pieces, selection) ->
                        new StackScan(group, pieces, selection.isPartial(), range, context));
    }

    @Override
    public List<Part> sumByTime(
            TenantId tenant,
            ProfileType type,
            SeriesMatcher matcher,
            TimeRange range,
            QueryContext context,
            StepGroups sums)
            throws IOException {
        return parts(
                tenant,
                table -> RowSelection.of(table, type, matcher, range, sums::sums),
                (group, pieces, _) -> new TimeScan(group, pieces, range, context));
    }

    @Override
    public void resolve(TenantId tenant, StackResolver wanted, QueryContext context)
            throws IOException {
        Manifest.Tenant part = tenants.get(tenant);
        if (part == null || wanted.isDone()) {
            return;
        }
        guarded(
                () -> {
                    if (wanted.wantsStacks()) {
                        readStacks(part, wanted, context);
                    }
                    if (wanted.wantsFrames()) {
                        readFrames(part, wanted, context);
                    }
                    return this;
                });
    }

    private interface Selecting<T> {
        RowSelection<T> of(SeriesTable table) throws IOException;
    }

    private interface Scanning<T, S> {
        S of(SampleScan.Group group, List<Piece<T>> pieces, RowSelection<T> selection);
    }

    private <T, S extends SampleScan<T>> List<Part> parts(
            TenantId tenant, Selecting<T> selecting, Scanning<T, S> scanning) throws IOException {
        Manifest.Tenant part = tenants.get(tenant);
        if (part == null) {
            return List.of();
        }
        RowSelection<T> selection = selecting.of(guarded(() -> series(part)));
        return List.copyOf(scans(part, selection, scanning));
    }

    /// One for each row group that has selected rows.
    private <T, S extends SampleScan<T>> List<S> scans(
            Manifest.Tenant part, RowSelection<T> selection, Scanning<T, S> scanning)
            throws IOException {
        List<S> scans = new ArrayList<>();
        if (selection.isEmpty()) {
            return scans;
        }
        List<BlockMetaData> groups = guarded(() -> footer(part)).getBlocks();
        long start = 0;
        for (int number = 0; number < groups.size(); number++) {
            int rows = Math.toIntExact(groups.get(number).getRowCount());
            List<Piece<T>> pieces = selection.pieces(start, rows);
            start += rows;
            if (!pieces.isEmpty()) {
                RowRanges ranges = RowSelection.ranges(pieces, rows);
                scans.add(scanning.of(group(part, number, ranges), pieces, selection));
            }
        }
        return scans;
    }

    private SampleScan.Group group(Manifest.Tenant part, int group, @Nullable RowRanges ranges) {
        return (columns, reading) ->
                guarded(
                        () -> {
                            try (TableReader reader = samples(part)) {
                                Columns read =
                                        reader.read(group, Tables.SAMPLES_SCHEMA, columns, ranges);
                                read.decode(() -> reading.decode(read));
                            }
                            return this;
                        });
    }

    private boolean hasRow(
            Manifest.Tenant part,
            SeriesTable table,
            int place,
            TimeRange range,
            QueryContext context)
            throws IOException {
        List<AnyScan> scans =
                scans(
                        part,
                        RowSelection.of(table, place, table),
                        (group, pieces, _) -> new AnyScan(group, pieces, range, context));
        for (AnyScan scan : scans) {
            scan.read();
            if (scan.isFound()) {
                return true;
            }
        }
        return false;
    }

    private void readStacks(Manifest.Tenant part, StackResolver wanted, QueryContext context)
            throws IOException {
        try (TableReader reader = table(part, Tables.STACKS)) {
            for (int group = 0; group < reader.groups(); group++) {
                context.check();
                Columns columns =
                        reader.read(group, Tables.STACKS_SCHEMA, List.of("stack_id", "frames"));
                columns.decode(() -> decodeStacks(columns, wanted));
            }
        }
    }

    private static void decodeStacks(Columns columns, StackResolver wanted) throws IOException {
        ColumnReader id = columns.column("stack_id");
        ColumnReader frame = columns.column("frames", "list", "element");
        long[] frames = new long[64];
        for (int i = columns.rows(); i > 0; i--) {
            int depth = 0;
            do {
                if (frame.getCurrentDefinitionLevel() == 1) {
                    if (depth == frames.length) {
                        frames = Arrays.copyOf(frames, depth * 2);
                    }
                    frames[depth++] = frame.getLong();
                }
                frame.consume();
            } while (frame.getCurrentRepetitionLevel() == 1);
            wanted.stack(id.getLong(), frames, 0, depth);
            id.consume();
        }
    }

    private void readFrames(Manifest.Tenant part, StackResolver wanted, QueryContext context)
            throws IOException {
        Map<Long, List<Line>> lines = new HashMap<>();
        try (TableReader reader = table(part, Tables.SYMBOLS)) {
            for (int group = 0; group < reader.groups(); group++) {
                context.check();
                Columns columns = reader.read(group, Tables.SYMBOLS_SCHEMA);
                columns.decode(() -> decodeSymbols(columns, wanted, lines));
            }
        }
        try (TableReader reader = table(part, Tables.FRAMES)) {
            for (int group = 0; group < reader.groups(); group++) {
                context.check();
                Columns columns = reader.read(group, Tables.FRAMES_SCHEMA);
                columns.decode(() -> decodeFrames(columns, wanted, lines));
            }
        }
    }

    private static void decodeSymbols(
            Columns columns, StackResolver wanted, Map<Long, List<Line>> lines) throws IOException {
        ColumnReader id = columns.column("frame_id");
        TextColumn function = columns.text("function");
        TextColumn systemName = columns.text("system_name");
        TextColumn file = columns.text("file");
        ColumnReader number = columns.column("line");
        for (int i = columns.rows(); i > 0; i--) {
            int line = number.getInteger();
            // Rows of a frame are neighbours, the innermost inlined function first.
            if (wanted.wantsFrame(id.getLong())) {
                lines.computeIfAbsent(id.getLong(), _ -> new ArrayList<>())
                        .add(new Line(function.get(), systemName.get(), file.get(), line));
            }
            id.consume();
            function.consume();
            systemName.consume();
            file.consume();
            number.consume();
        }
    }

    private static void decodeFrames(
            Columns columns, StackResolver wanted, Map<Long, List<Line>> lines) throws IOException {
        ColumnReader id = columns.column("frame_id");
        TextColumn kind = columns.text("kind");
        TextColumn buildId = columns.text("build_id");
        TextColumn binary = columns.text("binary");
        ColumnReader offset = columns.column("offset");
        NumberColumn address = columns.number("address", Frame.NO_ADDRESS);
        for (int i = columns.rows(); i > 0; i--) {
            long frameId = id.getLong();
            long place = offset.getLong();
            long own = address.next();
            if (wanted.wantsFrame(frameId)) {
                wanted.frame(
                        frameId,
                        new Frame(
                                FrameKind.of(kind.get()),
                                buildId.get(),
                                binary.get(),
                                place,
                                own,
                                lines.getOrDefault(frameId, List.of())));
            }
            id.consume();
            kind.consume();
            buildId.consume();
            binary.consume();
            offset.consume();
        }
    }

    private SeriesTable series(Manifest.Tenant part) throws IOException {
        SeriesTable known = reads.series(directory, part);
        if (known != null) {
            return known;
        }
        try (TableReader reader = table(part, Tables.SERIES)) {
            SeriesTable table = SeriesTable.read(reader);
            if (table.size() > 0 && table.end(table.size() - 1) != part.rows()) {
                throw new DamagedSegmentException(
                        reader
                                + ": "
                                + table.end(table.size() - 1)
                                + " samples (expected: "
                                + part.rows()
                                + ")");
            }
            reads.keep(directory, part, table);
            return table;
        }
    }

    private TableReader samples(Manifest.Tenant part) throws IOException {
        return open(part, Tables.SAMPLES, footer(part));
    }

    /// What the file of the samples says of itself.
    private ParquetMetadata footer(Manifest.Tenant part) throws IOException {
        ParquetMetadata known = reads.footer(directory, part);
        if (known != null) {
            return known;
        }
        try (TableReader reader = open(part, Tables.SAMPLES, null)) {
            reads.keep(directory, part, reader.footer());
            return reader.footer();
        }
    }

    private TableReader table(Manifest.Tenant part, String name) throws IOException {
        return open(part, name, null);
    }

    private TableReader open(Manifest.Tenant part, String name, @Nullable ParquetMetadata footer)
            throws IOException {
        Path path = directory.resolve(part.directory());
        return TableReader.open(reads.disk(), path, part.files(), name, footer);
    }

    private interface Read<T> {
        T run() throws IOException;
    }

    /// Reads, and remembers damage, so that it is found once.
    private <T> T guarded(Read<T> read) throws IOException {
        String known = damage;
        if (known != null) {
            throw new DamagedSegmentException(known);
        }
        try {
            return read.run();
        } catch (DamagedSegmentException e) {
            note(e);
            throw e;
        }
    }

    /// Notes damage that was found by someone else than a query.
    void note(DamagedSegmentException found) {
        damage = found.getMessage();
        reads.damaged(this, found);
    }

    @Override
    public String toString() {
        return directory.toString();
    }
}

package io.emberscope.storage.segment;

import io.emberscope.base.Failpoint;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.window.Content;
import io.emberscope.storage.window.Window;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The directory of all segments of a store. A segment appears in it whole, by a rename, and goes
/// whole, by another.
public final class SegmentDirectory {
    /// Name of the state of the store that is published with a segment.
    private static final String STATE = "batches";

    private static final int STATE_BYTES_MAX = 256 << 20;

    /// Most segments that are merged at once.
    public static final int SOURCES_MAX = 16;

    /// Older ones are not worth reading.
    private static final int STATES_MAX = 4;

    private static final Pattern NAME = Pattern.compile("([0-9]{20})-([0-9]{20})");
    private static final String WRITING = ".tmp";
    private static final String GOING = ".deleted";

    private final Path directory;
    private final Disk disk;
    private final SegmentReads reads;

    private SegmentDirectory(Path directory, Disk disk, SegmentReads reads) {
        this.directory = directory;
        this.disk = disk;
        this.reads = reads;
    }

    /// A segment that is there but cannot be read.
    ///
    /// @param name its name
    /// @param firstSequence log sequence number of the first batch that may be in it
    /// @param lastSequence log sequence number of the last batch in it
    /// @param damage what is wrong
    public record Unreadable(String name, long firstSequence, long lastSequence, String damage) {}

    /// What was found when a store was opened.
    ///
    /// @param segments oldest first
    /// @param unreadable oldest first
    public record Found(List<Segment> segments, List<Unreadable> unreadable) {
        public Found {
            segments = List.copyOf(segments);
            unreadable = List.copyOf(unreadable);
        }

        /// The log is in segments up to this sequence number.
        public long lastSequence() {
            long last = 0;
            for (Segment segment : segments) {
                last = Math.max(last, segment.lastSequence());
            }
            for (Unreadable segment : unreadable) {
                last = Math.max(last, segment.lastSequence());
            }
            return last;
        }
    }

    /// Opens the directory, which is made if it is missing.
    ///
    /// @param cacheBytesMax memory for series and footers
    /// @param onDamage told once of each segment in which a query finds damage
    public static SegmentDirectory open(
            Path directory,
            Disk disk,
            long cacheBytesMax,
            BiConsumer<Segment, DamagedSegmentException> onDamage)
            throws IOException {
        disk.createDirectories(directory);
        return new SegmentDirectory(
                directory, disk, new SegmentReads(disk, cacheBytesMax, onDamage));
    }

    /// Finds the segments and removes what an earlier process left unfinished.
    ///
    /// @throws UnknownVersionException if a newer program wrote one
    public Found scan() throws IOException {
        List<Segment> segments = new ArrayList<>();
        List<Unreadable> unreadable = new ArrayList<>();
        // A process that died after a rename may not have made it durable, and the log must not be
        // deleted for a segment that a power cut takes away.
        disk.forceDirectory(directory);
        for (Path path : disk.list(directory)) {
            String name = path.getFileName().toString();
            Matcher matcher = NAME.matcher(name);
            if (name.endsWith(WRITING) || name.endsWith(GOING)) {
                deleteTree(path);
            } else if (matcher.matches()) {
                long first = Long.parseLong(matcher.group(1));
                long last = Long.parseLong(matcher.group(2));
                try {
                    segments.add(read(path, first, last));
                } catch (MalformedInputException e) {
                    unreadable.add(
                            new Unreadable(name, first, last, String.valueOf(e.getMessage())));
                } catch (NoSuchFileException e) {
                    unreadable.add(new Unreadable(name, first, last, path + ": manifest missing"));
                }
            }
        }
        List<Segment> outermost = new ArrayList<>();
        for (Segment segment : segments) {
            if (isLeftBehind(segment.firstSequence(), segment.lastSequence(), segments)) {
                remove(segment.directory());
            } else {
                outermost.add(segment);
            }
        }
        for (Unreadable segment : List.copyOf(unreadable)) {
            if (isLeftBehind(segment.firstSequence(), segment.lastSequence(), segments)) {
                remove(directory.resolve(segment.name()));
                unreadable.remove(segment);
            }
        }
        return new Found(outermost, unreadable);
    }

    /// Whether a merge put this range into a segment and could not take the sources away.
    private static boolean isLeftBehind(long first, long last, List<Segment> segments) {
        for (Segment other : segments) {
            if (other.firstSequence() <= first
                    && other.lastSequence() >= last
                    && (other.firstSequence() < first || other.lastSequence() > last)) {
                return true;
            }
        }
        return false;
    }

    /// Writes a window as a segment. When this returns the segment is durable; if it fails there is
    /// none, unless forcing the directory is what failed.
    ///
    /// @param state what the store wants to find with its newest segment
    public Segment publish(Window window, byte[] state, long storedAtMillis, long clockMillis)
            throws IOException {
        Path target = directory.resolve(name(window.firstSequence(), window.lastSequence()));
        Path writing = writing(target);
        deleteTree(writing);
        try {
            Manifest manifest = write(window, writing, state, storedAtMillis, clockMillis);
            Failpoint.hit("segment.written");
            disk.rename(writing, target);
            Failpoint.hit("segment.renamed");
            disk.forceDirectory(directory);
            Failpoint.hit("segment.published");
            return new Segment(target, manifest, reads);
        } catch (IOException e) {
            discard(writing, e);
            throw e;
        }
    }

    /// A segment that is written but not yet there.
    public static final class Merged {
        private final Path target;
        private final Manifest manifest;

        private Merged(Path target, Manifest manifest) {
            this.target = target;
            this.manifest = manifest;
        }
    }

    /// Writes what is in several segments as one, and the newest of their states. They must follow
    /// one another, and no unreadable one be between them. If it fails, or is stopped, nothing is
    /// left of it.
    ///
    /// @param sources oldest first, at most [#SOURCES_MAX]
    /// @param pace told after each piece of the work
    /// @throws DamagedSegmentException if a source is damaged, which it has noted then
    public Merged merge(List<Segment> sources, Pace pace) throws IOException {
        Path target =
                directory.resolve(
                        name(sources.getFirst().firstSequence(), sources.getLast().lastSequence()));
        Path writing = writing(target);
        deleteTree(writing);
        boolean written = false;
        try {
            disk.createDirectories(writing);
            Manifest manifest = new SegmentMerge(disk, writing, pace).write(sources);
            List<byte[]> states = states(sources.stream().map(Segment::directory).toList(), 1);
            for (byte[] state : states) {
                write(writing.resolve(STATE), state);
            }
            write(writing.resolve(Manifest.NAME), manifest.encode());
            Failpoint.hit("merge.manifest");
            disk.forceDirectory(writing);
            Failpoint.hit("merge.written");
            written = true;
            return new Merged(target, manifest);
        } finally {
            if (!written) {
                deleteTree(writing);
            }
        }
    }

    /// Makes a merged segment be there. From then on a store that is opened takes it for its
    /// sources, which have to go.
    public Segment publish(Merged merged) throws IOException {
        disk.rename(writing(merged.target), merged.target);
        Failpoint.hit("merge.renamed");
        disk.forceDirectory(directory);
        Failpoint.hit("merge.published");
        return new Segment(merged.target, merged.manifest, reads);
    }

    /// The states that were published with segments and not dropped since, newest first.
    public List<byte[]> states(Found found) throws IOException {
        List<Path> names = new ArrayList<>();
        found.segments().forEach(segment -> names.add(segment.directory()));
        found.unreadable().forEach(segment -> names.add(directory.resolve(segment.name())));
        names.sort(Comparator.naturalOrder());
        return states(names, STATES_MAX);
    }

    /// @param names segments, oldest first
    private List<byte[]> states(List<Path> names, int most) throws IOException {
        List<byte[]> states = new ArrayList<>();
        for (Path name : names.reversed()) {
            Path path = name.resolve(STATE);
            if (disk.list(name).contains(path)) {
                try {
                    states.add(disk.read(path, STATE_BYTES_MAX));
                } catch (NoSuchFileException e) {
                    // It was dropped meanwhile, as there are newer ones.
                }
            }
            if (states.size() == most) {
                break;
            }
        }
        return states;
    }

    /// Drops the state that was published with a segment, when newer ones have theirs.
    public void dropState(Segment segment) throws IOException {
        disk.delete(segment.directory().resolve(STATE));
    }

    /// Takes a segment away for good. Its name goes first, so a crash leaves it whole or gone. Then
    /// its files go, once nobody reads them.
    public void delete(Segment segment) throws IOException {
        remove(segment.directory());
    }

    private void remove(Path segment) throws IOException {
        Path going = directory.resolve(segment.getFileName() + GOING);
        Failpoint.hit("segment.delete");
        disk.rename(segment, going);
        Failpoint.hit("segment.delete.renamed");
        disk.forceDirectory(directory);
        Failpoint.hit("segment.delete.forced");
        reads.forget(segment);
        deleteTree(going);
    }

    /// Bytes of the caches.
    public long cacheBytes() {
        return reads.bytes();
    }

    private Manifest write(
            Window window, Path writing, byte[] state, long storedAtMillis, long clockMillis)
            throws IOException {
        disk.createDirectories(writing);
        List<Manifest.Tenant> tenants = new ArrayList<>();
        for (TenantId tenant : window.tenants()) {
            Content content = window.content(tenant);
            if (content != null && content.rowCount() > 0) {
                tenants.add(write(tenant, content, window.lastSequence(), writing));
            }
        }
        Manifest manifest =
                new Manifest(
                        window.firstSequence(),
                        window.lastSequence(),
                        storedAtMillis,
                        clockMillis,
                        clockMillis,
                        1,
                        tenants);
        write(writing.resolve(STATE), state);
        write(writing.resolve(Manifest.NAME), manifest.encode());
        Failpoint.hit("segment.manifest");
        disk.forceDirectory(writing);
        return manifest;
    }

    private Manifest.Tenant write(TenantId tenant, Content content, long segment, Path writing)
            throws IOException {
        String name = directoryName(tenant);
        Path path = writing.resolve(name);
        disk.createDirectories(path);
        try (TenantTables tables = TenantTables.create(disk, path, segment, Pace.FULL)) {
            new TenantWriter(content).writeTo(tables);
            List<DataFile> files = tables.finish();
            disk.forceDirectory(path);
            Failpoint.hit("segment.tenant");
            return new Manifest.Tenant(
                    tenant, name, tables.rows(), tables.minMicros(), tables.maxMicros(), files);
        }
    }

    private void write(Path path, byte[] content) throws IOException {
        try (DiskFile file = disk.create(path)) {
            file.append(ByteBuffer.wrap(content));
            file.force();
        }
    }

    private Segment read(Path path, long first, long last) throws IOException {
        Path file = path.resolve(Manifest.NAME);
        Manifest manifest = Manifest.decode(disk.read(file, Manifest.BYTES_MAX), file.toString());
        if (manifest.firstSequence() != first || manifest.lastSequence() != last) {
            throw new MalformedInputException(
                    file + ": of another segment (expected: " + first + ".." + last + ")");
        }
        return new Segment(path, manifest, reads);
    }

    private void discard(Path writing, IOException reason) {
        try {
            deleteTree(writing);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /// Segments are at most two levels deep.
    private void deleteTree(Path path) throws IOException {
        for (Path child : disk.list(path)) {
            for (Path grandchild : disk.list(child)) {
                disk.delete(grandchild);
            }
            disk.delete(child);
        }
        disk.delete(path);
    }

    private static String name(long first, long last) {
        return String.format(Locale.ROOT, "%020d-%020d", first, last);
    }

    private Path writing(Path target) {
        return directory.resolve(target.getFileName() + WRITING);
    }

    /// A tenant's name never becomes a path.
    private static String directoryName(TenantId tenant) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest(tenant.value().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is in every Java platform", e);
        }
    }
}

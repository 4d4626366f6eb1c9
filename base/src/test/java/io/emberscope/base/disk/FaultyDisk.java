package io.emberscope.base.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/// A [Disk] in memory that fails as disks do, the same way for the same seed.
///
/// It keeps two states: what a running process sees (the page cache), and what is on the platter.
/// Bytes go from the first to the second by [DiskFile#force], names by [Disk#forceDirectory], and
/// nothing else is sure to. After [#powerCut] the platter is what is left, plus any part of what
/// was not forced, chosen at random: sectors of 512 bytes each for itself, so writes are torn and
/// come in any order; creates, renames and deletes each for itself. After [#processKill] all is
/// left.
///
/// A force that fails ([#failForce]) behaves as Linux does: the pages count as clean from then on,
/// so readers still see the bytes, a later force succeeds, and a power cut loses them.
///
/// All operations that change something are counted. [#crashAt] ends the process in the middle of
/// one of them: every later call throws [SimulatedCrash] until the disk is restarted.
public final class FaultyDisk implements Disk {
    private static final int SECTOR = 512;

    private final Random random;
    private final Directory root = new Directory();
    private final Set<Path> locks = new HashSet<>();
    private long operations;
    private long crashAt = Long.MAX_VALUE;
    private long forces;
    private long failForceAt = Long.MAX_VALUE;
    private long writes;
    private long fillAt = Long.MAX_VALUE;
    private long failWriteAt = Long.MAX_VALUE;
    private long capacity = Long.MAX_VALUE / 2;
    private boolean full;
    private boolean dead;
    private int life;

    /// An empty disk with a root directory.
    public FaultyDisk(long seed) {
        this.random = new Random(seed);
    }

    // --- faults -----------------------------------------------------------------------------

    /// Ends the process in the n-th changing operation from now, 1 being the next.
    public synchronized void crashAt(long n) {
        crashAt = operations + n;
    }

    /// Makes the n-th force (of a file or a directory) from now fail with EIO, 1 being the next.
    public synchronized void failForce(long n) {
        failForceAt = forces + n;
    }

    /// Makes the n-th append from now fail with EIO after a part of it, 1 being the next.
    public synchronized void failWrite(long n) {
        failWriteAt = writes + n;
    }

    /// Makes the disk full from the n-th append, create or directory from now on, 1 being the next,
    /// until [#makeRoom].
    public synchronized void fillAt(long n) {
        fillAt = writes + n;
    }

    /// Lets at most so many bytes of files exist.
    public synchronized void capacity(long bytes) {
        capacity = bytes;
    }

    /// Ends what [#fillAt] and [#capacity] began.
    public synchronized void makeRoom() {
        full = false;
        fillAt = Long.MAX_VALUE;
        capacity = Long.MAX_VALUE / 2;
    }

    /// How many changing operations there were.
    public synchronized long operations() {
        return operations;
    }

    /// How many forces there were.
    public synchronized long forces() {
        return forces;
    }

    /// How many operations that need room there were.
    public synchronized long writes() {
        return writes;
    }

    /// Whether a [#crashAt] has come true.
    public synchronized boolean isDead() {
        return dead;
    }

    /// The process dies and a new one may start; what was written is all there.
    public synchronized void processKill() {
        restart();
    }

    /// The machine dies and a new process may start; what was not forced may be there or not.
    public synchronized void powerCut() {
        // One power cut keeps nearly all of what was not forced, another nearly nothing.
        double kept =
                switch (random.nextInt(4)) {
                    case 0 -> 0;
                    case 1 -> 1;
                    default -> random.nextDouble();
                };
        root.powerCut(random, kept);
        restart();
    }

    private void restart() {
        life++;
        dead = false;
        crashAt = Long.MAX_VALUE;
        failForceAt = Long.MAX_VALUE;
        failWriteAt = Long.MAX_VALUE;
        locks.clear();
    }

    // --- for tests that damage or look at files ----------------------------------------------

    /// Puts a file as if it had always been there.
    public synchronized void put(Path path, byte[] content) throws IOException {
        Directory directory = directory(parent(path));
        Node node = directory.cached.get(name(path));
        File file = node instanceof File found ? found : new File();
        file.replace(content);
        directory.cached.put(name(path), file);
        directory.durable.put(name(path), file);
        directory.pending.clear();
    }

    /// All files below a directory, sorted.
    public synchronized List<Path> files(Path directory) throws IOException {
        List<Path> found = new ArrayList<>();
        directory(directory).collect(directory, found);
        return found;
    }

    // --- Disk -------------------------------------------------------------------------------

    @Override
    public synchronized DiskFile create(Path path) throws IOException {
        Directory directory = directory(parent(path));
        if (directory.cached.containsKey(name(path))) {
            throw new FileAlreadyExistsException(path.toString());
        }
        boolean crash = operation();
        room(0, path);
        File file = new File();
        if (!crash || random.nextBoolean()) {
            directory.change(new Change(null, "", directory, name(path), file));
        }
        end(crash);
        return new Handle(path, file, life);
    }

    @Override
    public synchronized DiskFile open(Path path) throws IOException {
        alive();
        return new Handle(path, file(path), life);
    }

    @Override
    public synchronized byte[] read(Path path, int bytesMax) throws IOException {
        alive();
        File file = file(path);
        if (file.size > bytesMax) {
            throw new IOException(
                    path + ": " + file.size + " bytes (expected: at most " + bytesMax + ")");
        }
        return Arrays.copyOf(file.bytes, file.size);
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        Directory source = directory(parent(from));
        Directory target = directory(parent(to));
        Node node = source.cached.get(name(from));
        if (node == null) {
            throw new NoSuchFileException(from.toString());
        }
        if (target.cached.get(name(to)) instanceof Directory replaced
                && !replaced.cached.isEmpty()) {
            throw new DirectoryNotEmptyException(to.toString());
        }
        boolean crash = operation();
        if (!crash || random.nextBoolean()) {
            target.change(new Change(source, name(from), target, name(to), node));
        }
        end(crash);
    }

    @Override
    public synchronized void delete(Path path) throws IOException {
        alive();
        Directory directory;
        try {
            directory = directory(parent(path));
        } catch (NoSuchFileException e) {
            return;
        }
        Node node = directory.cached.get(name(path));
        if (node == null) {
            return;
        }
        if (node instanceof Directory below && !below.cached.isEmpty()) {
            throw new DirectoryNotEmptyException(path.toString());
        }
        boolean crash = operation();
        if (!crash || random.nextBoolean()) {
            directory.change(new Change(directory, name(path), null, "", node));
        }
        end(crash);
    }

    @Override
    public synchronized List<Path> list(Path directory) throws IOException {
        alive();
        try {
            return directory(directory).cached.keySet().stream().map(directory::resolve).toList();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        }
    }

    @Override
    public synchronized void createDirectories(Path directory) throws IOException {
        alive();
        Path parent = directory.getParent();
        if (parent == null) {
            return;
        }
        createDirectories(parent);
        Directory above = directory(parent);
        if (!above.cached.containsKey(name(directory))) {
            boolean crash = operation();
            room(0, directory);
            if (!crash || random.nextBoolean()) {
                above.change(new Change(null, "", above, name(directory), new Directory()));
            }
            end(crash);
        }
        if (!above.pending.isEmpty()) {
            forceDirectory(parent);
        }
    }

    @Override
    public synchronized void forceDirectory(Path directory) throws IOException {
        Directory found = directory(directory);
        boolean crash = operation();
        if (crash && random.nextBoolean()) {
            end(true);
        }
        force(directory);
        found.force();
        end(crash);
    }

    @Override
    public synchronized DiskLock lock(Path directory) throws IOException {
        alive();
        directory(directory);
        if (!locks.add(directory)) {
            throw new IOException(
                    directory + ": in use by another process (expected: one process at a time)");
        }
        int born = life;
        return () -> {
            synchronized (this) {
                if (life == born) {
                    locks.remove(directory);
                }
            }
        };
    }

    @Override
    public synchronized long usableBytes(Path path) throws IOException {
        alive();
        return full || writes + 1 >= fillAt ? 0 : Math.max(0, capacity - root.bytes());
    }

    // --- rules ------------------------------------------------------------------------------

    private void alive() {
        if (dead) {
            throw new SimulatedCrash("the process ended before");
        }
    }

    /// Counts an operation; true if the process ends in it.
    private boolean operation() {
        alive();
        operations++;
        if (operations == crashAt) {
            dead = true;
            return true;
        }
        return false;
    }

    private void end(boolean crash) {
        if (crash) {
            throw new SimulatedCrash("the process ended in operation " + operations);
        }
    }

    private void force(Path path) throws IOException {
        forces++;
        if (forces == failForceAt) {
            throw new IOException(path + ": Input/output error");
        }
    }

    /// How many of `wanted` bytes may be written; throws if it is fewer.
    private void room(int wanted, Path path) throws IOException {
        if (allowed(wanted) < wanted || full) {
            throw new DiskFullException(path + ": No space left on device");
        }
    }

    private int allowed(int wanted) {
        writes++;
        if (writes == fillAt) {
            full = true;
            return wanted == 0 ? 0 : random.nextInt(wanted);
        }
        if (full) {
            return 0;
        }
        if (capacity >= Long.MAX_VALUE / 2) {
            return wanted;
        }
        return (int) Math.max(0, Math.min(wanted, capacity - root.bytes()));
    }

    private Directory directory(Path path) throws IOException {
        Node node = root;
        for (Path name : path) {
            if (!(node instanceof Directory directory)) {
                throw new NotDirectoryException(path.toString());
            }
            node = directory.cached.get(name.toString());
            if (node == null) {
                throw new NoSuchFileException(path.toString());
            }
        }
        if (node instanceof Directory directory) {
            return directory;
        }
        throw new NotDirectoryException(path.toString());
    }

    private File file(Path path) throws IOException {
        Node node = directory(parent(path)).cached.get(name(path));
        if (node instanceof File file) {
            return file;
        }
        if (node == null) {
            throw new NoSuchFileException(path.toString());
        }
        throw new IOException(path + ": Is a directory");
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (!path.isAbsolute() || parent == null) {
            throw new IllegalArgumentException(path + ": (expected: absolute, below the root)");
        }
        return parent;
    }

    private static String name(Path path) {
        return path.getFileName().toString();
    }

    // --- what is on the disk ------------------------------------------------------------------

    private sealed interface Node permits File, Directory {}

    /// A name that comes, goes or moves. On the platter it happens whole or not at all.
    private static final class Change {
        final Directory source;
        final String sourceName;
        final Directory target;
        final String targetName;
        final Node node;
        boolean durable;

        Change(
                Directory source,
                String sourceName,
                Directory target,
                String targetName,
                Node node) {
            this.source = source;
            this.sourceName = sourceName;
            this.target = target;
            this.targetName = targetName;
            this.node = node;
        }

        void applyToCache() {
            if (source != null) {
                source.cached.remove(sourceName);
            }
            if (target != null) {
                target.cached.put(targetName, node);
            }
        }

        void applyToPlatter() {
            if (durable) {
                return;
            }
            durable = true;
            if (source != null && source.durable.get(sourceName) == node) {
                source.durable.remove(sourceName);
            }
            if (target != null) {
                target.durable.put(targetName, node);
            }
        }
    }

    private static final class Directory implements Node {
        Map<String, Node> cached = new TreeMap<>();
        final Map<String, Node> durable = new TreeMap<>();
        final List<Change> pending = new ArrayList<>();

        void change(Change change) {
            change.applyToCache();
            pending.add(change);
            if (change.source != null && change.source != this) {
                change.source.pending.add(change);
            }
        }

        void force() {
            pending.forEach(Change::applyToPlatter);
            pending.clear();
        }

        void powerCut(Random random, double kept) {
            for (Change change : pending) {
                if (!change.durable && random.nextDouble() < kept) {
                    change.applyToPlatter();
                }
                change.durable = true;
            }
            pending.clear();
            cached = new TreeMap<>(durable);
            for (Node node : cached.values()) {
                switch (node) {
                    case File file -> file.powerCut(random, kept);
                    case Directory directory -> directory.powerCut(random, kept);
                }
            }
        }

        long bytes() {
            long sum = 0;
            for (Node node : cached.values()) {
                sum +=
                        switch (node) {
                            case File file -> file.size;
                            case Directory directory -> directory.bytes();
                        };
            }
            return sum;
        }

        void collect(Path path, List<Path> found) {
            cached.forEach(
                    (name, node) -> {
                        switch (node) {
                            case File _ -> found.add(path.resolve(name));
                            case Directory directory ->
                                    directory.collect(path.resolve(name), found);
                        }
                    });
        }
    }

    /// A range of bytes that was written, or a cut if `bytes` is null.
    private record Write(int offset, byte[] bytes) {}

    private static final class File implements Node {
        byte[] bytes = new byte[64];
        int size;
        byte[] platter = new byte[64];
        int platterSize;
        final List<Write> pending = new ArrayList<>();

        void write(int offset, byte[] data) {
            bytes = into(bytes, offset, data, 0, data.length);
            size = Math.max(size, offset + data.length);
            pending.add(new Write(offset, data));
        }

        void cut(int length) {
            if (length < size) {
                Arrays.fill(bytes, length, size, (byte) 0);
                size = length;
                pending.add(new Write(length, null));
            }
        }

        void force() {
            for (Write write : pending) {
                if (write.bytes == null) {
                    cutPlatter(write.offset);
                } else {
                    toPlatter(write, 0, write.bytes.length);
                }
            }
            pending.clear();
        }

        /// Any part of what was written may reach the platter; the rest is forgotten, though the
        /// cache still shows it.
        void lose(Random random, double kept) {
            for (Write write : pending) {
                if (write.bytes == null) {
                    if (random.nextDouble() < kept) {
                        cutPlatter(write.offset);
                    }
                    continue;
                }
                int start = 0;
                while (start < write.bytes.length) {
                    int sectorEnd = (write.offset + start) / SECTOR * SECTOR + SECTOR;
                    int end = Math.min(write.bytes.length, sectorEnd - write.offset);
                    if (random.nextDouble() < kept) {
                        toPlatter(write, start, end);
                    }
                    start = end;
                }
            }
            pending.clear();
        }

        void powerCut(Random random, double kept) {
            boolean lengthKept = size > platterSize && random.nextDouble() < kept;
            int length = size;
            lose(random, kept);
            if (lengthKept && length > platterSize) {
                // The file system wrote the length but not the bytes.
                platter = into(platter, length, new byte[0], 0, 0);
                platterSize = length;
            }
            bytes = Arrays.copyOf(platter, platter.length);
            size = platterSize;
        }

        void replace(byte[] content) {
            bytes = content.clone();
            size = content.length;
            platter = content.clone();
            platterSize = content.length;
            pending.clear();
        }

        private void toPlatter(Write write, int start, int end) {
            platter = into(platter, write.offset + start, write.bytes, start, end - start);
            platterSize = Math.max(platterSize, write.offset + end);
        }

        private void cutPlatter(int length) {
            if (length < platterSize) {
                Arrays.fill(platter, length, platterSize, (byte) 0);
                platterSize = length;
            }
        }

        private static byte[] into(byte[] target, int offset, byte[] data, int from, int length) {
            byte[] grown = target;
            if (offset + length > grown.length) {
                grown = Arrays.copyOf(grown, Math.max(offset + length, grown.length * 2));
            }
            System.arraycopy(data, from, grown, offset, length);
            return grown;
        }
    }

    private final class Handle implements DiskFile {
        private final Path path;
        private final File file;
        private final int born;
        private boolean open = true;

        Handle(Path path, File file, int born) {
            this.path = path;
            this.file = file;
            this.born = born;
        }

        @Override
        public void append(ByteBuffer source) throws IOException {
            synchronized (FaultyDisk.this) {
                check();
                boolean crash = operation();
                int wanted = source.remaining();
                int allowed = allowed(wanted);
                boolean broken = writes == failWriteAt;
                int length = allowed;
                if (crash || broken) {
                    length = random.nextInt(allowed + 1);
                }
                byte[] data = new byte[length];
                source.get(data);
                file.write(file.size, data);
                end(crash);
                if (broken) {
                    throw new IOException(path + ": Input/output error");
                }
                if (length < wanted) {
                    throw new DiskFullException(path + ": No space left on device");
                }
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            synchronized (FaultyDisk.this) {
                check();
                int length = (int) Math.max(0, Math.min(target.remaining(), file.size - position));
                if (length > 0) {
                    target.put(file.bytes, (int) position, length);
                }
                return length;
            }
        }

        @Override
        public void force() throws IOException {
            synchronized (FaultyDisk.this) {
                check();
                boolean crash = operation();
                if (crash && random.nextBoolean()) {
                    end(true);
                }
                try {
                    FaultyDisk.this.force(path);
                } catch (IOException e) {
                    file.lose(random, random.nextDouble());
                    throw e;
                }
                file.force();
                end(crash);
            }
        }

        @Override
        public void truncate(long bytes) throws IOException {
            synchronized (FaultyDisk.this) {
                check();
                boolean crash = operation();
                if (!crash || random.nextBoolean()) {
                    file.cut((int) Math.min(Integer.MAX_VALUE, bytes));
                }
                end(crash);
            }
        }

        @Override
        public long size() throws IOException {
            synchronized (FaultyDisk.this) {
                check();
                return file.size;
            }
        }

        @Override
        public void close() {
            open = false;
        }

        private void check() throws IOException {
            alive();
            if (born != life) {
                throw new SimulatedCrash(path + ": opened by a process that has ended");
            }
            if (!open) {
                throw new IOException(path + ": closed");
            }
        }
    }
}

package io.emberscope.collector.process;

import io.emberscope.collector.primitive.Hash;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Every binary once: by build id and path where the kernel told the build id, by device, inode and
/// path otherwise. Not safe for use by several threads.
///
/// It holds at most [#BINARIES_MAX]. When it is full it forgets those that it has not been asked
/// for since it was last full; mappings keep theirs, and a file that is mapped again gets a new
/// number.
public final class Binaries {
    static final int BINARIES_MAX = 32_768;

    /// Longest search for a place; whoever makes names that collide gets a new number each time.
    static final int PROBES_MAX = 256;

    /// Processes whose generated code is told from that of others at once.
    static final int GENERATED_MAX = 4096;

    private static final int CAPACITY_MIN = 1024;
    private static final String DELETED = " (deleted)";

    /// Memory in which run times make code, and which has a name all the same: memory that is
    /// shared with children (PHP), large pages (the JVM), and what .NET and Erlang map twice so
    /// that it is never writable and executable at one address.
    private static final Set<String> MEMORY =
            Set.of("/dev/zero", "/anon_hugepage", "/memfd:doublemapper", "/memfd:vmem");

    private @Nullable Binary[] slots = new @Nullable Binary[CAPACITY_MIN];
    private boolean[] asked = new boolean[CAPACITY_MIN];
    private int size;
    private int nextNumber = Binary.FIRST_NUMBER;
    private int generated;

    /// The binary behind a mapping.
    ///
    /// @param path as the kernel writes it, perhaps with ` (deleted)` behind
    /// @param buildId if the kernel told it, else [BuildId#NONE]
    /// @param device of the file, if the build id is not known
    /// @param inode of the file, if the build id is not known
    public Binary of(String path, BuildId buildId, long device, long inode) {
        Binary.Kind kind = kindOf(path, inode, buildId);
        if (kind == Binary.Kind.ANONYMOUS) {
            return Binary.ANONYMOUS;
        }
        if (kind == Binary.Kind.VDSO) {
            return Binary.VDSO;
        }
        String shown = shown(path);
        long fileDevice = buildId.isKnown() ? 0 : device;
        long fileInode = buildId.isKnown() ? 0 : inode;
        int mask = slots.length - 1;
        int i = hash(shown, buildId, fileInode) & mask;
        int probes = 0;
        for (Binary found = slots[i]; found != null && probes < PROBES_MAX; found = slots[i]) {
            if (found.inode() == fileInode
                    && found.device() == fileDevice
                    && found.buildId().equals(buildId)
                    && found.path().equals(shown)) {
                asked[i] = true;
                return found;
            }
            i = (i + 1) & mask;
            probes++;
        }
        Binary made = new Binary(nextNumber++, kind, shown, buildId, fileDevice, fileInode);
        if (probes < PROBES_MAX) {
            insert(i, made);
        }
        return made;
    }

    /// The code that a process made at run time: one of its own, to be [#release]d, or that of all
    /// others if there are [#GENERATED_MAX].
    Binary generatedBy(int pid) {
        if (generated >= GENERATED_MAX) {
            return Binary.ANONYMOUS;
        }
        generated++;
        return Binary.generated(nextNumber++, pid);
    }

    /// Ends the use of what [#generatedBy] gave.
    void release(Binary ofProcess) {
        generated -= ofProcess.isGenerated() ? 1 : 0;
    }

    /// How many there are.
    public int size() {
        return size;
    }

    private void insert(int slot, Binary binary) {
        slots[slot] = binary;
        asked[slot] = true;
        size++;
        if (size >= BINARIES_MAX) {
            rebuild(slots.length, true);
        } else if (size * 2 > slots.length) {
            rebuild(slots.length * 2, false);
        }
    }

    private void rebuild(int capacity, boolean forget) {
        @Nullable Binary[] oldSlots = slots;
        boolean[] oldAsked = asked;
        slots = new @Nullable Binary[capacity];
        asked = new boolean[capacity];
        size = 0;
        for (int j = 0; j < oldSlots.length; j++) {
            Binary binary = oldSlots[j];
            // If all were asked for, half go: better a second look at a file than a full table.
            boolean keep = !forget || (oldAsked[j] && (j & 1) == 0);
            if (binary != null && keep) {
                int i = hash(binary.path(), binary.buildId(), binary.inode()) & (capacity - 1);
                while (slots[i] != null) {
                    i = (i + 1) & (capacity - 1);
                }
                slots[i] = binary;
                asked[i] = !forget && oldAsked[j];
                size++;
            }
        }
    }

    private static int hash(String path, BuildId buildId, long inode) {
        return Hash.of(buildId.first() ^ inode, path.hashCode());
    }

    private static String shown(String path) {
        return path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
    }

    private static Binary.Kind kindOf(String path, long inode, BuildId buildId) {
        if (path.isEmpty() || path.equals("//anon") || path.startsWith("[anon")) {
            return Binary.Kind.ANONYMOUS;
        }
        if (!buildId.isKnown() && MEMORY.contains(shown(path))) {
            return Binary.Kind.ANONYMOUS;
        }
        if (path.equals("[vdso]")) {
            return Binary.Kind.VDSO;
        }
        boolean file = path.charAt(0) == '/' && (inode != 0 || buildId.isKnown());
        boolean device = path.startsWith("/dev/") && !path.startsWith("/dev/shm/");
        return file && !device ? Binary.Kind.FILE : Binary.Kind.SPECIAL;
    }
}

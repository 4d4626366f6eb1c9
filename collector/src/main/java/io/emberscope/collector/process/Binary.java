package io.emberscope.collector.process;

import io.emberscope.bpf.StackEnd;
import io.emberscope.profile.CutMark;
import java.util.EnumMap;
import java.util.Map;

/// What executable memory was mapped from: a file, or one of the kinds of memory without a file.
///
/// Made by the thread that merges events, read by those that open the file and find its names.
public final class Binary {
    /// Code of the kernel and its modules; offsets are addresses.
    public static final Binary KERNEL = new Binary(0, Kind.KERNEL, "[kernel]", BuildId.NONE, 0, 0);

    /// An address that no mapping we know of covers.
    public static final Binary UNKNOWN =
            new Binary(1, Kind.UNKNOWN, "[unknown]", BuildId.NONE, 0, 0);

    /// Memory without a file, where just-in-time compilers put code; offsets are addresses.
    public static final Binary ANONYMOUS =
            new Binary(2, Kind.ANONYMOUS, "[anon]", BuildId.NONE, 0, 0);

    /// The kernel's code for user space; offsets count from its first byte.
    public static final Binary VDSO = new Binary(3, Kind.VDSO, "[vdso]", BuildId.NONE, 0, 0);

    /// The first number that [Binaries] gives.
    static final int FIRST_NUMBER = 64;

    private static final int FIRST_CUT_NUMBER = 16;

    /// By the reason for which a stack was not walked to its end.
    private static final Map<StackEnd, Binary> CUTS = cuts();

    private static final int SIGHTINGS_MAX = 4;

    /// Where the bytes of the code are.
    public enum Kind {
        FILE,
        KERNEL,
        VDSO,
        ANONYMOUS,
        /// A name in brackets or a device: known by name and address only.
        SPECIAL,
        UNKNOWN,
        /// No code, but the mark that frames are missing.
        CUT
    }

    private final int number;
    private final Kind kind;
    private final String path;
    private final BuildId buildId;
    private final long device;
    private final long inode;
    private final int pid;

    private final Sighting[] sightings = new Sighting[SIGHTINGS_MAX];
    private int sightingCount;
    private boolean onStack;

    /// A process that has, or had, the file mapped.
    ///
    /// @param pid of the process
    /// @param start first address of the mapping
    /// @param end address after its last
    public record Sighting(int pid, long start, long end) {}

    Binary(int number, Kind kind, String path, BuildId buildId, long device, long inode) {
        this(number, kind, path, buildId, device, inode, 0);
    }

    private Binary(
            int number, Kind kind, String path, BuildId buildId, long device, long inode, int pid) {
        this.number = number;
        this.kind = kind;
        this.path = path;
        this.buildId = buildId;
        this.device = device;
        this.inode = inode;
        this.pid = pid;
    }

    /// The code that one process made at run time. It is shown as that of any other, but names that
    /// the process tells are names of this only. Its sightings are the mappings of its jitdump
    /// file.
    static Binary generated(int number, int pid) {
        return new Binary(number, Kind.ANONYMOUS, ANONYMOUS.path, BuildId.NONE, 0, 0, pid);
    }

    private static Map<StackEnd, Binary> cuts() {
        Map<StackEnd, Binary> cuts = new EnumMap<>(StackEnd.class);
        for (StackEnd end : StackEnd.values()) {
            String name = CutMark.name(end.text());
            cuts.put(
                    end,
                    new Binary(FIRST_CUT_NUMBER + end.code(), Kind.CUT, name, BuildId.NONE, 0, 0));
        }
        return cuts;
    }

    /// The place where a stack was not walked further.
    public static Binary cut(StackEnd why) {
        return CUTS.getOrDefault(why, UNKNOWN);
    }

    /// Why a stack was not walked further, of a binary of kind [Kind#CUT] only.
    public StackEnd whyCut() {
        return StackEnd.of(number - FIRST_CUT_NUMBER);
    }

    /// Different for each binary of this run, and never given twice.
    public int number() {
        return number;
    }

    /// Where the bytes of the code are.
    public Kind kind() {
        return kind;
    }

    /// Path in the root of the process that mapped it, or a name in brackets.
    public String path() {
        return path;
    }

    /// The build id that the kernel told with the mapping, or [BuildId#NONE].
    public BuildId buildId() {
        return buildId;
    }

    /// Device of the file, major number in the upper half, minor in the lower, or 0 if the kernel
    /// told the build id instead.
    public long device() {
        return device;
    }

    /// Inode of the file, or 0.
    public long inode() {
        return inode;
    }

    /// The process that made the code, if it is known; else 0.
    public int pid() {
        return pid;
    }

    /// Whether it is code that a known process made at run time.
    public boolean isGenerated() {
        return pid != 0;
    }

    /// Whether a run time maps it to say that it tells names there: `jit-PID.dump`.
    boolean isJitDump() {
        if (kind != Kind.FILE || !path.endsWith(".dump")) {
            return false;
        }
        int from = path.lastIndexOf('/') + 1;
        int end = path.length() - ".dump".length();
        if (!path.startsWith("jit-", from) || from + 4 >= end) {
            return false;
        }
        for (int i = from + 4; i < end; i++) {
            if (path.charAt(i) < '0' || path.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    /// Whether an address in a mapping of it is turned into an offset in the file.
    public boolean hasOffsets() {
        return kind == Kind.FILE || kind == Kind.VDSO;
    }

    /// Notes that it is on a stack; true the first time. For the thread that merges only.
    public boolean noteOnStack() {
        boolean first = !onStack;
        onStack = true;
        return first;
    }

    /// Notes a process through which the file can be opened, forgetting the oldest.
    void seen(int pid, long start, long end) {
        synchronized (sightings) {
            sightings[sightingCount % SIGHTINGS_MAX] = new Sighting(pid, start, end);
            sightingCount++;
        }
    }

    /// How often a process was seen through which the file can be opened.
    public int sightingCount() {
        synchronized (sightings) {
            return sightingCount;
        }
    }

    /// The last processes that mapped it, newest first.
    public Sighting[] sightings() {
        synchronized (sightings) {
            Sighting[] copy = new Sighting[Math.min(sightingCount, SIGHTINGS_MAX)];
            for (int i = 0; i < copy.length; i++) {
                copy[i] = sightings[(sightingCount - 1 - i) % SIGHTINGS_MAX];
            }
            return copy;
        }
    }

    @Override
    public String toString() {
        return path + '#' + number;
    }
}

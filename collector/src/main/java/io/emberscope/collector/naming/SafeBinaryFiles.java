package io.emberscope.collector.naming;

import io.emberscope.bpf.SafeFile;
import io.emberscope.bpf.SafeFileRules;
import io.emberscope.collector.process.Binary;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// The real [BinaryFiles]: every file is opened with [SafeFile].
///
/// A binary whose build id the kernel told is looked for at its path on the node itself and in our
/// own root, if root owns it there; then through the mappings of the processes that had it, which
/// finds it also if it was deleted or replaced; then at its path in their roots. The build id must
/// be the same each time, and files of root come before others: a build id is easily copied, and
/// names that one process chose must not show in the profile of another.
///
/// A binary without a build id is opened through its mapping and must be the same inode.
public final class SafeBinaryFiles implements BinaryFiles {
    private static final long SIZE_MAX = 4L << 30;
    private static final long READ_BYTES_MAX = 512L << 20;
    private static final int FIRST_PROCESS = 1;
    private static final int ROOT = 0;

    private static final SafeFileRules OF_ROOT =
            SafeFileRules.DEFAULT.with(SIZE_MAX, READ_BYTES_MAX);
    private static final SafeFileRules OF_ANYBODY = OF_ROOT.ofAnyOwner();

    private final int[] trusted;
    private final IntPredicate denied;

    /// @param ownPid our own process id
    /// @param denied whether a process's files are not to be opened
    public SafeBinaryFiles(int ownPid, IntPredicate denied) {
        this.trusted = new int[] {FIRST_PROCESS, ownPid};
        this.denied = denied;
    }

    /// One way to a file.
    @FunctionalInterface
    private interface Way {
        SafeFile open(Binary.Sighting at) throws IOException;
    }

    @Override
    public OpenFile open(Binary binary) throws IOException {
        SafeFile file = null;
        if (binary.buildId().isKnown()) {
            file = onTheNode(binary);
        }
        if (file == null) {
            file =
                    best(
                            binary,
                            at -> SafeFile.openMapFile(at.pid(), at.start(), at.end(), OF_ANYBODY));
        }
        if (file == null) {
            file = best(binary, at -> SafeFile.open(at.pid(), binary.path(), OF_ANYBODY));
        }
        if (file == null) {
            throw new IOException(binary.path() + ": no way to it");
        }
        SafeFile.Attributes found = file.attributes();
        return new OpenFile(
                file,
                (long) found.deviceMajor() << 32 | found.deviceMinor(),
                found.inode(),
                found.modifiedNanos(),
                found.size(),
                found.owner() == ROOT);
    }

    private @Nullable SafeFile onTheNode(Binary binary) {
        for (int pid : trusted) {
            SafeFile file =
                    opened(
                            binary,
                            new Binary.Sighting(pid, 0, 0),
                            at -> SafeFile.open(at.pid(), binary.path(), OF_ROOT));
            if (file != null) {
                return file;
            }
        }
        return null;
    }

    /// The first file of root that one way leads to, or else the first of anybody.
    private @Nullable SafeFile best(Binary binary, Way way) {
        SafeFile best = null;
        for (Binary.Sighting at : binary.sightings()) {
            SafeFile file = denied.test(at.pid()) ? null : opened(binary, at, way);
            if (file != null && file.attributes().owner() == ROOT) {
                if (best != null) {
                    best.close();
                }
                return file;
            }
            if (best == null) {
                best = file;
            } else if (file != null) {
                file.close();
            }
        }
        return best;
    }

    private static @Nullable SafeFile opened(Binary binary, Binary.Sighting at, Way way) {
        try {
            SafeFile file = way.open(at);
            if (isRight(binary, file)) {
                return file;
            }
            file.close();
        } catch (IOException _) {
            // The process is gone, or its file is none that we read.
        }
        return null;
    }

    private static boolean isRight(Binary binary, SafeFile file) {
        if (!binary.buildId().isKnown()) {
            return file.attributes().inode() == binary.inode();
        }
        try {
            return ElfFile.open(file).buildId().equals(Optional.of(binary.buildId().hex()));
        } catch (IOException _) {
            return false;
        }
    }
}

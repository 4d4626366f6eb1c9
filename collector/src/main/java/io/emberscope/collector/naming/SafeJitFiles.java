package io.emberscope.collector.naming;

import io.emberscope.bpf.RefusedFileException;
import io.emberscope.bpf.SafeFile;
import io.emberscope.bpf.SafeFileRules;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.process.ProcFiles;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// The real [JitFiles]: every file is opened with [SafeFile].
///
/// A perf map file is found by its name alone, in a directory that all may write to. So it must
/// belong to the process's own user, or to root if the process could read it; it must be no link;
/// and it must have been written to since the process began, as pids are used again and a container
/// begins with the same one each time. A jitdump file is opened through its mapping: the process
/// had it open, whoever owns it.
public final class SafeJitFiles implements JitFiles {
    private static final long BYTES_MAX = 256L << 20;
    private static final SafeFileRules RULES = SafeFileRules.DEFAULT.with(BYTES_MAX, 2 * BYTES_MAX);
    private static final int MILLIS_PER_TICK = 10;

    /// File systems and `/proc` do not tell time to the same tick.
    private static final Duration START_TOLERANCE = Duration.ofSeconds(1);

    private final ProcFiles processes;
    private final IntPredicate denied;
    private final InstantSource wall;

    /// @param denied whether a process's files are not to be opened
    public SafeJitFiles(ProcFiles processes, IntPredicate denied, InstantSource wall) {
        this.processes = processes;
        this.denied = denied;
        this.wall = wall;
    }

    @Override
    public OfProcess of(Binary generated) throws IOException {
        checkAllowed(generated.pid());
        ProcFiles.Identity identity = processes.identity(generated.pid());
        long age = processes.ticksSinceBoot() - identity.startTicks();
        Instant start = wall.instant().minusMillis(age * MILLIS_PER_TICK);
        return new SafeOfProcess(generated, identity, start.minus(START_TOLERANCE));
    }

    private void checkAllowed(int pid) throws IOException {
        if (denied.test(pid)) {
            throw new IOException("process " + pid + ": a read of its files took too long");
        }
    }

    private final class SafeOfProcess implements OfProcess {
        private final Binary generated;
        private final SafeFileRules rules;
        private final String perfMap;
        private final Instant writtenSince;

        SafeOfProcess(Binary generated, ProcFiles.Identity identity, Instant writtenSince) {
            this.generated = generated;
            this.rules = RULES.of(identity.startTicks());
            this.perfMap = "/tmp/perf-" + identity.pidInside() + ".map";
            this.writtenSince = writtenSince;
        }

        @Override
        public @Nullable OpenFile perfMap() throws IOException {
            checkAllowed(generated.pid());
            try {
                SafeFile file = SafeFile.open(generated.pid(), perfMap, rules);
                Instant written = Instant.ofEpochSecond(0, file.attributes().modifiedNanos());
                if (written.isBefore(writtenSince)) {
                    file.close();
                    throw new StaleFileException(
                            perfMap
                                    + ": written "
                                    + written
                                    + " (expected: after "
                                    + writtenSince
                                    + ", when its process began)");
                }
                return opened(file);
            } catch (RefusedFileException e) {
                return noneIfNotFound(e);
            }
        }

        @Override
        public @Nullable OpenFile jitDump() throws IOException {
            Binary.Sighting[] mapped = generated.sightings();
            if (mapped.length == 0) {
                return null;
            }
            checkAllowed(generated.pid());
            try {
                Binary.Sighting at = mapped[0];
                return opened(SafeFile.openMapFile(at.pid(), at.start(), at.end(), rules));
            } catch (RefusedFileException e) {
                return noneIfNotFound(e);
            }
        }

        private static OpenFile opened(SafeFile file) {
            SafeFile.Attributes found = file.attributes();
            return new OpenFile(
                    file, (long) found.deviceMajor() << 32 | found.deviceMinor(), found.inode());
        }

        private static @Nullable OpenFile noneIfNotFound(RefusedFileException e)
                throws RefusedFileException {
            if (e.reason() == RefusedFileException.Reason.NOT_FOUND) {
                return null;
            }
            throw e;
        }
    }
}

package io.emberscope.server.symbols;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.DiskFile;
import io.emberscope.base.disk.DiskFullException;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.BinarySymbols;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.debugfiles.SupplementLink;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.dwarf.DiskScratch;
import io.emberscope.symbolizer.dwarf.ScratchFile;
import io.emberscope.symbolizer.dwarf.Zstandard;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.TooManyFunctionsException;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import io.emberscope.symbolizer.symbols.SymbolsTooLargeException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Makes one symbol file of a file that a stranger gave, in a process of its own: whatever that
/// file does to the memory or the time of this process, the server does not feel it. Started by
/// [SymbolBuilder], which reads what it prints: lines `name=value`.
///
/// Arguments: the file, an ELF file or a symbol file that somebody made already; the symbol file to
/// make, whose directory nobody else changes meanwhile; bytes of scratch files there may be; the
/// build id that it must have, or `-`; the supplementary file that it refers to, or `-`.
public final class SymbolBuildMain {
    /// The input is not what is taken; what is printed says why.
    static final int REFUSED = 2;

    /// What the JVM ends with when it has no more memory (`-XX:+ExitOnOutOfMemoryError`).
    static final int OUT_OF_MEMORY = 3;

    /// There was no room on the disk.
    static final int DISK_FULL = 4;

    static final String REFUSAL = "refusal";
    static final String UNITS = "units";
    static final String UNITS_LEFT_OUT = "units-left-out";
    static final String FIRST_LEFT_OUT = "first-left-out";
    static final String SUPPLEMENT = "supplement";
    static final String NONE = "-";

    private static final int ARGUMENTS = 5;
    private static final int FUNCTIONS_MAX = 2 << 20;
    private static final int THREADS = 2;

    private SymbolBuildMain() {}

    /// Makes it, and ends the process.
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != ARGUMENTS) {
            throw new IllegalArgumentException("arguments: (expected: " + ARGUMENTS + ")");
        }
        Thread.ofPlatform().name("parent").daemon().start(SymbolBuildMain::endWithParent);
        try {
            run(
                    Path.of(arguments[0]),
                    Path.of(arguments[1]),
                    Long.parseLong(arguments[2]),
                    arguments[3],
                    arguments[4].equals(NONE) ? null : Path.of(arguments[4]));
        } catch (MalformedInputException | SymbolsTooLargeException | TooManyFunctionsException e) {
            print(REFUSAL, String.valueOf(e.getMessage()));
            System.exit(REFUSED);
        } catch (DiskFullException e) {
            print(REFUSAL, String.valueOf(e.getMessage()));
            System.exit(DISK_FULL);
        }
    }

    /// Nothing comes in; that it ends says that whoever waits for us is gone.
    private static void endWithParent() {
        try {
            while (System.in.read() >= 0) {
                // Nothing is said to us.
            }
        } catch (IOException _) {
            // As good as the end.
        }
        Runtime.getRuntime().halt(REFUSED);
    }

    private static void run(
            Path input, Path target, long scratchBytesMax, String buildId, @Nullable Path other)
            throws IOException {
        try (PathSource source = PathSource.open(input)) {
            if (SymbolFile.isOne(source)) {
                if (!buildId.equals(NONE)) {
                    throw new MalformedInputException(
                            "file: a symbol file (expected: an ELF file)");
                }
                take(input, target);
                return;
            }
            if (other == null) {
                build(source, target, scratchBytesMax, buildId, null);
                return;
            }
            try (PathSource supplement = PathSource.open(other)) {
                build(source, target, scratchBytesMax, buildId, ElfFile.open(supplement));
            }
        }
    }

    /// Takes a symbol file as it is, once its functions could be read; each block has a checksum
    /// that is looked at whenever it is read.
    private static void take(Path input, Path target) throws IOException {
        try (SymbolFile file =
                SymbolFile.open(PathSource.open(input), "symbol file", new SymbolMemory(8 << 20))) {
            file.forEachFunction((_, _, _) -> {});
        }
        Disk disk = new LocalDisk();
        try (DiskFile whole = disk.open(input)) {
            whole.force();
        }
        disk.rename(input, target);
    }

    private static void build(
            PathSource source,
            Path target,
            long scratchBytesMax,
            String buildId,
            @Nullable ElfFile supplement)
            throws IOException {
        Disk disk = new LocalDisk();
        ElfFile file = ElfFile.open(source);
        String found =
                file.buildId()
                        .orElseThrow(
                                () ->
                                        new MalformedInputException(
                                                "build id: none (expected: one, by which profiles"
                                                        + " know the binary; linkers add it with"
                                                        + " --build-id)"));
        if (!buildId.equals(NONE) && !found.equals(buildId)) {
            throw new MalformedInputException(
                    "build id: " + found + " (expected: " + buildId + ")");
        }
        DebugInfo debug =
                DebugInfo.of(file)
                        .decompressor(DebugInfo.ZSTD, new Zstandard())
                        .scratch(scratch(disk, target, scratchBytesMax))
                        .threads(THREADS);
        if (supplement != null) {
            debug.supplement(supplement);
        } else {
            SupplementLink.of(file).ifPresent(link -> print(SUPPLEMENT, link.id()));
        }
        BinarySymbols.Told all =
                BinarySymbols.write(
                        file, debug, FUNCTIONS_MAX, SymbolLimits.OF_SERVER, disk, target);
        DebugInfo.Told told = all.debugInfo();
        if (told != null) {
            int leftOut = told.malformed() + told.tooLarge() + told.unread();
            print(UNITS, Integer.toString(told.told()));
            print(UNITS_LEFT_OUT, Integer.toString(leftOut));
            if (leftOut > 0) {
                print(FIRST_LEFT_OUT, told.firstRefusal());
            }
        } else if (!all.leftOut().isEmpty()) {
            print(FIRST_LEFT_OUT, all.leftOut().getFirst());
        }
    }

    /// Scratch files of so many bytes in all.
    private static ScratchFile.Factory scratch(Disk disk, Path target, long bytesMax) {
        ScratchFile.Factory files =
                DiskScratch.in(disk, target.resolveSibling(""), target.getFileName().toString());
        long[] left = {bytesMax};
        return () -> new Bounded(files.create(), left, bytesMax);
    }

    private record Bounded(ScratchFile file, long[] left, long bytesMax) implements ScratchFile {
        @Override
        public void append(byte[] bytes, int offset, int length) throws IOException {
            synchronized (left) {
                left[0] -= length;
                if (left[0] < 0) {
                    throw new MalformedInputException(
                            "sections: more once they are decompressed (expected: at most "
                                    + bytesMax
                                    + " bytes)");
                }
            }
            file.append(bytes, offset, length);
        }

        @Override
        public long size() {
            return file.size();
        }

        @Override
        public int read(long position, byte[] target, int offset, int length) throws IOException {
            return file.read(position, target, offset, length);
        }

        @Override
        public void close() {
            file.close();
        }
    }

    private static void print(String name, String value) {
        System.out.println(name + '=' + value.replaceAll("\\p{Cntrl}", "?"));
    }
}

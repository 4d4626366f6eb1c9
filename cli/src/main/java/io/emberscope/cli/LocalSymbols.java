package io.emberscope.cli;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.disk.Disk;
import io.emberscope.symbolizer.BinarySymbols;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.debugfiles.DebugFilePaths;
import io.emberscope.symbolizer.debugfiles.DebugFiles;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.dwarf.DiskScratch;
import io.emberscope.symbolizer.dwarf.Zstandard;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the symbol file of a binary of this machine, where all that belongs to it can be found.
///
/// @param buildId empty if it has none
/// @param file the symbol file
/// @param notes what people should know of how it was made
record LocalSymbols(String buildId, Path file, List<String> notes) {
    private static final int FUNCTIONS_MAX = 4 << 20;

    LocalSymbols {
        notes = List.copyOf(notes);
    }

    /// Makes it.
    ///
    /// @param path without symbolic links
    /// @param directory for the file, and for what is needed meanwhile
    static LocalSymbols make(Path path, Disk disk, Path directory) throws IOException {
        try (PathSource source = PathSource.open(path)) {
            ElfFile binary = ElfFile.open(source);
            try (DebugFiles files =
                    DebugFiles.of(binary, path, DebugFilePaths.USUAL, LocalSymbols::open)) {
                return make(path, binary, files, disk, directory);
            }
        }
    }

    private static LocalSymbols make(
            Path path, ElfFile binary, DebugFiles files, Disk disk, Path directory)
            throws IOException {
        Path target = directory.resolve("symbols");
        DebugInfo debug =
                files.debugInfo()
                        .decompressor(DebugInfo.ZSTD, new Zstandard())
                        .scratch(DiskScratch.in(disk, directory, "section"))
                        .splitFiles(new SplitFilesBeside(path, LocalSymbols::open))
                        .threads(Runtime.getRuntime().availableProcessors());
        BinarySymbols.Told all =
                BinarySymbols.write(
                        binary,
                        files.separate().map(DebugFiles.Found::file).orElse(null),
                        debug,
                        FUNCTIONS_MAX,
                        SymbolLimits.OF_SERVER,
                        disk,
                        target);
        DebugInfo.Told told = all.debugInfo();
        List<String> notes = new ArrayList<>();
        all.leftOut().forEach(why -> notes.add("left out " + Texts.printable(why)));
        if (told != null) {
            int leftOut = told.malformed() + told.tooLarge() + told.unread();
            if (leftOut > 0) {
                notes.add(
                        Texts.count(leftOut, "unit")
                                + " could not be read ("
                                + Texts.printable(told.firstRefusal())
                                + ")");
            }
        }
        files.separate()
                .ifPresent(found -> notes.add("of " + Texts.printable(found.path().toString())));
        files.refused().forEach(why -> notes.add("passed over " + Texts.printable(why)));
        return new LocalSymbols(binary.buildId().orElse(""), target, notes);
    }

    private static @Nullable ByteSource open(Path path) throws IOException {
        try {
            return PathSource.open(path);
        } catch (NoSuchFileException _) {
            return null;
        }
    }
}

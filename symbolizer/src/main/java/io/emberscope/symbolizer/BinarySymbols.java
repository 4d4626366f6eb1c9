package io.emberscope.symbolizer;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.dwarf.DiskScratch;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.go.GoCode;
import io.emberscope.symbolizer.minidebug.MiniDebugInfo;
import io.emberscope.symbolizer.symbols.ElfSymbols;
import io.emberscope.symbolizer.symbols.SymbolFileWriter;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Makes the symbol file of a binary of everything that a file of it says: the binary itself, or
/// its separate debug file.
public final class BinarySymbols {
    /// What was told.
    ///
    /// @param debugInfo what became of the units of debug information; null if there are none
    /// @param goCode what was told of a Go program; null if it is none, or has debug information,
    ///   which says more
    /// @param leftOut why other parts of the file were left out
    public record Told(
            DebugInfo.@Nullable Told debugInfo,
            GoCode.@Nullable Told goCode,
            List<String> leftOut) {
        public Told {
            leftOut = List.copyOf(leftOut);
        }
    }

    private BinarySymbols() {}

    /// Makes the file of one that has everything there is: a binary, or a separate debug file whose
    /// binary is not at hand. The latter has no bytes of code, so that nothing is known of where
    /// that is in the binary, nor of its procedure linkage table.
    ///
    /// @param file whose symbols are taken, and which has the debug information
    /// @param debug of that file, with what it needs to be read
    /// @param functionsMax functions that its symbol tables may have
    /// @param target the file to be made; one that is there is replaced
    /// @throws io.emberscope.symbolizer.elf.TooManyFunctionsException if there are more functions
    /// @throws io.emberscope.symbolizer.symbols.SymbolsTooLargeException if there is more than the
    ///   limits
    /// @throws MalformedInputException if the file contradicts itself
    public static Told write(
            ElfFile file,
            DebugInfo debug,
            int functionsMax,
            SymbolLimits limits,
            Disk disk,
            Path target)
            throws IOException {
        return write(file, null, debug, functionsMax, limits, disk, target);
    }

    /// The same for a binary and its separate debug file.
    ///
    /// @param debugFile which has the full symbol table and the debug information; null if there is
    ///   none
    public static Told write(
            ElfFile file,
            @Nullable ElfFile debugFile,
            DebugInfo debug,
            int functionsMax,
            SymbolLimits limits,
            Disk disk,
            Path target)
            throws IOException {
        DebugInfo.Told debugTold = null;
        GoCode.Told goTold = null;
        List<String> leftOut = new ArrayList<>();
        try (SymbolFileWriter writer =
                new SymbolFileWriter(disk, target, file.buildId().orElse(""), limits)) {
            if (debugFile == null) {
                tellSymbols(file, functionsMax, disk, target, writer, leftOut);
            } else {
                ElfSymbols.tellWithDebugFile(file, debugFile, functionsMax, writer);
            }
            if (DebugInfo.isIn(debugFile == null ? file : debugFile)) {
                debugTold = debug.tell(writer);
                if (debugTold.told() > 0) {
                    writer.madeFrom(SymbolSource.DEBUG_INFO);
                }
            } else {
                goTold = tellGo(file, writer, leftOut);
            }
            writer.finish();
        }
        return new Told(debugTold, goTold, leftOut);
    }

    /// Tells the names of functions that can be had without debug information, in little memory:
    /// what an agent knows of a binary.
    ///
    /// @param functionsMax functions that its symbol tables may have
    /// @param disk where more than a megabyte of compressed symbols are put meanwhile
    /// @param target beside which that is
    /// @return why parts of the file were left out; mostly empty
    /// @throws io.emberscope.symbolizer.elf.TooManyFunctionsException if there are more functions
    /// @throws io.emberscope.symbolizer.symbols.SymbolsTooLargeException if there is more than the
    ///   limits
    /// @throws MalformedInputException if the file contradicts itself
    public static List<String> tellNames(
            ElfFile file, int functionsMax, Disk disk, Path target, SymbolFileWriter to)
            throws IOException {
        List<String> leftOut = new ArrayList<>();
        tellSymbols(file, functionsMax, disk, target, to, leftOut);
        try {
            if (GoCode.tellNames(file, functionsMax, to)) {
                to.madeFrom(SymbolSource.GO_TABLE);
            }
        } catch (MalformedInputException e) {
            leftOut.add(String.valueOf(e.getMessage()));
        }
        return List.copyOf(leftOut);
    }

    private static void tellSymbols(
            ElfFile file,
            int functionsMax,
            Disk disk,
            Path target,
            SymbolFileWriter writer,
            List<String> leftOut)
            throws IOException {
        try (MiniDebugInfo mini = mini(file, disk, target, leftOut)) {
            if (mini == null) {
                ElfSymbols.tell(file, functionsMax, writer);
            } else {
                ElfSymbols.tellWithMini(file, mini.file(), functionsMax, writer);
            }
        }
    }

    /// The compressed symbol table, where there is no other.
    private static @Nullable MiniDebugInfo mini(
            ElfFile file, Disk disk, Path target, List<String> leftOut) throws IOException {
        if (!MiniDebugInfo.isIn(file)) {
            return null;
        }
        Path directory = Objects.requireNonNull(target.toAbsolutePath().getParent());
        try {
            return MiniDebugInfo.open(
                            file, DiskScratch.in(disk, directory, target.getFileName() + ".mini"))
                    .orElse(null);
        } catch (MalformedInputException e) {
            leftOut.add(String.valueOf(e.getMessage()));
            return null;
        }
    }

    private static GoCode.@Nullable Told tellGo(
            ElfFile file, SymbolFileWriter writer, List<String> leftOut) throws IOException {
        try {
            Optional<GoCode.Told> told = GoCode.tell(file, writer);
            if (told.isPresent() && told.get().functions() > 0) {
                writer.madeFrom(SymbolSource.GO_TABLE);
            }
            return told.orElse(null);
        } catch (MalformedInputException e) {
            leftOut.add(String.valueOf(e.getMessage()));
            return null;
        }
    }
}

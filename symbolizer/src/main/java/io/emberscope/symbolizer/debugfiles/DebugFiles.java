package io.emberscope.symbolizer.debugfiles;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// The files that the debug information of a binary is in, opened and checked to be the right ones:
/// the binary itself or its separate debug file, what that shares with others, and the package of
/// its split units. What is there but is not right, or cannot be read, is passed over, and said in
/// [#refused].
///
/// Closing it closes what it opened, which the binary is not.
public final class DebugFiles implements AutoCloseable {
    /// Most that is read to compare a checksum.
    private static final long CHECKSUM_BYTES_MAX = 8L << 30;

    private static final int PIECE_BYTES = 64 * 1024;

    /// Opens files, in whatever way is safe where they are.
    @FunctionalInterface
    public interface Opener {
        /// Opens one, to be closed by the caller; null if there is none.
        ///
        /// @throws IOException if there is one that cannot be read
        @Nullable ByteSource open(Path path) throws IOException;
    }

    /// A file that was found.
    ///
    /// @param path where
    /// @param source its bytes
    /// @param file the same
    public record Found(Path path, ByteSource source, ElfFile file) {}

    /// Whether a file is the one that is looked for.
    private interface Check {
        boolean isRight(ByteSource source, ElfFile file) throws IOException;
    }

    private final ElfFile binary;
    private final Opener opener;
    private final List<ByteSource> opened = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private Optional<Found> separate = Optional.empty();
    private Optional<Found> supplement = Optional.empty();
    private Optional<Found> splitPackage = Optional.empty();

    private DebugFiles(ElfFile binary, Opener opener) {
        this.binary = binary;
        this.opener = opener;
    }

    /// Looks for them.
    ///
    /// @param binary stays open and the caller's to close; must be open while this object is used
    /// @param path where the binary is: absolute, without symbolic links
    /// @param paths where to look
    /// @throws IllegalArgumentException if the path is relative
    public static DebugFiles of(ElfFile binary, Path path, DebugFilePaths paths, Opener opener) {
        DebugFiles files = new DebugFiles(binary, opener);
        try {
            files.find(path, paths);
            return files;
        } catch (RuntimeException e) {
            files.close();
            throw e;
        }
    }

    private void find(Path path, DebugFilePaths paths) {
        boolean isInBinary = tried(path, () -> DebugInfo.isIn(binary)).orElse(false);
        if (!isInBinary) {
            separate = separate(path, paths);
        }
        Path at = separate.map(Found::path).orElse(path);
        supplement =
                tried(at, () -> SupplementLink.of(file()))
                        .flatMap(link -> link)
                        .flatMap(
                                link ->
                                        first(
                                                paths.ofSupplement(at, link),
                                                (_, found) -> link.isTo(found)));
        List<Path> packages = new ArrayList<>(paths.ofSplitPackage(path));
        if (separate.isPresent()) {
            packages.addAll(paths.ofSplitPackage(at));
        }
        splitPackage = first(packages, (_, found) -> found.section(".debug_cu_index").isPresent());
    }

    private Optional<Found> separate(Path path, DebugFilePaths paths) {
        Optional<String> id = tried(path, binary::buildId).flatMap(found -> found);
        if (id.isPresent()) {
            Optional<Found> found =
                    first(
                            paths.ofBuildId(id.get()),
                            (_, file) -> hasNames(file) && file.buildId().equals(id));
            if (found.isPresent()) {
                return found;
            }
        }
        Optional<DebugLink> link = tried(path, () -> DebugLink.of(binary)).flatMap(found -> found);
        return link.flatMap(
                to ->
                        first(
                                paths.ofLink(path, to),
                                (source, file) -> hasNames(file) && isTo(source, file, to, id)));
    }

    /// A build id says more than a checksum, for which the whole file is read.
    private static boolean isTo(
            ByteSource source, ElfFile file, DebugLink link, Optional<String> id)
            throws IOException {
        Optional<String> found = file.buildId();
        if (id.isPresent() && found.isPresent()) {
            return found.equals(id);
        }
        return checksum(source) == link.checksum();
    }

    private static boolean hasNames(ElfFile file) throws IOException {
        return DebugInfo.isIn(file)
                || file.section(".symtab").filter(Section::hasBytes).isPresent();
    }

    private static int checksum(ByteSource source) throws IOException {
        if (source.size() > CHECKSUM_BYTES_MAX) {
            throw new MalformedInputException(
                    "debug file: "
                            + source.size()
                            + " bytes (expected: at most "
                            + CHECKSUM_BYTES_MAX
                            + " without a build id)");
        }
        CRC32 sum = new CRC32();
        byte[] piece = new byte[PIECE_BYTES];
        long done = 0;
        while (done < source.size()) {
            int now = (int) Math.min(piece.length, source.size() - done);
            source.fill(done, piece, now, "debug file");
            sum.update(piece, 0, now);
            done += now;
        }
        return (int) sum.getValue();
    }

    private Optional<Found> first(List<Path> paths, Check check) {
        for (Path path : paths) {
            ByteSource source = tried(path, () -> opener.open(path)).orElse(null);
            if (source == null) {
                continue;
            }
            opened.add(source);
            Optional<Found> found = tried(path, () -> checked(path, source, check));
            if (found.isPresent()) {
                return found;
            }
            source.close();
        }
        return Optional.empty();
    }

    private static Found checked(Path path, ByteSource source, Check check) throws IOException {
        ElfFile file = ElfFile.open(source);
        if (!check.isRight(source, file)) {
            throw new MalformedInputException("debug file: another (expected: the binary's)");
        }
        return new Found(path, source, file);
    }

    /// Something that reads.
    private interface Read<T> {
        @Nullable T read() throws IOException;
    }

    private <T> Optional<T> tried(Path path, Read<T> read) {
        try {
            return Optional.ofNullable(read.read());
        } catch (IOException e) {
            refused.add(path + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    /// The file whose debug information and symbols are to be read: the separate debug file if
    /// there is one, else the binary.
    public ElfFile file() {
        return separate.map(Found::file).orElse(binary);
    }

    /// The debug information of [#file], given all that it needs which was found.
    public DebugInfo debugInfo() {
        DebugInfo info = DebugInfo.of(file());
        supplement.ifPresent(found -> info.supplement(found.file()));
        splitPackage.ifPresent(found -> info.splitPackage(found.file()));
        return info;
    }

    /// The separate debug file; not looked for if the binary has debug information itself.
    public Optional<Found> separate() {
        return separate;
    }

    /// The file that [#file] shares debug information with.
    public Optional<Found> supplement() {
        return supplement;
    }

    /// The package of split units.
    public Optional<Found> splitPackage() {
        return splitPackage;
    }

    /// Files that are there but were passed over, each with the reason.
    public List<String> refused() {
        return List.copyOf(refused);
    }

    @Override
    public void close() {
        opened.forEach(ByteSource::close);
    }
}

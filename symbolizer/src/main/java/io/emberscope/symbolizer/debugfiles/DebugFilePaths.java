package io.emberscope.symbolizer.debugfiles;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/// Where debug files may be, likeliest first: as GDB looks for them. Nothing is opened here, and no
/// path leads to a place that only a binary chose: each is in a root, or beside the file that it
/// belongs to.
///
/// @param roots directories of separate debug files
public record DebugFilePaths(List<Path> roots) {
    /// Where distributions install debug files.
    public static final DebugFilePaths USUAL =
            new DebugFilePaths(List.of(Path.of("/usr/lib/debug")));

    /// @throws IllegalArgumentException if a root is relative
    public DebugFilePaths {
        for (Path root : roots) {
            if (!root.isAbsolute()) {
                throw new IllegalArgumentException(
                        "debug directory: " + root + " (expected: an absolute path)");
            }
        }
        roots = roots.stream().map(Path::normalize).toList();
    }

    /// By build id: `ROOT/.build-id/ab/cdef.debug`.
    ///
    /// @param id in lower-case hex; one that has no path gives none
    public List<Path> ofBuildId(String id) {
        if (!BuildIds.isOne(id)) {
            return List.of();
        }
        return roots.stream()
                .map(root -> root.resolve(".build-id").resolve(id.substring(0, 2)))
                .map(directory -> directory.resolve(id.substring(2) + ".debug"))
                .toList();
    }

    /// By `.gnu_debuglink`: beside the binary, in `.debug/` beside it, and where the binary's
    /// directory is in a root.
    ///
    /// @param binary its absolute path, without symbolic links
    public List<Path> ofLink(Path binary, DebugLink link) {
        Path directory = directoryOf(binary);
        List<Path> paths = new ArrayList<>();
        paths.add(directory.resolve(link.name()));
        paths.add(directory.resolve(".debug").resolve(link.name()));
        Path relative = directory.getRoot().relativize(directory);
        roots.forEach(root -> paths.add(root.resolve(relative).resolve(link.name())));
        paths.remove(binary.normalize());
        return List.copyOf(paths);
    }

    /// The file that a file with debug information shares some with: by its id, and by its name
    /// where that is in a root or beside the file.
    ///
    /// @param file absolute path of the one that has the link
    public List<Path> ofSupplement(Path file, SupplementLink link) {
        LinkedHashSet<Path> paths = new LinkedHashSet<>(ofBuildId(link.id()));
        Path directory = directoryOf(file);
        Path named = directory.resolve(link.name()).normalize();
        if (named.startsWith(directory) || roots.stream().anyMatch(named::startsWith)) {
            paths.add(named);
        }
        paths.remove(file.normalize());
        return List.copyOf(paths);
    }

    /// The package of split units: `FILE.dwp`.
    ///
    /// @param file absolute path of the binary or of its debug file
    public List<Path> ofSplitPackage(Path file) {
        return List.of(directoryOf(file).resolve(file.getFileName() + ".dwp"));
    }

    private static Path directoryOf(Path file) {
        Path directory = file.normalize().getParent();
        if (!file.isAbsolute() || directory == null) {
            throw new IllegalArgumentException(file + " (expected: the absolute path of a file)");
        }
        return directory;
    }
}

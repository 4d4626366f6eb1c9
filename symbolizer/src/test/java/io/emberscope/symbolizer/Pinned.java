package io.emberscope.symbolizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Binaries that must be on a machine, as a test is about them.
///
/// @param from the package of Debian, or how else one gets it
/// @param places where they may be: folder and pattern of each
public record Pinned(String from, List<String> places) {
    private static final int DEPTH_MAX = 5;

    public Pinned(String from, String... places) {
        this(from, List.of(places));
    }

    /// All that there are, each once; fails if one is missing.
    public static List<Path> files(List<Pinned> all) throws IOException {
        List<Path> files = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (Pinned pinned : all) {
            int before = files.size();
            for (String place : pinned.places) {
                files.addAll(found(place));
            }
            if (files.size() == before) {
                missing.add(pinned.from + ", looked for in " + pinned.places);
            }
        }
        assertThat(missing).as("what is not installed").isEmpty();
        return files.stream().distinct().toList();
    }

    /// One of each, the last by its name; fails if one is missing.
    public static List<Path> oneOfEach(List<Pinned> all) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Pinned pinned : all) {
            files.add(files(List.of(pinned)).getLast());
        }
        return files.stream().distinct().toList();
    }

    /// The debug file of Debian's that belongs to a binary.
    ///
    /// @param from the package that has it
    /// @param binary folder and pattern
    public static Pinned debugFile(String from, String binary) throws IOException {
        List<Path> found = found(binary);
        if (found.isEmpty()) {
            return new Pinned(from, binary);
        }
        try (PathSource source = PathSource.open(found.getFirst())) {
            String id = ElfFile.open(source).buildId().orElseThrow();
            return new Pinned(
                    from,
                    "/usr/lib/debug/.build-id/"
                            + id.substring(0, 2)
                            + ':'
                            + id.substring(2)
                            + ".debug");
        }
    }

    /// Binaries at a place: folder and pattern.
    public static List<Path> found(String place) throws IOException {
        int colon = place.indexOf(':');
        Path folder = Path.of(place.substring(0, colon));
        String pattern = place.substring(colon + 1);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        var matcher = folder.getFileSystem().getPathMatcher("glob:" + folder + '/' + pattern);
        List<Path> found = new ArrayList<>();
        try (Stream<Path> all = Files.walk(folder, pattern.contains("/") ? DEPTH_MAX : 1)) {
            for (Path path : all.filter(matcher::matches).sorted().toList()) {
                Path real = path.toRealPath();
                if (!found.contains(real)) {
                    found.add(real);
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return found;
    }
}

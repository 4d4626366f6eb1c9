package io.emberscope.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// This checkout, as tests see it.
final class Repository {
    private static final Set<String> NOT_SOURCES = Set.of(".git", "target", "node_modules", "dist");

    private Repository() {}

    /// The directory with the root pom.
    static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("emberscope"))
                || !Files.exists(directory.resolve("pom.xml"))) {
            directory = directory.getParent();
            if (directory == null) {
                throw new IllegalStateException("working directory: outside of the checkout");
            }
        }
        return directory;
    }

    /// Every source file whose name ends in one of the endings, or every one; sorted.
    static List<Path> files(String... endings) {
        List<Path> found = new ArrayList<>();
        try {
            Files.walkFileTree(
                    root(),
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult preVisitDirectory(
                                Path directory, BasicFileAttributes attributes) {
                            boolean skipped =
                                    NOT_SOURCES.contains(String.valueOf(directory.getFileName()));
                            return skipped
                                    ? FileVisitResult.SKIP_SUBTREE
                                    : FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFile(
                                Path file, BasicFileAttributes attributes) {
                            String name = file.toString();
                            // A worktree has a file named .git.
                            boolean wanted = endings.length == 0 && !name.endsWith("/.git");
                            for (String ending : endings) {
                                wanted |= name.endsWith(ending);
                            }
                            if (wanted && attributes.isRegularFile()) {
                                found.add(file);
                            }
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        found.sort(null);
        return found;
    }

    /// The file's name as a reader of a message wants it.
    static String nameOf(Path file) {
        return root().relativize(file).toString();
    }
}

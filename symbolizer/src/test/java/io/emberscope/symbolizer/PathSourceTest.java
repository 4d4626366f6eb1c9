package io.emberscope.symbolizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PathSourceTest {
    @TempDir private Path directory;

    @Test
    void aFileIsReadAlsoThroughALink() throws Exception {
        Path file = Files.write(directory.resolve("file"), new byte[] {1, 2, 3});
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        try (PathSource source = PathSource.open(link)) {
            byte[] bytes = new byte[2];
            assertThat(source.size()).isEqualTo(3);
            assertThat(source.read(1, bytes, 0, 2)).isEqualTo(2);
            assertThat(bytes).containsExactly(2, 3);
        }
    }

    @Test
    void whatIsNoRegularFileIsRefused() {
        for (Path path : new Path[] {directory, Path.of("/dev/zero")}) {
            assertThatThrownBy(() -> PathSource.open(path))
                    .isInstanceOf(IOException.class)
                    .hasMessage("file: a pipe, device or directory (expected: a regular file)");
        }
        assertThatThrownBy(() -> PathSource.open(directory.resolve("absent")))
                .isInstanceOf(NoSuchFileException.class);
    }
}

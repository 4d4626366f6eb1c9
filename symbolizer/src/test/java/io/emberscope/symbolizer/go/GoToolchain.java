package io.emberscope.symbolizer.go;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/// Go's tools.
public final class GoToolchain {
    private GoToolchain() {}

    /// Builds a program of one file.
    ///
    /// @param environment as `CGO_ENABLED`, `GOARCH`
    public static void build(
            Path program, Path source, List<String> options, Map<String, String> environment)
            throws Exception {
        build(program, List.of(source), options, environment);
    }

    /// Builds a program of some files.
    static void build(
            Path program, List<Path> sources, List<String> options, Map<String, String> environment)
            throws Exception {
        List<String> command = new ArrayList<>(List.of(go(), "build"));
        command.addAll(options);
        command.addAll(List.of("-o", program.toString()));
        sources.forEach(source -> command.add(source.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        builder.environment().put("GO111MODULE", "off");
        builder.environment().putAll(environment);
        assertThat(builder.start().waitFor()).as("%s", command).isZero();
    }

    /// From the path, or where Go's own archive is unpacked to; without it the test is skipped.
    public static String go() throws IOException {
        String named = System.getProperty("oracle.go", "");
        Stream<Path> places =
                Stream.concat(
                        Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                                .map(Path::of),
                        Stream.of(Path.of("/usr/local/go/bin")));
        Optional<Path> found =
                named.isEmpty()
                        ? places.map(place -> place.resolve("go"))
                                .filter(Files::isExecutable)
                                .findFirst()
                        : Optional.of(Path.of(named));
        Assumptions.assumeTrue(found.isPresent(), "no go: apt-get install golang-go");
        return found.get().toString();
    }
}

package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// BPF programs, maps and links, by what processes hold and what the kernel has.
final class KernelObjects {
    private KernelObjects() {}

    /// Those that a process holds: `prog 12`.
    ///
    /// @param process its directory in `/proc`
    static Set<String> heldBy(Path process) throws IOException {
        Set<String> objects = new TreeSet<>();
        try (Stream<Path> open = Files.list(process.resolve("fdinfo"))) {
            for (Path descriptor : open.toList()) {
                for (String line : lines(descriptor)) {
                    if (line.matches("(prog|map|link)_id:\\s*\\d+")) {
                        objects.add(line.replaceAll("_id:\\s*", " "));
                    }
                }
            }
        }
        return objects;
    }

    /// The kernel frees programs and maps after a grace period, so it may take a moment.
    static void assertGone(String object) throws Exception {
        String[] words = object.split(" ", -1);
        List<String> command = List.of("bpftool", words[0], "show", "id", words[1]);
        for (int i = 0; i < 200 && succeeds(command); i++) {
            Thread.sleep(50);
        }
        assertThat(succeeds(command)).as(object).isFalse();
    }

    private static boolean succeeds(List<String> command) throws Exception {
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        return process.waitFor() == 0;
    }

    private static List<String> lines(Path descriptor) {
        try {
            return Files.readAllLines(descriptor);
        } catch (IOException _) {
            // Closed meanwhile.
            return List.of();
        }
    }
}

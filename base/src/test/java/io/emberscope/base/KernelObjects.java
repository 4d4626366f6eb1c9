package io.emberscope.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// BPF programs, maps and links, by what processes hold and what the kernel has: `prog 12`.
public final class KernelObjects {
    private KernelObjects() {}

    /// Those that a process holds, by the descriptors that it has open.
    public static Set<String> heldBy(long pid) throws IOException {
        Set<String> objects = new TreeSet<>();
        try (Stream<Path> open = Files.list(Path.of("/proc/" + pid + "/fdinfo"))) {
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

    /// The events of `perf` that a process has open.
    public static long perfEventsOf(long pid) throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return open.filter(KernelObjects::isPerfEvent).count();
        }
    }

    private static boolean isPerfEvent(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().equals("anon_inode:[perf_event]");
        } catch (IOException _) {
            // Closed meanwhile.
            return false;
        }
    }

    /// The kernel frees programs and maps after a grace period, so it may take a moment.
    public static void assertGone(String object) throws Exception {
        for (int i = 0; i < 200 && exists(object); i++) {
            Thread.sleep(50);
        }
        assertThat(exists(object)).as(object).isFalse();
    }

    /// Whether the kernel has it.
    public static boolean exists(String object) throws Exception {
        String[] words = object.split(" ", -1);
        Process process =
                new ProcessBuilder("bpftool", words[0], "show", "id", words[1])
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

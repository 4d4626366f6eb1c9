package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.Pinned;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// No file exhausts the collector's heap, and the largest real ones have a table in it.
class TableHeapIT {
    private static final List<String> GO_PROGRAMS =
            List.of("/usr/bin:kubectl", "/usr/local/go:pkg/tool/linux_amd64/compile");

    @Test
    void noFileExhaustsTheHeapAndTheLargestRealOnesFit() throws Exception {
        List<String> real = new ArrayList<>();
        for (Path path : UnwindTableOracleIT.installed()) {
            real.add(path.toString());
        }
        for (String place : GO_PROGRAMS) {
            for (Path path : Pinned.found(place)) {
                real.add(path.toString());
            }
        }
        Map<String, String> results = run(real);
        assertThat(real).isNotEmpty();
        for (String path : real) {
            assertThat(results.get(path)).as(path).matches("made, rows: [1-9][0-9]+");
        }
        for (String name : TableHeapMain.hostile().keySet()) {
            String expected =
                    switch (name) {
                        case "functions", "gaps", "page index", "rows", "symbols", "sections" ->
                                "refused, unwind table: ";
                        case "bomb", "large bomb", "claimed bomb", "go functions" ->
                                "refused, unwind table: ";
                        case "all frames" -> "refused, .eh_frame: ";
                        case "claimed go functions" -> "refused, .gopclntab: ";
                        default -> "made, rows: ";
                    };
            assertThat(results.get(name)).as(name).startsWith(expected);
        }
    }

    /// What became of each file.
    private static Map<String, String> run(List<String> paths) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.add("@" + Path.of("../collector/jvm.options").toRealPath());
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.add(TableHeapMain.class.getName());
        command.addAll(paths);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = text(process);
        System.out.print(output);
        assertThat(process.waitFor()).as(output).isZero();
        Map<String, String> results = new HashMap<>();
        for (String line : output.lines().toList()) {
            String[] parts = line.split(": ", 3);
            if (parts.length == 3) {
                results.put(parts[0], parts[2]);
            }
        }
        return results;
    }

    private static String text(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}

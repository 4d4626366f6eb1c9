package io.emberscope.symbolizer.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// What LLVM's symbolizer says of addresses.
public final class LlvmSymbolizer {
    private static final Pattern COLUMN = Pattern.compile("(:\\d+):\\d+$", Pattern.MULTILINE);

    private LlvmSymbolizer() {}

    /// Asks for the frames of addresses, by raw names: function and `file:line` of each in turn,
    /// the innermost first, as lines.
    ///
    /// @param directory for what is asked and answered
    /// @param options which file, and how
    public static List<String> frames(Path directory, long[] addresses, List<String> options)
            throws Exception {
        Path in = directory.resolve("addresses");
        StringBuilder lines = new StringBuilder();
        for (long address : addresses) {
            lines.append("0x").append(Long.toHexString(address)).append('\n');
        }
        Files.writeString(in, lines);
        Path out = directory.resolve("frames");
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "llvm-symbolizer-19",
                                "--functions=linkage",
                                "--inlining",
                                "--no-demangle"));
        command.addAll(options);
        Process process =
                new ProcessBuilder(command)
                        .redirectInput(in.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        assertThat(process.waitFor(600, TimeUnit.SECONDS)).isTrue();
        String text =
                COLUMN.matcher(Files.readString(out, StandardCharsets.ISO_8859_1)).replaceAll("$1");
        List<String> frames = List.of(text.split("\n\n", -1));
        assertThat(frames).hasSizeGreaterThanOrEqualTo(addresses.length);
        return frames;
    }
}

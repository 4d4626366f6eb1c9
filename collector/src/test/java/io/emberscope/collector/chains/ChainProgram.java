package io.emberscope.collector.chains;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// One scenario of one program, built in one way.
///
/// @param name the build and the scenario, such as `basic-gcc-O2/vfork`
/// @param program the executable file
/// @param arguments what comes before the CPU time to burn
public record ChainProgram(String name, Path program, List<String> arguments) {
    /// How long a program may take, whatever it burns.
    private static final Duration RUN_MAX = Duration.ofMinutes(2);

    public ChainProgram {
        arguments = List.copyOf(arguments);
    }

    /// Runs it to its end, which has to be a good one.
    ///
    /// @param burn CPU time in all its threads and processes
    /// @param directory where its output is put
    /// @return what it told
    public Chains run(Duration burn, Path directory) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        command.addAll(arguments);
        command.add(Long.toString(burn.toMillis()));
        // Not a pipe: nobody else has to run for it to go on.
        Path output = Files.createTempFile(directory, "output", ".txt");
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        if (!process.waitFor(RUN_MAX.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            throw new IOException(name + " still ran after " + RUN_MAX);
        }
        String said = Files.readString(output);
        if (process.exitValue() != 0) {
            throw new IOException("status %d of %s: %s".formatted(process.exitValue(), name, said));
        }
        return Chains.parse(program.getFileName().toString(), said.lines().toList());
    }
}

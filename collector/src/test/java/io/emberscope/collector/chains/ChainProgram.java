package io.emberscope.collector.chains;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// One scenario of one program, built in one way.
///
/// @param name the build and the scenario, such as `basic-gcc-O2/vfork`
/// @param program the executable file
/// @param arguments what comes before the CPU time to burn
public record ChainProgram(String name, Path program, List<String> arguments) {
    public ChainProgram {
        arguments = List.copyOf(arguments);
    }

    /// The command that burns this much CPU time in all its threads and processes.
    public List<String> command(Duration burn) {
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        command.addAll(arguments);
        command.add(Long.toString(burn.toMillis()));
        return command;
    }

    /// The name of its binary in frames.
    public String binary() {
        return program.getFileName().toString();
    }
}

package io.emberscope.server;

import io.emberscope.base.Tools;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import java.nio.file.Path;

/// Runs compilers, and what looks into their files.
///
/// @param directory in which they run
record Toolchain(Path directory) {
    /// Runs a command, which must end well.
    void run(String... command) throws Exception {
        new Tools(directory).run(command);
    }

    /// The same; what it prints.
    String output(String... command) throws Exception {
        return new Tools(directory).output(command);
    }

    /// Where a function of a file is, by its symbols.
    long address(String name, String function) throws Exception {
        return output("nm", name)
                .lines()
                .filter(line -> line.endsWith(" T " + function))
                .mapToLong(line -> Long.parseLong(line, 0, 16, 16))
                .findFirst()
                .orElseThrow();
    }

    /// The build id of a file that is there.
    String buildId(String name) throws Exception {
        try (PathSource source = PathSource.open(directory.resolve(name))) {
            return ElfFile.open(source).buildId().orElseThrow();
        }
    }
}

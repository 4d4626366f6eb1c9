package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.symbols.SymbolFile;
import io.emberscope.symbolizer.symbols.SymbolFileWriter;
import io.emberscope.symbolizer.symbols.SymbolLimits;
import io.emberscope.symbolizer.symbols.SymbolMemory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a collector knew of a binary is known to the one that starts after it.
@Tag("side-by-side")
final class KeptSymbolsIT {
    @TempDir private Path directory;

    @Test
    void aBinaryIsNamedByTheFileThatAnEarlierCollectorMade() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        Path program = programs.solo("kept", "in_binary");
        assertThat(run(program, "in_binary")).isPositive();
        Path file = kept(program);
        assertThat(file).exists();
        // If it is believed, nobody has looked into the binary.
        renameFunction(file, "in_binary", "on_disk");
        assertThat(run(program, "on_disk")).isPositive();
        // If it is damaged, somebody has.
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThat(run(program, "in_binary")).isPositive();
    }

    @Test
    void whatAnybodyWroteIsNamedButNotKept() throws Exception {
        RunningCollector.assumeRoot();
        CPrograms programs = new CPrograms(directory);
        Path program = programs.solo("anybodys", "not_kept");
        Files.setAttribute(program, "unix:uid", 65_534);
        assertThat(run(program, "not_kept")).isPositive();
        assertThat(kept(program)).doesNotExist();
        assertThat(kept(program).resolveSibling("../once").resolve(kept(program).getFileName()))
                .exists();
    }

    /// Time that a collector has seen in a function of a program.
    private long run(Path program, String function) throws Exception {
        try (Sink sink = new Sink();
                RunningCollector collector =
                        RunningCollector.start(
                                directory.resolve("data"), sink.address(), "--frequency=997")) {
            CPrograms.finish(CPrograms.start(program, 1_000));
            collector.stop();
            String name = program.getFileName().toString();
            return sink.received().nanos(sample -> sample.isOf(name) && sample.isIn(function));
        }
    }

    private Path kept(Path program) throws Exception {
        try (ByteSource source = PathSource.open(program)) {
            String buildId = ElfFile.open(source).buildId().orElseThrow();
            return directory.resolve("data/symbols/kept/" + buildId + ".symbols");
        }
    }

    private static void renameFunction(Path path, String from, String to) throws Exception {
        try (SymbolFile file =
                        SymbolFile.open(PathSource.open(path), "kept", new SymbolMemory(1 << 20));
                SymbolFileWriter writer =
                        new SymbolFileWriter(
                                new LocalDisk(), path, file.buildId(), SymbolLimits.OF_AGENT)) {
            writer.codeAt(file.addresses());
            file.sources().forEach(writer::madeFrom);
            file.forEachFunction(
                    (name, start, end) -> {
                        byte[] text = name.replace(from, to).getBytes(StandardCharsets.UTF_8);
                        writer.symbol(start, end, text, 0, text.length);
                    });
            writer.finish();
        }
    }
}

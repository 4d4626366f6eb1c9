package io.emberscope.symbolizer.debugfiles;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.Tools;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.dwarf.DebugInfo;
import io.emberscope.symbolizer.dwarf.RecordingSink;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Section;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Debug files as `objcopy`, `dwz` and `llvm-dwp` make them, in all places; what they tell of each
/// byte of code must be what the binary told before.
class DebugFilesIT {
    private static final String PROGRAM =
            """
            struct shape { int width, height; };
            static inline int area(struct shape *of) { return of->width * of->height; }
            int twice(struct shape *of) { return area(of) + area(of); }
            int main(int argc, char **argv) {
                struct shape one = {argc, argc + 1};
                return twice(&one) + (argv[0] != 0);
            }
            """;

    @TempDir Path directory;
    private Path binary;
    private Path root;

    @BeforeEach
    void makeDirectories() throws IOException {
        directory = directory.toRealPath();
        Files.createDirectories(directory.resolve("bin"));
        binary = directory.resolve("bin/program");
        root = Files.createDirectories(directory.resolve("root"));
        Files.writeString(directory.resolve("program.c"), PROGRAM);
    }

    @Test
    void aBinaryWithDebugInformationNeedsNoOther() throws Exception {
        compile("-Wl,--build-id");
        try (PathSource source = PathSource.open(binary);
                DebugFiles files = files(source)) {
            assertThat(files.separate()).isEmpty();
            assertThat(files.refused()).isEmpty();
            assertThat(told(files.debugInfo())).isNotEmpty();
        }
    }

    @Test
    void aDebugFileIsFoundByBuildId() throws Exception {
        compile("-Wl,--build-id=0xabcdef0123");
        String before = told();
        strip(root.resolve(".build-id/ab/cdef0123.debug"), "");
        assertFound(root.resolve(".build-id/ab/cdef0123.debug"), before);
    }

    @Test
    void aDebugFileIsFoundByItsNameInEachPlace() throws Exception {
        for (String id : List.of("none", "0xabcdef0123")) {
            for (Path place :
                    List.of(
                            directory.resolve("bin/program.debug"),
                            directory.resolve("bin/.debug/program.debug"),
                            root.resolve(directory.toString().substring(1))
                                    .resolve("bin/program.debug"))) {
                compile("-Wl,--build-id=" + id);
                String before = told();
                strip(place, "program.debug");
                assertFound(place, before);
                Files.delete(place);
            }
        }
    }

    @Test
    void anotherBinarysFileIsPassedOver() throws Exception {
        Path byId = root.resolve(".build-id/ab/cdef0123.debug");
        Path byName = directory.resolve("bin/program.debug");
        compile("-Wl,--build-id=0xabcdef0124");
        strip(byId, "");
        compile("-Wl,--build-id=0xabcdef0123");
        strip(byName, "program.debug");
        Files.copy(byId, byName, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        try (PathSource source = PathSource.open(binary);
                DebugFiles files = files(source)) {
            assertThat(files.separate()).isEmpty();
            assertThat(files.refused())
                    .containsExactly(
                            byId + ": debug file: another (expected: the binary's)",
                            byName + ": debug file: another (expected: the binary's)");
        }
    }

    @Test
    void aFileWithAnotherChecksumIsPassedOver() throws Exception {
        Path byName = directory.resolve("bin/program.debug");
        compile("-Wl,--build-id=none");
        strip(byName, "program.debug");
        Files.write(byName, new byte[] {0}, java.nio.file.StandardOpenOption.APPEND);
        try (PathSource source = PathSource.open(binary);
                DebugFiles files = files(source)) {
            assertThat(files.separate()).isEmpty();
            assertThat(files.refused()).hasSize(1);
        }
    }

    @Test
    void whatCannotBeOpenedOrReadIsPassedOver() throws Exception {
        Path byId = root.resolve(".build-id/ab/cdef0123.debug");
        Path byName = directory.resolve("bin/program.debug");
        compile("-Wl,--build-id=0xabcdef0123");
        strip(byName, "program.debug");
        Files.createDirectories(byId.getParent());
        Files.writeString(byId, "no ELF file");
        List<ByteSource> opened = new ArrayList<>();
        DebugFiles.Opener opener =
                path -> {
                    if (path.startsWith(directory.resolve("bin/.debug"))) {
                        throw new IOException("not allowed");
                    }
                    ByteSource source = open(path);
                    if (source != null) {
                        opened.add(source);
                    }
                    return source;
                };
        Files.createDirectories(directory.resolve("bin/.debug"));
        Files.move(byName, root.resolve("kept"));
        try (PathSource source = PathSource.open(binary);
                DebugFiles files =
                        DebugFiles.of(
                                ElfFile.open(source),
                                binary,
                                new DebugFilePaths(List.of(root)),
                                opener)) {
            assertThat(files.separate()).isEmpty();
            assertThat(files.refused())
                    .hasSize(2)
                    .anyMatch(reason -> reason.startsWith(byId + ": file: not an ELF file "))
                    .anyMatch(reason -> reason.endsWith("program.debug: not allowed"));
        }
        assertThat(opened).hasSize(1);
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> opened.getFirst().read(0, new byte[1], 0, 1))
                .as("it is closed")
                .isInstanceOf(IOException.class);
    }

    @Test
    void whatSeveralFilesShareIsFoundToo() throws Exception {
        for (String option : List.of("", "--dwarf-5")) {
            compile("-Wl,--build-id=0xabcdef0123", "-gdwarf-5");
            String before = told();
            Path debug = root.resolve(".build-id/ab/cdef0123.debug");
            strip(debug, "");
            Files.copy(debug, root.resolve("other"));
            Path common = Files.createDirectories(root.resolve(".dwz")).resolve("common");
            List<String> dwz = new ArrayList<>(List.of("dwz", "-m", common.toString()));
            dwz.addAll(List.of("-M", "../../.dwz/common", debug.toString()));
            dwz.add(root.resolve("other").toString());
            if (!option.isEmpty()) {
                dwz.add(1, option);
            }
            run(dwz.toArray(String[]::new));
            assertThat(common).exists();
            try (PathSource source = PathSource.open(binary);
                    DebugFiles files = files(source)) {
                assertThat(files.refused()).isEmpty();
                assertThat(files.supplement().map(DebugFiles.Found::path)).contains(common);
                assertThat(told(files.debugInfo())).isEqualTo(before);
            }
            Files.delete(common);
            Files.delete(debug);
            Files.delete(root.resolve("other"));
        }
    }

    @Test
    void splitUnitsAreFoundInTheirPackage() throws Exception {
        for (boolean isStripped : List.of(false, true)) {
            run("clang", "-O2", "-gdwarf-5", "-gsplit-dwarf", "-c", "-o", "p.o", "program.c");
            run("clang", "-Wl,--build-id=0xabcdef0123", "-o", binary.toString(), "p.o");
            run("llvm-dwp-19", "-e", binary.toString(), "-o", binary + ".dwp");
            if (isStripped) {
                strip(directory.resolve("bin/program.debug"), "program.debug");
            }
            try (PathSource source = PathSource.open(binary);
                    DebugFiles files = files(source)) {
                assertThat(files.separate().isPresent()).isEqualTo(isStripped);
                assertThat(files.splitPackage().map(DebugFiles.Found::path))
                        .contains(Path.of(binary + ".dwp"));
                assertThat(told(files.debugInfo())).contains("\narea\n");
            }
        }
    }

    private void compile(String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of("gcc", "-O2", "-g"));
        command.addAll(List.of(options));
        command.addAll(List.of("-o", binary.toString(), "program.c"));
        run(command.toArray(String[]::new));
    }

    /// Moves the debug information to another file.
    private void strip(Path debug, String link) throws Exception {
        Files.createDirectories(debug.getParent());
        run("objcopy", "--only-keep-debug", binary.toString(), debug.toString());
        run("strip", binary.toString());
        if (!link.isEmpty()) {
            run("objcopy", "--add-gnu-debuglink=" + debug, binary.toString());
        }
    }

    private DebugFiles files(PathSource source) throws IOException {
        return DebugFiles.of(
                ElfFile.open(source),
                binary,
                new DebugFilePaths(List.of(root)),
                DebugFilesIT::open);
    }

    private static @Nullable ByteSource open(Path path) throws IOException {
        return Files.exists(path) ? PathSource.open(path) : null;
    }

    private void assertFound(Path at, String before) throws Exception {
        try (PathSource source = PathSource.open(binary);
                DebugFiles files = files(source)) {
            assertThat(files.separate().map(DebugFiles.Found::path)).contains(at);
            assertThat(files.refused()).isEmpty();
            assertThat(told(files.debugInfo())).isEqualTo(before);
        }
    }

    private String told() throws Exception {
        try (PathSource source = PathSource.open(binary)) {
            return told(DebugInfo.of(ElfFile.open(source)));
        }
    }

    /// All that is told of the code of the program.
    private String told(DebugInfo info) throws Exception {
        RecordingSink sink = new RecordingSink();
        DebugInfo.Told told = info.tell(sink);
        assertThat(told.firstRefusal()).isEmpty();
        assertThat(told.told()).isPositive();
        StringBuilder all = new StringBuilder();
        try (PathSource source = PathSource.open(binary)) {
            Section text = ElfFile.open(source).section(".text").orElseThrow();
            for (long at = 0; at < text.size(); at++) {
                all.append(sink.at(text.address() + at)).append('\n');
            }
        }
        assertThat(all).contains("\ntwice\n");
        return all.toString();
    }

    private void run(String... command) throws Exception {
        new Tools(directory).run(command);
    }
}

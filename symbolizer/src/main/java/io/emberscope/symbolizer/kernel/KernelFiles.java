package io.emberscope.symbolizer.kernel;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.symbolizer.elf.Notes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/// The files in which a kernel describes itself.
///
/// @param symbols all symbols, as text
/// @param modules the loaded modules, as text; need not exist
/// @param notes ELF notes of the kernel
/// @param moduleDirectories a directory for each module, with its ELF notes
public record KernelFiles(Path symbols, Path modules, Path notes, Path moduleDirectories) {
    private static final int NOTES_BYTES_MAX = 64 * 1024;
    private static final Pattern MODULE_NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    /// Those of the running kernel.
    public static KernelFiles ofThisHost() {
        return new KernelFiles(
                Path.of("/proc/kallsyms"),
                Path.of("/proc/modules"),
                Path.of("/sys/kernel/notes"),
                Path.of("/sys/module"));
    }

    /// The kernel's build id in lower-case hex; empty if it has none or does not show it.
    public Optional<String> buildId() {
        return buildId(notes);
    }

    /// A module's build id in lower-case hex; empty if it has none or does not show it.
    Optional<String> buildIdOfModule(String name) {
        if (!MODULE_NAME.matcher(name).matches()) {
            return Optional.empty(); // a name is never trusted to be part of a path
        }
        return buildId(moduleDirectories.resolve(name).resolve("notes/.note.gnu.build-id"));
    }

    private static Optional<String> buildId(Path notes) {
        try (InputStream in = Files.newInputStream(notes)) {
            byte[] bytes = in.readNBytes(NOTES_BYTES_MAX);
            return Notes.buildId(
                    ByteCursor.of(bytes).order(ByteOrder.nativeOrder()), Integer.BYTES);
        } catch (IOException e) {
            // Old kernels and locked-down containers show none; frames then go without.
            return Optional.empty();
        }
    }

    /// The modules' text, or nothing where the kernel has no modules at all.
    InputStream openModules() throws IOException {
        try {
            return Files.newInputStream(modules);
        } catch (NoSuchFileException e) {
            return InputStream.nullInputStream();
        }
    }
}

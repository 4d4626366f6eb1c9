package io.emberscope.bpf;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Loads the native library out of the jar, once.
///
/// It is copied to a directory only we can enter, loaded, and deleted again: a process that is
/// killed leaves nothing. The system property `emberscope.native.dir` names the directory to copy
/// to where `java.io.tmpdir` is mounted noexec; `emberscope.native.library` names a copy of the
/// library that is installed already, beside which libbpf may lie too.
final class NativeLibrary {
    static final String DIRECTORY_PROPERTY = "emberscope.native.dir";
    static final String LIBRARY_PROPERTY = "emberscope.native.library";

    private static final String FILE = "libemberscope-bpf.so";
    private static final ReentrantLock LOCK = new ReentrantLock();

    /// What runs programs in tasks, which Linux 7 has under another name than 6.18.
    private static final Set<String> BUILT_TWICE =
            Set.of("sampler.bpf.o", "off_cpu.bpf.o", "task_work.bpf.o");

    private static boolean loaded;
    private static @Nullable Boolean linux7;

    private NativeLibrary() {}

    /// @throws BpfException if it cannot be loaded; the message says what to do
    static void load() throws BpfException {
        LOCK.lock();
        try {
            if (!loaded) {
                String installed = System.getProperty(LIBRARY_PROPERTY);
                if (installed == null) {
                    extractAndLoad(System.getProperty(DIRECTORY_PROPERTY));
                } else {
                    link(Path.of(installed));
                }
                checkLayout();
                loaded = true;
            }
        } finally {
            LOCK.unlock();
        }
    }

    /// A BPF object file out of the jar; of those that have two builds, the one for this kernel.
    static byte[] object(String name) throws BpfException {
        return resource(BUILT_TWICE.contains(name) && isLinux7() ? "linux-7/" + name : name);
    }

    /// Whether this kernel runs programs in tasks by the newer name: found by trying it, once.
    private static boolean isLinux7() throws BpfException {
        LOCK.lock();
        try {
            if (linux7 == null) {
                load();
                byte[] object = resource("linux-7/task_work.bpf.o");
                linux7 = Natives.tryObject(object, new String[1]) == 0;
            }
            return linux7;
        } finally {
            LOCK.unlock();
        }
    }

    private static byte[] resource(String name) throws BpfException {
        try (InputStream in = NativeLibrary.class.getResourceAsStream("object/" + name)) {
            if (in == null) {
                throw new BpfException(
                        "object " + name + ": not in the jar (expected: built by bpf/Makefile)", 0);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new BpfException("object " + name + ": " + e.getMessage(), e);
        }
    }

    private static void extractAndLoad(@Nullable String parent) throws BpfException {
        String resource = "native/" + architecture() + '/' + FILE;
        var onlyUs =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        try (InputStream in = NativeLibrary.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new BpfException(
                        "native library: none for "
                                + architecture()
                                + " in the jar (expected: x86_64, or aarch64 if built there)",
                        0);
            }
            Path directory =
                    parent == null
                            ? Files.createTempDirectory("emberscope-", onlyUs)
                            : Files.createTempDirectory(Path.of(parent), "emberscope-", onlyUs);
            Path file = directory.resolve(FILE);
            try {
                Files.copy(in, file);
                link(file);
            } finally {
                Files.deleteIfExists(file);
                Files.deleteIfExists(directory);
            }
        } catch (BpfException e) {
            throw e;
        } catch (IOException e) {
            throw new BpfException(
                    "native library: cannot be copied out of the jar: "
                            + e
                            + "; name a directory that can be written with -D"
                            + DIRECTORY_PROPERTY
                            + "=DIR",
                    e);
        }
    }

    private static void link(Path file) throws BpfException {
        try {
            System.load(file.toAbsolutePath().toString());
        } catch (UnsatisfiedLinkError e) {
            throw new BpfException(explain(file, String.valueOf(e.getMessage())), e);
        }
    }

    /// Says what to do about the dynamic linker's message.
    static String explain(Path file, String message) {
        String advice;
        if (message.contains("libbpf.so")) {
            advice = "; libbpf is not installed: apt-get install libbpf1";
        } else if (message.contains("libelf.so")) {
            advice = "; libelf is not installed: apt-get install libelf1";
        } else if (message.contains("failed to map segment")
                || message.contains("Operation not permitted")) {
            advice =
                    "; "
                            + file.toAbsolutePath().getParent()
                            + " seems to be mounted noexec: name a directory that is not with -D"
                            + DIRECTORY_PROPERTY
                            + "=DIR";
        } else {
            advice = "";
        }
        return "native library: " + message + advice;
    }

    private static void checkLayout() throws BpfException {
        int[] expected = {
            Sample.HEADER_BYTES,
            Sample.KERNEL_FRAMES_MAX,
            Sample.USER_FRAMES_MAX,
            Sample.RESUMPTION_WORDS,
            Sample.BODY_BYTES,
            StackEnd.count(),
            UnwindMemory.CHUNK_WORDS,
            UnwindMemory.CHUNKS_MAX,
            UnwindMemory.TABLES_MAX,
            UnwindMemory.MAPPINGS_MAX,
            UnwindMemory.PROCESSES_MAX,
            Sample.COMM_BYTES_MAX,
            Sample.KERNEL_THREAD,
            Sample.KERNEL_STACK_TRUNCATED,
            Sample.USER_STACK_TRUNCATED,
            Sample.KERNEL_STACK_FAILED,
            Sample.USER_STACK_FAILED,
            Sample.WAIT,
            Sample.COPY_UNREAD,
            WaitState.count(),
            SamplingRules.RULES_MAX,
            SamplingRules.LEVELS_MAX,
            Sampler.KERNEL_REASONS.size(),
            WaitEnd.count(),
            CgroupSource.values().length,
            RefusedFileException.Reason.values().length
        };
        int[] found = Natives.layout();
        if (!Arrays.equals(found, expected)) {
            throw new BpfException(
                    "native library: layout "
                            + Arrays.toString(found)
                            + " (expected: "
                            + Arrays.toString(expected)
                            + "); it is of another version than the jar",
                    0);
        }
    }

    private static String architecture() {
        String name = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        return switch (name) {
            case "amd64", "x86_64" -> "x86_64";
            case "arm64", "aarch64" -> "aarch64";
            default -> name.replaceAll("[^a-z0-9_]", "");
        };
    }
}

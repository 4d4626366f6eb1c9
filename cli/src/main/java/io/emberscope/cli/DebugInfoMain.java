package io.emberscope.cli;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.cli.QueryFailure.Exit;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// `emberscope debuginfo`: sends names and lines of binaries to a server.
public final class DebugInfoMain {
    private static final int SHOWN_CHARS = 1 << 16;

    private DebugInfoMain() {}

    /// Runs once and ends the process.
    ///
    /// @param arguments see [DebugInfoOptions#HELP]
    public static void main(String[] arguments) {
        PrintStream out =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.exit(run(List.of(arguments), System.getenv(), out, System.err));
    }

    /// One run.
    ///
    /// @return the exit code
    static int run(
            List<String> arguments,
            Map<String, String> environment,
            PrintStream out,
            PrintStream err) {
        if (arguments.contains("--help") || arguments.contains("-h")) {
            out.print(DebugInfoOptions.HELP);
            return 0;
        }
        try {
            DebugInfoOptions options = DebugInfoOptions.parse(arguments, environment);
            Client client = new Client(options.server());
            return switch (options.command()) {
                case LIST -> {
                    out.print(DebugInfoList.of(client.get(DebugInfoUpload.PATH, Map.of())));
                    yield 0;
                }
                case UPLOAD -> upload(options.words(), client, out, err);
                case LOOKUP -> lookup(options.words(), out, err);
            };
        } catch (QueryFailure e) {
            err.println("emberscope debuginfo: " + e.getMessage());
            return e.exit().code();
        }
    }

    /// One file that cannot be sent does not keep the others.
    private static int upload(List<String> files, Client client, PrintStream out, PrintStream err)
            throws QueryFailure {
        int failed = 0;
        for (String file : files) {
            try {
                out.println(Texts.printable(file) + ": " + upload(file, client));
            } catch (IOException e) {
                failed(file, e, err);
                failed++;
            } catch (QueryFailure e) {
                if (e.exit() == Exit.NO_SERVER) {
                    throw e;
                }
                err.println(
                        "emberscope debuginfo: " + Texts.printable(file) + ": " + e.getMessage());
                failed++;
            }
        }
        return failed == 0 ? 0 : Exit.FAILED.code();
    }

    private static void failed(String file, IOException e, PrintStream err) {
        err.println(
                "emberscope debuginfo: "
                        + Texts.printable(file)
                        + ": "
                        + Texts.printable(reason(e)));
    }

    private static String upload(String file, Client client) throws IOException, QueryFailure {
        Path directory = Files.createTempDirectory("emberscope-debuginfo-");
        try {
            Disk disk = new LocalDisk();
            return new DebugInfoUpload(disk, client)
                    .send(LocalSymbols.make(real(file), disk, directory));
        } finally {
            delete(directory);
        }
    }

    private static int lookup(List<String> words, PrintStream out, PrintStream err) {
        String file = words.getFirst();
        try {
            Path directory = Files.createTempDirectory("emberscope-debuginfo-");
            try {
                Disk disk = new LocalDisk();
                LocalSymbols made = LocalSymbols.make(real(file), disk, directory);
                made.notes().forEach(note -> err.println("emberscope debuginfo: " + note));
                try (DebugInfoLookup lookup = new DebugInfoLookup(made, disk)) {
                    find(lookup, words.subList(1, words.size()), out);
                }
                return 0;
            } finally {
                delete(directory);
            }
        } catch (IOException e) {
            failed(file, e, err);
            return Exit.FAILED.code();
        }
    }

    private static Path real(String file) throws IOException {
        Path path = Path.of(file).toRealPath();
        if (!Files.isRegularFile(path)) {
            throw new IOException("no file (expected: a program, a library or a debug file)");
        }
        return path;
    }

    /// Addresses are those of the command line, or else a line each of standard input. What was
    /// found is shown before more is waited for.
    private static void find(DebugInfoLookup lookup, List<String> addresses, PrintStream out)
            throws IOException {
        StringBuilder found = new StringBuilder();
        for (String address : addresses) {
            lookup.find(address, found);
        }
        if (addresses.isEmpty()) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lookup.find(line, found);
                if (found.length() > SHOWN_CHARS || !in.ready()) {
                    out.print(found);
                    out.flush();
                    found.setLength(0);
                }
            }
        }
        out.print(found);
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> left = Files.list(directory)) {
            for (Path path : left.toList()) {
                Files.delete(path);
            }
        }
        Files.delete(directory);
    }

    /// Java's own exceptions for files say no more than the path.
    private static String reason(IOException e) {
        return switch (e) {
            case java.nio.file.NoSuchFileException _ -> "there is no such file";
            case java.nio.file.AccessDeniedException _ -> "may not be read";
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }
}

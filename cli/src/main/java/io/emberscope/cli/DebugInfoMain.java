package io.emberscope.cli;

import io.emberscope.base.disk.LocalDisk;
import io.emberscope.cli.QueryFailure.Exit;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// `emberscope debuginfo`: sends names and lines of binaries to a server.
public final class DebugInfoMain {
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
            if (options.isList()) {
                out.print(DebugInfoList.of(client.get(DebugInfoUpload.PATH, Map.of())));
                return 0;
            }
            return upload(options.files(), client, out, err);
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
                err.println(
                        "emberscope debuginfo: "
                                + Texts.printable(file)
                                + ": "
                                + Texts.printable(reason(e)));
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

    private static String upload(String file, Client client) throws IOException, QueryFailure {
        Path path = Path.of(file).toRealPath();
        if (!Files.isRegularFile(path)) {
            throw new IOException("no file (expected: a program, a library or a debug file)");
        }
        Path directory = Files.createTempDirectory("emberscope-debuginfo-");
        try {
            return new DebugInfoUpload(new LocalDisk(), directory, client).send(path);
        } finally {
            delete(directory);
        }
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

package io.emberscope.cli;

import io.emberscope.cli.QueryFailure.Exit;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// `emberscope query`: asks a server and shows or saves the answer.
public final class QueryMain {
    private static final int WIDTH_DEFAULT = 100;
    private static final int WIDTH_MIN = 40;
    private static final int WIDTH_UNBOUNDED = 10_000;
    private static final int STTY_MILLIS_MAX = 500;

    private QueryMain() {}

    /// Runs once and ends the process.
    ///
    /// @param arguments see [QueryOptions#HELP]
    @SuppressWarnings("SystemConsoleNull") // It is null again since JDK 25, without a terminal.
    public static void main(String[] arguments) {
        // Names are UTF-8 whatever the locale says; a terminal that is not shows other signs.
        PrintStream out =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        Console console = System.console();
        boolean terminal = console != null && console.isTerminal();
        int width = terminal ? terminalWidth(System.getenv()) : WIDTH_UNBOUNDED;
        int exit = run(List.of(arguments), System.getenv(), out, System.err, terminal, width);
        out.flush();
        System.exit(exit);
    }

    /// One run.
    ///
    /// @param terminal whether `out` is one
    /// @param width its columns
    /// @return the exit code
    static int run(
            List<String> arguments,
            Map<String, String> environment,
            PrintStream out,
            PrintStream err,
            boolean terminal,
            int width) {
        if (arguments.contains("--help") || arguments.contains("-h")) {
            out.print(QueryOptions.HELP);
            return 0;
        }
        try {
            QueryOptions options = QueryOptions.parse(arguments, environment);
            boolean shown = options.output().isEmpty();
            if (shown && terminal && options.command() == QueryOptions.Command.PPROF) {
                throw QueryFailure.usage(
                        "pprof: a file for other programs (expected: --output FILE, or a pipe)");
            }
            Colors colors = new Colors(options.color() && terminal && shown);
            Result result = new Query(options).run(colors, shown ? width : WIDTH_UNBOUNDED);
            if (!result.note().isEmpty()) {
                err.println("emberscope query: " + result.note());
            }
            if (shown) {
                out.write(result.bytes(), 0, result.bytes().length);
            } else {
                save(Path.of(options.output().get()), result.bytes());
                err.println(
                        "emberscope query: "
                                + options.output().get()
                                + ": "
                                + result.bytes().length
                                + " bytes");
            }
            return 0;
        } catch (QueryFailure e) {
            err.println("emberscope query: " + e.getMessage());
            return e.exit().code();
        }
    }

    private static void save(Path file, byte[] bytes) throws QueryFailure {
        try {
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new QueryFailure(
                    Exit.FAILED, "--output: " + file + " cannot be written: " + e.getMessage());
        }
    }

    /// The shell may say it; else the terminal does.
    private static int terminalWidth(Map<String, String> environment) {
        String columns = environment.getOrDefault("COLUMNS", "");
        if (!columns.matches("[0-9]{1,4}")) {
            columns = sttyColumns();
        }
        return columns.matches("[0-9]{1,4}")
                ? Math.max(WIDTH_MIN, Integer.parseInt(columns))
                : WIDTH_DEFAULT;
    }

    private static String sttyColumns() {
        try {
            Process stty =
                    new ProcessBuilder("stty", "size")
                            .redirectInput(ProcessBuilder.Redirect.INHERIT)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            if (!stty.waitFor(STTY_MILLIS_MAX, TimeUnit.MILLISECONDS)) {
                stty.destroyForcibly();
                return "";
            }
            String size =
                    new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return size.substring(size.indexOf(' ') + 1).strip();
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}

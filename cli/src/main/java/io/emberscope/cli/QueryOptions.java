package io.emberscope.cli;

import java.net.URI;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// What the command line asks for.
///
/// @param command which question
/// @param function whose lines are meant, or empty
/// @param server where to ask
/// @param samples which samples are meant and what their functions are called, as the server's
///   query parameters
/// @param output where to save the answer, if not shown
/// @param format how to write the answer
/// @param limit functions or binaries in a table
/// @param binary path of the binary that the function is in, or empty for any
/// @param search only functions whose name contains this
/// @param groupBy label whose values are the outermost nodes of the tree, or empty
/// @param minShare per cent of the whole below which a node of the tree is only counted
/// @param color whether colours are allowed
record QueryOptions(
        Command command,
        String function,
        URI server,
        Map<String, String> samples,
        Optional<String> output,
        Format format,
        int limit,
        String binary,
        String search,
        String groupBy,
        double minShare,
        boolean color) {
    static final String HELP =
            """
            usage: emberscope query top|flamegraph|quality|pprof [options]
                   emberscope query lines FUNCTION [options]

            Asks a running server which functions the CPUs spent their time in.

              top           a table of functions: time in each itself, and with all it called
              flamegraph    a tree of calls with each one's share
              lines         the source lines of one function, called as top shows it: time in
                            each itself, and with all it called
              quality       how much has stacks that reach their root, where and why others end;
                            which binaries have code without names
              pprof         a file for `go tool pprof` and other viewers

            Which samples:
              -s, --selector SELECTOR   such as '{service_name="mysqld",node=~"db.*"}'
                                        (default {}, everything)
              --from TIME, --to TIME    RFC 3339, epoch milliseconds, now or now-15m
                                        (default now-1h and now)
              --type TYPE               profile type (default CPU time,
                                        process_cpu:cpu:nanoseconds:cpu:nanoseconds), or its name
                                        alone, such as off_cpu, if it is the only one with it in
                                        that time
            Where to ask:
              --server URL              default http://127.0.0.1:4040, or the environment's
                                        EMBERSCOPE_SERVER
            What to show:
              -n, --limit N             top: how many functions, lines: how many lines, quality:
                                        how many binaries (default 30)
              --binary PATH             lines: of the function in this binary only
              --demangle HOW            names of C++ and Rust: simplified (no parameters and
                                        template arguments, the default), full, or none
              --search TEXT             top: only functions whose name contains TEXT
              --group-by LABEL          flamegraph: a first row with the values of this label, such
                                        as service_name
              --min-share PERCENT       flamegraph: count what is smaller instead of showing it
                                        (default 1)
              --format FORMAT           top, lines, quality: table, csv or json; flamegraph: tree,
                                        folded or json; pprof: pprof. Default: by the ending of
                                        the output's name, else the first
              -o, --output FILE         save it there instead of showing it
              --no-color                no colours; also off if NO_COLOR is set or the output is
                                        not a terminal
              --help                    this text

            Exits with 0 if there is an answer, 1 if the server has none, 2 if the command line is
            wrong and 3 if there is no server.
            """;

    private static final int LIMIT_DEFAULT = 30;
    private static final int LIMIT_MAX = 100_000;

    /// A question.
    enum Command {
        TOP,
        FLAMEGRAPH,
        LINES,
        QUALITY,
        PPROF;

        /// The forms its answer can have, the usual one first.
        List<Format> formats() {
            return switch (this) {
                case TOP, LINES, QUALITY -> List.of(Format.TABLE, Format.CSV, Format.JSON);
                case FLAMEGRAPH -> List.of(Format.TREE, Format.FOLDED, Format.JSON);
                case PPROF -> List.of(Format.PPROF);
            };
        }

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// A form that an answer is written in.
    enum Format {
        TABLE,
        CSV,
        JSON,
        TREE,
        FOLDED,
        PPROF;

        /// Whether a file's name suggests it.
        boolean isSuggestedBy(String file) {
            return switch (this) {
                case CSV -> file.endsWith(".csv");
                case JSON -> file.endsWith(".json");
                case FOLDED -> file.endsWith(".folded") || file.endsWith(".collapsed");
                case TABLE, TREE, PPROF -> false;
            };
        }

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    QueryOptions {
        samples = Map.copyOf(samples);
    }

    /// Reads the command line.
    ///
    /// @param environment for `EMBERSCOPE_SERVER` and `NO_COLOR`
    static QueryOptions parse(List<String> arguments, Map<String, String> environment)
            throws QueryFailure {
        if (arguments.isEmpty()) {
            throw QueryFailure.usage("nothing asked (expected: " + commands() + ")");
        }
        Command command =
                one(Command.values(), arguments.getFirst(), Command::text, "command", commands());
        Map<String, String> given = new LinkedHashMap<>();
        boolean noColor = !environment.getOrDefault("NO_COLOR", "").isEmpty();
        String function = "";
        int first = 1;
        if (command == Command.LINES) {
            if (arguments.size() < 2 || arguments.get(1).isEmpty()) {
                throw QueryFailure.usage("lines: of nothing (expected: the name of a function)");
            }
            function = arguments.get(1);
            first = 2;
        }
        for (int i = first; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (argument.equals("--no-color")) {
                noColor = true;
                continue;
            }
            int equals = argument.startsWith("--") ? argument.indexOf('=') : -1;
            String name = longName(equals < 0 ? argument : argument.substring(0, equals));
            String value;
            if (equals >= 0) {
                value = argument.substring(equals + 1);
            } else if (i + 1 < arguments.size()) {
                value = arguments.get(++i);
            } else {
                throw QueryFailure.usage(name + ": nothing (expected: a value after it)");
            }
            if (given.put(name, value) != null) {
                throw QueryFailure.usage(name + ": given twice (expected: once)");
            }
        }
        return of(command, function, given, !noColor, environment);
    }

    private static QueryOptions of(
            Command command,
            String function,
            Map<String, String> given,
            boolean color,
            Map<String, String> environment)
            throws QueryFailure {
        Map<String, String> samples = new LinkedHashMap<>();
        for (String name : List.of("selector", "from", "to", "type")) {
            String value = given.get("--" + name);
            if (value != null) {
                samples.put(name, value);
            }
        }
        String demangle = given.get("--demangle");
        if (demangle != null) {
            if (command == Command.QUALITY) {
                throw QueryFailure.usage("--demangle: quality names no functions");
            }
            samples.put("demangle", demangle);
        }
        Optional<String> output = Optional.ofNullable(given.get("--output"));
        return new QueryOptions(
                command,
                function,
                ServerUrl.of(given.getOrDefault("--server", ""), environment),
                samples,
                output,
                format(command, given.get("--format") == null ? "" : given.get("--format"), output),
                limit(given.getOrDefault("--limit", "" + LIMIT_DEFAULT)),
                given.getOrDefault("--binary", ""),
                given.getOrDefault("--search", ""),
                given.getOrDefault("--group-by", ""),
                share(given.getOrDefault("--min-share", "1")),
                color);
    }

    private static String longName(String name) throws QueryFailure {
        return switch (name) {
            case "-s" -> "--selector";
            case "-n" -> "--limit";
            case "-o" -> "--output";
            case "--selector",
                    "--from",
                    "--to",
                    "--type",
                    "--demangle",
                    "--server",
                    "--limit",
                    "--binary",
                    "--search",
                    "--group-by",
                    "--min-share",
                    "--format",
                    "--output" ->
                    name;
            default -> throw QueryFailure.usage(name + ": unknown option");
        };
    }

    private static Format format(Command command, String text, Optional<String> output)
            throws QueryFailure {
        if (!text.isEmpty()) {
            return one(
                    command.formats().toArray(Format[]::new),
                    text,
                    Format::text,
                    "--format",
                    command.formats().stream().map(Format::text).collect(Collectors.joining(", ")));
        }
        String file = output.orElse("").toLowerCase(Locale.ROOT);
        return command.formats().stream()
                .filter(format -> format.isSuggestedBy(file))
                .findFirst()
                .orElse(command.formats().getFirst());
    }

    private static int limit(String text) throws QueryFailure {
        if (text.matches("[0-9]{1,6}")) {
            int limit = Integer.parseInt(text);
            if (limit >= 1 && limit <= LIMIT_MAX) {
                return limit;
            }
        }
        throw QueryFailure.usage("--limit: " + text + " (expected: 1 to " + LIMIT_MAX + ")");
    }

    private static double share(String text) throws QueryFailure {
        if (text.matches("[0-9]{1,3}(\\.[0-9]{1,6})?")) {
            double share = Double.parseDouble(text);
            if (share <= 100) {
                return share;
            }
        }
        throw QueryFailure.usage("--min-share: " + text + " (expected: 0 to 100, in per cent)");
    }

    private static String commands() {
        return Arrays.stream(Command.values()).map(Command::text).collect(Collectors.joining(", "));
    }

    private interface Named<T> {
        String of(T value);
    }

    private static <T> T one(T[] values, String text, Named<T> name, String what, String expected)
            throws QueryFailure {
        for (T value : values) {
            if (name.of(value).equals(text)) {
                return value;
            }
        }
        throw QueryFailure.usage(what + ": " + text + " (expected: " + expected + ")");
    }
}

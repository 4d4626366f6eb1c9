package io.emberscope.cli;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What `emberscope debuginfo` is asked for.
///
/// @param command what to do
/// @param server where
/// @param words files to send; or a file and addresses in it
record DebugInfoOptions(Command command, URI server, List<String> words) {
    static final String HELP =
            """
            usage: emberscope debuginfo upload [options] FILE...
                   emberscope debuginfo list [options]
                   emberscope debuginfo lookup FILE [ADDRESS...]

            Gives a server the names of functions, of what was inlined into them, and their source
            lines. Profiles that are stored already are shown with them too.

              upload        each FILE is a program or a library as it was built, or its separate
                            debug file. Its debug information is looked for in it, beside it and in
                            /usr/lib/debug; what is sent is a small file with the names and lines
              list          what the server has, and what it looked for on debuginfod servers

              lookup        what a server would say of addresses (hexadecimal) of a binary of this
                            machine: functions and lines, innermost first, as llvm-symbolizer
                            prints them; without ADDRESS they are read from standard input

              --server URL  default http://127.0.0.1:4040, or the environment's EMBERSCOPE_SERVER
              --help        this text

            Exits with 0 if all is done, 1 if a file could not be sent, 2 if the command line is
            wrong and 3 if there is no server.
            """;

    /// What can be done.
    enum Command {
        UPLOAD,
        LIST,
        LOOKUP
    }

    DebugInfoOptions {
        words = List.copyOf(words);
    }

    static DebugInfoOptions parse(List<String> arguments, Map<String, String> environment)
            throws QueryFailure {
        Command command = command(arguments.isEmpty() ? "nothing" : arguments.getFirst());
        String server = "";
        List<String> words = new ArrayList<>();
        boolean isOver = false;
        for (int i = 1; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (isOver || !argument.startsWith("-")) {
                words.add(argument);
            } else if (argument.equals("--")) {
                isOver = true;
            } else if (argument.startsWith("--server=")) {
                server = argument.substring("--server=".length());
            } else if (argument.equals("--server")) {
                if (i + 1 == arguments.size()) {
                    throw QueryFailure.usage("--server: nothing (expected: a URL after it)");
                }
                server = arguments.get(++i);
            } else {
                throw QueryFailure.usage(argument + ": unknown option");
            }
        }
        if (command == Command.LIST && !words.isEmpty()) {
            throw QueryFailure.usage("list: " + words.getFirst() + " (expected: no files)");
        }
        if (command != Command.LIST && words.isEmpty()) {
            throw QueryFailure.usage(
                    command.name().toLowerCase(Locale.ROOT) + ": no file (expected: at least one)");
        }
        return new DebugInfoOptions(command, ServerUrl.of(server, environment), words);
    }

    private static Command command(String text) throws QueryFailure {
        return switch (text) {
            case "upload" -> Command.UPLOAD;
            case "list" -> Command.LIST;
            case "lookup" -> Command.LOOKUP;
            default ->
                    throw QueryFailure.usage(
                            "debuginfo: " + text + " (expected: upload, list or lookup)");
        };
    }
}

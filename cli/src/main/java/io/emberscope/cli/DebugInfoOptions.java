package io.emberscope.cli;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What `emberscope debuginfo` is asked for.
///
/// @param isList whether to list what the server has; otherwise files are sent
/// @param server where
/// @param files to send
record DebugInfoOptions(boolean isList, URI server, List<String> files) {
    static final String HELP =
            """
            usage: emberscope debuginfo upload [options] FILE...
                   emberscope debuginfo list [options]

            Gives a server the names of functions, of what was inlined into them, and their source
            lines. Profiles that are stored already are shown with them too.

              upload        each FILE is a program or a library as it was built, or its separate
                            debug file. Its debug information is looked for in it, beside it and in
                            /usr/lib/debug; what is sent is a small file with the names and lines
              list          what the server has, and what it looked for on debuginfod servers

              --server URL  default http://127.0.0.1:4040, or the environment's EMBERSCOPE_SERVER
              --help        this text

            Exits with 0 if all is done, 1 if a file could not be sent, 2 if the command line is
            wrong and 3 if there is no server.
            """;

    DebugInfoOptions {
        files = List.copyOf(files);
    }

    static DebugInfoOptions parse(List<String> arguments, Map<String, String> environment)
            throws QueryFailure {
        String command = arguments.isEmpty() ? "nothing" : arguments.getFirst();
        boolean isList = command.equals("list");
        if (!isList && !command.equals("upload")) {
            throw QueryFailure.usage("debuginfo: " + command + " (expected: upload or list)");
        }
        String server = "";
        List<String> files = new ArrayList<>();
        boolean isOver = false;
        for (int i = 1; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (isOver || !argument.startsWith("-")) {
                files.add(argument);
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
        if (isList != files.isEmpty()) {
            throw QueryFailure.usage(
                    isList
                            ? "list: " + files.getFirst() + " (expected: no files)"
                            : "upload: no file (expected: at least one)");
        }
        return new DebugInfoOptions(isList, ServerUrl.of(server, environment), files);
    }
}

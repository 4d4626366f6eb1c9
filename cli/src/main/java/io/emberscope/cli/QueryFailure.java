package io.emberscope.cli;

/// A query has no answer, and this is what to tell whoever asked: what is wrong and what to do.
final class QueryFailure extends Exception {
    private static final long serialVersionUID = 1L;

    /// How the tool exits.
    enum Exit {
        /// The server could not answer.
        FAILED(1),
        /// The command line is wrong.
        USAGE(2),
        /// There is no server at that address.
        NO_SERVER(3);

        private final int code;

        Exit(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }
    }

    private final Exit exit;

    QueryFailure(Exit exit, String message) {
        super(message, null, false, false);
        this.exit = exit;
    }

    static QueryFailure usage(String message) {
        return new QueryFailure(Exit.USAGE, message + "\nRun with --help for all options.");
    }

    Exit exit() {
        return exit;
    }
}

package io.emberscope.collector;

/// The command line cannot be used; the message says what was found and what is expected.
final class UsageException extends Exception {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}

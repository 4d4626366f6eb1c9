package io.emberscope.collector;

import java.io.PrintStream;

/// What an operator should know, one line each, on standard error. No dates: whoever keeps the
/// lines has those.
final class Log {
    private final PrintStream out;

    Log(PrintStream out) {
        this.out = out;
    }

    /// Writes one line, whatever the text holds.
    void line(String text) {
        StringBuilder line = new StringBuilder("collector: ");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            line.append(c != '\t' && Character.isISOControl(c) ? ' ' : c);
        }
        out.println(line);
    }

    /// Writes a text of several lines as it is.
    void block(String text) {
        out.println("collector: " + text);
    }
}

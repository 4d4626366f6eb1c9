package io.emberscope.cli;

/// Colours of a terminal, or none. Eight colours, so that they are the reader's own.
record Colors(boolean on) {
    private static final double HOT = 0.2;
    private static final double WARM = 0.05;

    String bold(String text) {
        return paint("1", text);
    }

    String dim(String text) {
        return paint("2", text);
    }

    /// A share of the whole: the larger, the hotter.
    String share(double share, String text) {
        if (share >= HOT) {
            return paint("1;31", text);
        }
        return share >= WARM ? paint("33", text) : text;
    }

    /// A function's name, by the kind of code it is.
    String function(String kind, String text) {
        return switch (kind) {
            case "kernel" -> paint("36", text);
            case "native", "unknown" -> text;
            default -> paint("32", text);
        };
    }

    private String paint(String code, String text) {
        return on ? "\u001b[" + code + 'm' + text + "\u001b[0m" : text;
    }
}

package io.emberscope.symbolizer.elf;

/// Makes text from strangers fit to be shown: control characters and marks that change the
/// direction of text become U+FFFD.
public final class LegibleText {
    private LegibleText() {}

    /// The text, with such characters replaced.
    public static String of(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!isLegible(text.charAt(i))) {
                return replaced(text);
            }
        }
        return text;
    }

    private static String replaced(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            out.append(isLegible(c) ? c : '\ufffd');
        }
        return out.toString();
    }

    private static boolean isLegible(char c) {
        if (c < 0x7f) {
            return c >= ' ';
        }
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            default -> true;
        };
    }
}

package io.emberscope.symbolizer.dwarf;

import io.emberscope.symbolizer.elf.SectionView;
import io.emberscope.symbolizer.symbols.CodeSink;
import java.io.IOException;

/// The numbers that a sink gave to the texts in one file's string sections, as far as remembered:
/// the same text is told many times. Used by one thread at a time.
final class Texts {
    private static final int REMEMBERED_MAX = 1 << 19;

    private final NumberMap strings = new NumberMap(REMEMBERED_MAX);
    private final NumberMap lineStrings = new NumberMap(REMEMBERED_MAX);

    /// The number of the text at a place in `.debug_str`.
    int ofStrings(SectionView section, long at, CodeSink sink) throws IOException {
        return of(strings, section, at, sink);
    }

    /// The number of the text at a place in `.debug_line_str`.
    int ofLineStrings(SectionView section, long at, CodeSink sink) throws IOException {
        return of(lineStrings, section, at, sink);
    }

    private static int of(NumberMap known, SectionView section, long at, CodeSink sink)
            throws IOException {
        section.check(at, 1);
        int text = known.get(at);
        if (text == NumberMap.NOTHING) {
            section.findText(at);
            text = sink.text(section.textBytes(), section.textOffset(), section.textLength());
            known.put(at, text);
        }
        return text;
    }
}

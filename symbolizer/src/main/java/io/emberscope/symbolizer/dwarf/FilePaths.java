package io.emberscope.symbolizer.dwarf;

import io.emberscope.symbolizer.elf.SectionView;
import io.emberscope.symbolizer.symbols.CodeSink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The paths of a line table's files: the directory a unit was compiled in, the file's directory,
/// its name, each unless the next is absolute.
final class FilePaths {
    private static final int PATH_BYTES_MAX = SectionView.TEXT_BYTES_MAX;
    private static final int NOT_TOLD = -2;

    private final LineTable table;
    private final Sections sections;
    private final @Nullable Sections supplement;
    private byte[] directory = {};
    private byte[] path = new byte[256];
    private int length;
    private int[] texts = {};
    private boolean isTold;

    // The text that was looked for last.
    private byte[] textBytes = {};
    private int textOffset;
    private int textLength;

    FilePaths(LineTable table, Sections sections, @Nullable Sections supplement) {
        this.table = table;
        this.sections = sections;
        this.supplement = supplement;
    }

    /// Begins with a unit.
    ///
    /// @param in has its first entry, for texts within
    void begin(Unit unit, Cursor in, Entry first) throws IOException {
        directory = bytes(unit, in, first.directoryForm, first.directory);
        isTold = false;
    }

    /// A text that an attribute has.
    byte[] bytes(Unit unit, Cursor in, int form, long value) throws IOException {
        if (Form.isTextIndex(form)) {
            find(Form.STRP, unit.textAt(value), in);
        } else {
            find(form, value, in);
        }
        return Arrays.copyOfRange(textBytes, textOffset, textOffset + textLength);
    }

    /// Where the unit was compiled.
    String directoryText() {
        return new String(directory, StandardCharsets.UTF_8);
    }

    private void find(int form, long place, Cursor in) throws IOException {
        textLength = 0;
        switch (form) {
            case Form.STRING -> {
                textBytes = in.bytes;
                textOffset = (int) place;
                textLength = Math.min(in.textLength((int) place), PATH_BYTES_MAX);
            }
            case Form.STRP -> find(sections.str(), place);
            case Form.LINE_STRP -> find(sections.lineStr(), place);
            case Form.STRP_SUP, Form.GNU_STRP_ALT -> {
                if (supplement != null) {
                    find(supplement.str(), place);
                }
            }
            default -> {}
        }
    }

    private void find(SectionView section, long place) throws IOException {
        section.findText(place);
        textBytes = section.textBytes();
        textOffset = section.textOffset();
        textLength = section.textLength();
    }

    /// The text of the file that has a number; [CodeSink#NONE] if none has.
    int textOfNumber(int number, CodeSink sink) throws IOException {
        int index = table.isThere() ? table.fileIndex(number) : -1;
        return index < 0 ? CodeSink.NONE : text(index, sink);
    }

    /// The text of a file of the table.
    int text(int index, CodeSink sink) throws IOException {
        if (!isTold) {
            if (texts.length < table.fileCount() || texts.length > 4 * table.fileCount() + 1024) {
                texts = new int[table.fileCount()];
            }
            Arrays.fill(texts, 0, table.fileCount(), NOT_TOLD);
            isTold = true;
        }
        int text = texts[index];
        if (text == NOT_TOLD) {
            text = join(index) ? sink.text(path, 0, length) : CodeSink.NONE;
            texts[index] = text;
        }
        return text;
    }

    /// Makes the path of a file; answers whether it has a name.
    private boolean join(int index) throws IOException {
        length = 0;
        int form = table.fileForm(index);
        if (form == 0) {
            return false;
        }
        find(form, table.filePlace(index), table.bytes());
        if (isAbsolute()) {
            append();
            return true;
        }
        int number = table.fileDirectory(index);
        int directoryIndex = table.directoryIndex(number);
        boolean isOwnDirectory = table.version() >= 5 && number == 0;
        textLength = 0;
        if (directoryIndex >= 0) {
            find(
                    table.directoryForm(directoryIndex),
                    table.directoryPlace(directoryIndex),
                    table.bytes());
        }
        if (!isOwnDirectory && !isAbsolute()) {
            append(directory, 0, directory.length);
        }
        append();
        find(form, table.filePlace(index), table.bytes());
        append();
        return true;
    }

    /// Whether a path is absolute here or on Windows.
    private boolean isAbsolute() {
        if (textLength == 0) {
            return false;
        }
        int first = textBytes[textOffset];
        if (first == '/') {
            return true;
        }
        if (textLength <= 2) {
            return false;
        }
        int second = textBytes[textOffset + 1];
        int third = textBytes[textOffset + 2];
        if (first == '\\') {
            return second == '\\';
        }
        int small = first | 0x20;
        return small >= 'a' && small <= 'z' && second == ':' && (third == '\\' || third == '/');
    }

    private void append() {
        append(textBytes, textOffset, textLength);
    }

    /// Puts a part behind what is there, with one slash between.
    private void append(byte[] part, int offset, int partLength) {
        int from = offset;
        int count = partLength;
        if (count == 0) {
            return;
        }
        int room = Math.min(PATH_BYTES_MAX, length + 1 + count);
        if (path.length < room) {
            path = Arrays.copyOf(path, Math.max(room, path.length * 2));
        }
        if (length > 0 && path[length - 1] == '/') {
            while (count > 0 && part[from] == '/') {
                from++;
                count--;
            }
        } else if (length > 0 && length < room && part[from] != '/') {
            path[length++] = '/';
        }
        count = Math.min(count, room - length);
        if (count > 0) {
            System.arraycopy(part, from, path, length, count);
            length += count;
        }
    }
}

package io.emberscope.symbolizer.jit;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the lines of one function from the record that tells them, which comes before the
/// function's own.
///
/// V8 (Node.js 20, 22 and 24; see `src/diagnostics/perf-jit.cc`) needs care. Its addresses are 64
/// bytes too high, by the ELF header that `perf inject` will put in front. And it writes the name
/// of most files from memory that it has given back: as many bytes as the name has, of which the
/// first sixteen may be anything. A record of which that is true is seen by its size, and the
/// name's file is then that of the function's own name.
///
/// Erlang/OTP's first line begins in what precedes the function, and its last has neither file nor
/// number: it says where the function ends.
final class JitDumpLines {
    private static final int ENTRIES_AT = 16;
    private static final int ENTRY_BYTES = 16; // address, line, discriminator or column
    private static final int ALIGNMENT = 8;
    private static final int LINES_MAX = 4096;
    private static final int FILES_MAX = 256;
    private static final int BEFORE_MAX = 4096;
    private static final int V8_SHIFT = 64;
    private static final String SAME_FILE = "\ufffd"; // the byte 0xff, which is no text

    /// V8's names of functions: where they are follows a space.
    private static final Pattern V8_NAME =
            Pattern.compile("(?:JS|Script|Eval|Function|LazyCompile):(.*):\\d+:\\d+");

    private final JitDumpRecord record;
    private final long start;
    private final int count;
    private final int shift;
    private final int[] offsets;
    private final int[] numbers;
    private final int[] fileNumbers;
    private final List<String> files = new ArrayList<>();
    private int kept;

    private JitDumpLines(JitDumpRecord record, int count, int shift) throws IOException {
        this.record = record;
        this.start = record.u64(0);
        this.count = count;
        this.shift = shift;
        offsets = new int[count];
        numbers = new int[count];
        fileNumbers = new int[count];
    }

    /// The lines; none if they make no sense, or are so many that the function is better known by
    /// its name alone.
    ///
    /// @param function name of the function that they are of
    static JitFunction.Lines read(JitDumpRecord record, String function) throws IOException {
        long count = record.u64(8);
        if (count <= 0 || count > LINES_MAX) {
            return JitFunction.Lines.NONE;
        }
        Matcher v8 = V8_NAME.matcher(function);
        boolean isV8 = v8.matches();
        int shift = isV8 ? V8_SHIFT : 0;
        var asWritten = new JitDumpLines(record, (int) count, shift);
        if (asWritten.readAsWritten()) {
            return asWritten.lines();
        }
        if (isV8) {
            var ofOneFile = new JitDumpLines(record, (int) count, shift);
            if (ofOneFile.readOfFileIn(v8.group(1))) {
                return ofOneFile.lines();
            }
        }
        return JitFunction.Lines.NONE;
    }

    /// @return whether every file is a text and they fill the record
    private boolean readAsWritten() throws IOException {
        long at = ENTRIES_AT;
        for (int i = 0; i < count; i++) {
            if (record.size() - at < ENTRY_BYTES + 1) {
                return false;
            }
            String file = record.text(at + ENTRY_BYTES);
            boolean isSame = record.textBytes() == 1 && file.equals(SAME_FILE);
            boolean isEnd = file.isEmpty() && record.u32(at + Long.BYTES) == 0;
            if (!isSame && !isEnd && (!record.isTextLegible() || file.isEmpty())) {
                return false;
            }
            boolean isKnown = !isSame || !files.isEmpty();
            if (isKnown && !keep(at, isSame ? files.getLast() : file)) {
                return true; // enough is known
            }
            at += ENTRY_BYTES + record.textBytes() + 1L;
        }
        return record.size() - at < ALIGNMENT;
    }

    /// For a record whose files are all of one length, that of the text's end behind a space.
    ///
    /// @return whether there is exactly one such end
    private boolean readOfFileIn(String place) throws IOException {
        int found = -1;
        for (int padding = 0; padding < ALIGNMENT; padding++) {
            long all = record.size() - ENTRIES_AT - padding;
            long length = all / count - ENTRY_BYTES - 1;
            long before = place.length() - length - 1;
            boolean isWhole = all % count == 0 && length > 0;
            if (isWhole && before >= 0 && place.charAt((int) before) == ' ') {
                if (found >= 0) {
                    return false;
                }
                found = (int) before + 1;
            }
        }
        if (found < 0) {
            return false;
        }
        String file = place.substring(found);
        for (int i = 0; i < count; i++) {
            keep(ENTRIES_AT + (long) i * (ENTRY_BYTES + file.length() + 1), file);
        }
        return true;
    }

    /// Takes an entry. They come in order; what does not is left out, so that they can be searched.
    /// The first may begin before the function does.
    ///
    /// @return whether there is room for more
    private boolean keep(long at, String file) throws IOException {
        if (files.isEmpty() || !files.getLast().equals(file)) {
            if (files.size() == FILES_MAX) {
                return false;
            }
            files.add(file);
        }
        long place = record.u64(at) - start - shift;
        long into = kept == 0 && place > -BEFORE_MAX ? Math.max(0, place) : place;
        int line = (int) record.u32(at + Long.BYTES);
        int before = kept == 0 ? 0 : offsets[kept - 1];
        if (into >= before && into <= Integer.MAX_VALUE && line >= 0) {
            offsets[kept] = (int) into;
            numbers[kept] = line;
            fileNumbers[kept] = files.size() - 1;
            kept++;
        }
        return true;
    }

    private JitFunction.Lines lines() {
        return new JitFunction.Lines(
                Arrays.copyOf(offsets, kept),
                Arrays.copyOf(numbers, kept),
                Arrays.copyOf(fileNumbers, kept),
                List.copyOf(files));
    }
}

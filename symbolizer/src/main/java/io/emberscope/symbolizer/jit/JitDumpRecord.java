package io.emberscope.symbolizer.jit;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.LegibleText;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// What is in a record of a jitdump file behind its header. Reads nothing beyond its end.
final class JitDumpRecord {
    private static final int TEXT_BYTES_MAX = 1024;

    private final SectionView view;
    private final long start;
    private final long size;
    private int textBytes;
    private boolean isTextLegible;

    JitDumpRecord(SectionView view, long start, long size) {
        this.view = view;
        this.start = start;
        this.size = size;
    }

    long size() {
        return size;
    }

    long u32(long at) throws IOException {
        return number(at, Integer.BYTES);
    }

    long u64(long at) throws IOException {
        return number(at, Long.BYTES);
    }

    private long number(long at, int width) throws IOException {
        check(at, width);
        return view.unsigned(start + at, width);
    }

    private void check(long at, long length) throws MalformedInputException {
        if (at < 0 || length > size || at > size - length) {
            throw new MalformedInputException(
                    "jitdump: "
                            + length
                            + " bytes at "
                            + at
                            + " of a record (expected: within its "
                            + size
                            + ")");
        }
    }

    /// A text that ends with a zero byte, fit to be shown.
    String text(long at) throws IOException {
        check(at, 1);
        view.findText(start + at);
        textBytes = view.textLength();
        check(at, textBytes + 1L);
        int length = Math.min(textBytes, TEXT_BYTES_MAX);
        String text =
                new String(view.textBytes(), view.textOffset(), length, StandardCharsets.UTF_8);
        String legible = LegibleText.of(text);
        isTextLegible = legible.indexOf('\ufffd') < 0;
        return legible + (length < textBytes ? "…" : "");
    }

    /// Bytes of the text that was read last, as it is in the record.
    int textBytes() {
        return textBytes;
    }

    /// Whether that was text at all.
    boolean isTextLegible() {
        return isTextLegible;
    }
}

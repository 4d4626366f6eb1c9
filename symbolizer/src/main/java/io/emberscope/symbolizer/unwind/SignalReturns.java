package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.util.Arrays;

/// Code that a signal's handler returns to and that no other source describes, such as musl's
/// `__restore_rt`: known by its bytes, which ask the kernel for `rt_sigreturn`.
final class SignalReturns implements FrameSource {
    /// A signal's handler returns to the first byte of the code that ends it, and callers are
    /// looked up one byte before where they go on.
    static final int LEAD = 1;

    /// Code searched at most: what no source describes is little, but for stripped programs.
    private static final long SEARCHED_BYTES_MAX = 64L << 20;

    /// A program has one, and one more for each library that brings its own.
    private static final int FOUND_MAX = 16;

    private static final int PIECE_BYTES = 64 * 1024;

    private static final byte[][] CODES = {
        {(byte) 0xb8, 15, 0, 0, 0, 0x0f, 5}, // mov $15, %eax; syscall
        {0x48, (byte) 0xc7, (byte) 0xc0, 15, 0, 0, 0, 0x0f, 5}, // mov $15, %rax; syscall
    };

    /// How both end.
    private static final int SYSCALL_BYTES = 2;

    private static final int CODE_BYTES_MAX = 9;

    private final ElfFile file;
    private final ByteSource code;
    private int count;

    SignalReturns(ElfFile file) {
        this.file = file;
        this.code = file.source();
    }

    /// Searches the code that is in no function yet.
    @Override
    public void index(FunctionIndex functions) throws IOException {
        long[] gaps = functions.gaps();
        byte[] piece = new byte[PIECE_BYTES];
        long searched = 0;
        for (int i = 0; i < gaps.length; i += 2) {
            long at = gaps[i];
            while (gaps[i + 1] - at > SYSCALL_BYTES && searched < SEARCHED_BYTES_MAX) {
                int length = (int) Math.min(PIECE_BYTES, gaps[i + 1] - at);
                code.fill(at, piece, length, "code");
                search(piece, length, at, gaps[i], functions);
                searched += length;
                // The code may lie across the end of the piece.
                at += length < PIECE_BYTES ? length : length - (CODE_BYTES_MAX - 1);
            }
        }
        functions.giveBack(gaps);
    }

    private void search(byte[] piece, int length, long at, long gap, FunctionIndex functions)
            throws IOException {
        for (int end = CODES[0].length; end <= length; end++) {
            if (piece[end - 1] == 5 && piece[end - 2] == 0x0f) {
                int bytes = bytesBefore(piece, end);
                if (bytes > 0 && count < FOUND_MAX) {
                    count++;
                    add(at + end - bytes, bytes, gap, functions);
                }
            }
        }
    }

    /// How long the code is that ends there; 0 if it is none.
    private static int bytesBefore(byte[] piece, int end) {
        for (byte[] wanted : CODES) {
            if (end >= wanted.length
                    && Arrays.equals(piece, end - wanted.length, end, wanted, 0, wanted.length)) {
                return wanted.length;
            }
        }
        return 0;
    }

    private void add(long offset, int bytes, long gap, FunctionIndex functions) throws IOException {
        if (offset == gap) {
            functions.giveUpLastByteBefore(offset);
        }
        long address = file.addresses().of(offset) - LEAD;
        functions.add(address, LEAD + bytes, address);
    }

    @Override
    public void rows(long position, Rules rules, RowSink sink) throws IOException {
        sink.row(position, rules.signalFrame());
    }
}

package io.emberscope.symbolizer.unwind;

import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.Segment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The functions of a binary that some source describes, in the order of their places in the file.
/// What is not code of the file is left out; of functions that overlap, the one that begins first
/// is kept, and of those that begin at one place the first that was told of.
final class FunctionIndex {
    /// Offsets of code have 32 bits; there is no program with code beyond.
    private static final long OFFSET_MAX = 0xffff_ffffL;

    /// Functions mostly begin at multiples of this.
    private static final int GAP_BYTES_MIN = 16;

    private static final int FUNCTIONS_MIN = 256;

    private final List<Segment> code = new ArrayList<>();
    private final List<FrameSource> sources = new ArrayList<>();
    private final BuildMemory memory;

    /// The offset in the file in the high half, the number of the function in the low.
    private long[] keys = {};

    private long[] positions = {};
    private int[] lengths = {};
    private byte[] sourceNumbers = {};
    private int count;

    FunctionIndex(ElfFile file, BuildMemory memory) {
        this.memory = memory;
        for (Segment segment : file.segments()) {
            if (segment.isCode() && segment.fileSize() > 0) {
                code.add(segment);
            }
        }
    }

    /// Functions told of that are code of the file.
    int size() {
        return count;
    }

    /// Takes all functions of a source.
    void addAll(FrameSource source) throws IOException {
        sources.add(source);
        source.index(this);
    }

    /// Tells of a function of the source at hand.
    ///
    /// @param position where the source can find it again
    void add(long address, long length, long position) throws TableTooLargeException {
        Segment segment = segmentOf(address);
        if (segment == null || length <= 0) {
            return;
        }
        long into = address - segment.address();
        long offset = segment.offset() + into;
        long clipped = Math.min(length, segment.fileSize() - into);
        if (offset < 0 || offset > OFFSET_MAX - clipped) {
            return;
        }
        if (count == keys.length) {
            int larger = Math.max(FUNCTIONS_MIN, count + (count >> 1));
            keys = memory.resized(keys, larger);
            positions = memory.resized(positions, larger);
            lengths = memory.resized(lengths, larger);
            sourceNumbers = memory.resized(sourceNumbers, larger);
        }
        keys[count] = (offset << Integer.SIZE) | count;
        positions[count] = position;
        lengths[count] = (int) clipped;
        sourceNumbers[count] = (byte) (sources.size() - 1);
        count++;
    }

    private @Nullable Segment segmentOf(long address) {
        for (Segment segment : code) {
            if (Long.compareUnsigned(address - segment.address(), segment.fileSize()) < 0) {
                return segment;
            }
        }
        return null;
    }

    /// Code that is in no function told of before [#sort]: pairs of offsets in the file, in order,
    /// of where it begins and ends. What is shorter than what linkers fill up with is left out. To
    /// be given back with [#giveBack].
    long[] gaps() throws TableTooLargeException {
        code.sort(Comparator.comparingLong(Segment::offset));
        long[] gaps = memory.resized(NO_GAPS, gaps(NO_GAPS));
        gaps(gaps);
        return gaps;
    }

    /// Gives the memory of gaps back.
    void giveBack(long[] gaps) {
        memory.give((long) gaps.length * Long.BYTES);
    }

    private static final long[] NO_GAPS = {};

    /// How many longs the gaps take, which are written as far as there is room.
    private int gaps(long[] gaps) {
        int found = 0;
        int rank = 0;
        long end = 0; // everything before is in a function, or was looked at
        for (Segment segment : code) {
            long segmentEnd = Math.min(segment.offset() + segment.fileSize(), OFFSET_MAX);
            end = Math.max(end, segment.offset());
            while (end < segmentEnd) {
                long next = rank < count ? Math.min(offset(rank), segmentEnd) : segmentEnd;
                if (next - end >= GAP_BYTES_MIN) {
                    if (found < gaps.length) {
                        gaps[found] = end;
                        gaps[found + 1] = next;
                    }
                    found += 2;
                }
                end = Math.max(end, next);
                if (rank < count && offset(rank) < segmentEnd) {
                    end = Math.max(end, offset(rank) + length(rank));
                    rank++;
                }
            }
        }
        return found;
    }

    /// Lets a function that ends at an offset end one byte earlier.
    void giveUpLastByteBefore(long offset) {
        for (int number = 0; number < count; number++) {
            long start = keys[number] >>> Integer.SIZE;
            int of = (int) keys[number];
            if (start + (lengths[of] & OFFSET_MAX) == offset && (lengths[of] & OFFSET_MAX) > 1) {
                lengths[of]--;
            }
        }
    }

    /// Sorts what was told so far.
    void sort() throws TableTooLargeException {
        // Offsets have 32 bits and would be negative from 2^31 on: sort by them without their sign.
        for (int i = 0; i < count; i++) {
            keys[i] ^= Long.MIN_VALUE;
        }
        memory.sort(keys, count);
        for (int i = 0; i < count; i++) {
            keys[i] ^= Long.MIN_VALUE;
        }
    }

    long offset(int rank) {
        return keys[rank] >>> Integer.SIZE;
    }

    long length(int rank) {
        return lengths[(int) keys[rank]] & OFFSET_MAX;
    }

    long position(int rank) {
        return positions[(int) keys[rank]];
    }

    FrameSource source(int rank) {
        return sources.get(sourceNumbers[(int) keys[rank]]);
    }
}

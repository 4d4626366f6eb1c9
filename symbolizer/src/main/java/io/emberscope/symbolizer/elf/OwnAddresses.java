package io.emberscope.symbolizer.elf;

import java.util.List;

/// Where the code of a file is in the file's own numbering: ELF virtual addresses, which debug
/// information goes by. A few words, so that it can be kept when the file is closed.
public final class OwnAddresses {
    /// Segments kept; linkers make one or two with code.
    static final int SEGMENTS_MAX = 8;

    private static final OwnAddresses NONE = new OwnAddresses(List.of());

    private final long[] offsets;
    private final long[] sizes;
    private final long[] addresses;

    private OwnAddresses(List<Segment> segments) {
        int count = segments.size();
        offsets = new long[count];
        sizes = new long[count];
        addresses = new long[count];
        for (int i = 0; i < count; i++) {
            offsets[i] = segments.get(i).offset();
            sizes[i] = segments.get(i).fileSize();
            addresses[i] = segments.get(i).address();
        }
    }

    /// Of no file: none is known.
    public static OwnAddresses none() {
        return NONE;
    }

    /// Those of a file's executable segments.
    public static OwnAddresses of(ElfFile file) {
        return new OwnAddresses(
                file.segments().stream().filter(Segment::isCode).limit(SEGMENTS_MAX).toList());
    }

    /// The address of the byte at `fileOffset`; [ElfFile#NOWHERE] if it is in no executable
    /// segment.
    public long of(long fileOffset) {
        for (int i = 0; i < offsets.length; i++) {
            if (Long.compareUnsigned(fileOffset - offsets[i], sizes[i]) < 0) {
                return fileOffset - offsets[i] + addresses[i];
            }
        }
        return ElfFile.NOWHERE;
    }
}

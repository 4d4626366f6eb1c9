package io.emberscope.symbolizer.elf;

import java.util.List;
import java.util.function.Predicate;

/// Where the code of a file is in the file's own numbering: ELF virtual addresses, which symbols
/// and debug information go by. A few words, so that it can be kept when the file is closed.
///
/// @param segments those with code, in the file's order
public record OwnAddresses(List<Range> segments) {
    /// Segments kept; linkers make one or two with code.
    public static final int SEGMENTS_MAX = 8;

    private static final OwnAddresses NONE = new OwnAddresses(List.of());

    public OwnAddresses {
        if (segments.size() > SEGMENTS_MAX) {
            throw new IllegalArgumentException(
                    "segments: " + segments.size() + " (expected: at most " + SEGMENTS_MAX + ")");
        }
        segments = List.copyOf(segments);
    }

    /// A segment. All numbers are unsigned, and as the file says.
    ///
    /// @param offset where it begins in the file
    /// @param size bytes it has there
    /// @param address where it begins in the file's numbering
    public record Range(long offset, long size, long address) {}

    /// Of no file: none is known.
    public static OwnAddresses none() {
        return NONE;
    }

    /// Those of a file's executable segments. A separate debug file, whose code has no bytes, has
    /// none.
    static OwnAddresses of(List<Segment> segments, List<Section> sections) {
        boolean isElsewhere =
                sections.stream().anyMatch(Section::isExecutable)
                        && sections.stream().noneMatch(Section::isCode);
        Predicate<Segment> isHere = segment -> segment.isCode() && !isElsewhere;
        return new OwnAddresses(
                segments.stream()
                        .filter(isHere)
                        .limit(SEGMENTS_MAX)
                        .map(at -> new Range(at.offset(), at.fileSize(), at.address()))
                        .toList());
    }

    /// The address of the byte at `fileOffset`; [ElfFile#NOWHERE] if it is in no executable
    /// segment.
    public long of(long fileOffset) {
        for (Range segment : segments) {
            if (Long.compareUnsigned(fileOffset - segment.offset, segment.size) < 0) {
                return fileOffset - segment.offset + segment.address;
            }
        }
        return ElfFile.NOWHERE;
    }
}

package io.emberscope.profile;

import java.util.List;

/// One place in code. A frame of a binary is known by (build id, file offset); its lines, the
/// innermost inlined function first, are what is known of its name so far and may be empty. A frame
/// without a build id is known by its lines.
///
/// @param kind what kind of code it is
/// @param buildId GNU build id of the binary in lower-case hex, or empty
/// @param binary file name or path of the binary, `[kernel]`, `[vdso]`, or empty
/// @param offset file offset of the instruction; for the kernel its distance from `_text`; an
///   address if there is no build id
/// @param address of the instruction as the binary itself numbers it (ELF virtual address), which
///   is what debug information goes by; [#NO_ADDRESS] if whoever sent the frame could not tell
/// @param lines inlined functions from the innermost out; the last one is the function itself
public record Frame(
        FrameKind kind,
        String buildId,
        String binary,
        long offset,
        long address,
        List<Line> lines) {
    /// The address is not known.
    public static final long NO_ADDRESS = -1;

    public Frame {
        lines = List.copyOf(lines);
    }

    /// A frame whose address in the binary's own numbering is not known.
    public Frame(FrameKind kind, String buildId, String binary, long offset, List<Line> lines) {
        this(kind, buildId, binary, offset, NO_ADDRESS, lines);
    }

    /// Whether the address is known.
    public boolean hasAddress() {
        return address != NO_ADDRESS;
    }

    /// The address to tell it by: of the binary's own numbering if that is known, or else the
    /// offset.
    public long ownAddress() {
        return hasAddress() ? address : offset;
    }

    /// Whether another frame of the same place knows more: names where this has none, or the
    /// address.
    public boolean learnsFrom(Frame other) {
        return (lines.isEmpty() && !other.lines.isEmpty()) || (!hasAddress() && other.hasAddress());
    }

    /// This frame with what another one of the same place knows more.
    public Frame with(Frame other) {
        return learnsFrom(other)
                ? new Frame(
                        kind,
                        buildId,
                        binary,
                        offset,
                        hasAddress() ? address : other.address,
                        lines.isEmpty() ? other.lines : lines)
                : this;
    }

    /// The content id; see [ContentHash]. Names do not count where there is a build id, so a frame
    /// keeps its id when its name becomes known.
    public long id(ContentHash hash) {
        hash.add(kind.text()).add(buildId);
        if (!buildId.isEmpty()) {
            return hash.add(offset).finish();
        }
        hash.add(binary);
        if (lines.isEmpty()) {
            return hash.add(offset).finish();
        }
        for (Line line : lines) {
            hash.add(line.function()).add(line.systemName()).add(line.file()).add(line.line());
        }
        return hash.finish();
    }
}

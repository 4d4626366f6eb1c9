package io.emberscope.profile;

import java.util.List;
import java.util.Optional;

/// The mark at the outer end of a stack that was not followed to its root: a frame that is no code,
/// but says that callers are missing, and why. It goes wherever stacks go, over the wire and into
/// stored segments, as a frame of unknown kind and without a binary whose only name is
/// `[truncated]`, or `[truncated: reason]`; no code has such a frame.
///
/// This is the one definition of what counts as cut: a stack is whole if it has frames and the
/// outermost one is no mark. Senders that do not mark the stacks they cut have whole stacks only.
public final class CutMark {
    private static final String PLAIN = "[truncated]";
    private static final String BEGIN = "[truncated: ";
    private static final String END = "]";

    private CutMark() {}

    /// The mark of a stack that was cut for a reason.
    ///
    /// @param reason in a few words, such as the texts of [CutReason]; that of [CutReason#TOO_DEEP]
    ///   has the short mark
    public static Frame frame(String reason) {
        return new Frame(FrameKind.UNKNOWN, "", "", 0, List.of(Line.named(name(reason))));
    }

    /// The name of that mark.
    public static String name(String reason) {
        return reason.equals(CutReason.TOO_DEEP.text()) ? PLAIN : BEGIN + reason + END;
    }

    /// The reason that a frame gives if it is a mark.
    public static Optional<String> reason(Frame frame) {
        if (frame.kind() != FrameKind.UNKNOWN
                || !frame.binary().isEmpty()
                || !frame.buildId().isEmpty()
                || frame.lines().size() != 1) {
            return Optional.empty();
        }
        String name = frame.lines().getFirst().function();
        if (name.equals(PLAIN)) {
            return Optional.of(CutReason.TOO_DEEP.text());
        }
        return name.startsWith(BEGIN) && name.endsWith(END)
                ? Optional.of(name.substring(BEGIN.length(), name.length() - END.length()))
                : Optional.empty();
    }
}

package io.emberscope.profile;

import io.emberscope.base.bytes.MalformedInputException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names one batch of one run of one agent, so that a batch that is sent again is stored once.
///
/// On the wire it is the value of the HTTP header [#HEADER]: `agent/epoch/sequence`.
///
/// @param agent the agent's own stable id
/// @param epoch one run of the agent; a later run has a higher one
/// @param sequence place in that run, from 1
public record BatchId(String agent, long epoch, long sequence) {
    /// The HTTP header that carries it.
    public static final String HEADER = "emberscope-batch-id";

    private static final Pattern FORM =
            Pattern.compile("([A-Za-z0-9_.-]{1,64})/([0-9]{1,18})/([0-9]{1,18})");

    /// Reads `agent/epoch/sequence`.
    public static BatchId parse(String text) throws MalformedInputException {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new MalformedInputException(HEADER + ": malformed (expected: " + FORM + ")");
        }
        return new BatchId(
                matcher.group(1),
                Long.parseLong(matcher.group(2)),
                Long.parseLong(matcher.group(3)));
    }

    /// The form for the header.
    @Override
    public String toString() {
        return agent + '/' + epoch + '/' + sequence;
    }
}

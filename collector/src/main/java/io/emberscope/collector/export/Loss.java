package io.emberscope.collector.export;

/// Why samples that the kernel had delivered did not reach a server. Each lost sample has one.
public enum Loss {
    /// Finished windows came faster than they could be named and encoded.
    BACKLOG("backlog"),
    /// The window could not be turned into a batch; a mistake of ours.
    ENCODING("encoding"),
    /// The server was away for so long that the spool had no room left.
    SPOOL_FULL("spool_full"),
    /// The disk under the spool failed, and memory for batches was full too.
    SPOOL_FAILED("spool_failed"),
    /// A spooled batch was damaged on disk.
    SPOOL_DAMAGED("spool_damaged"),
    /// The server refused the batch for good.
    REJECTED("rejected");

    private final String text;

    Loss(String text) {
        this.text = text;
    }

    /// The value of the label `reason`.
    public String text() {
        return text;
    }
}

package io.emberscope.storage.segment;

import java.io.IOException;

/// A merge was told to stop. Nothing of it is left, and what it was made from is as before.
public final class MergeStoppedException extends IOException {
    private static final long serialVersionUID = 1L;

    public MergeStoppedException() {
        super("merge: stopped");
    }
}

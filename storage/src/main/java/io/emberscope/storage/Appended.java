package io.emberscope.storage;

/// What became of a batch. Either way it is kept, and whoever sent it may forget it.
public enum Appended {
    /// It is stored now.
    STORED,
    /// It was stored before, by the same [io.emberscope.profile.BatchId].
    DUPLICATE
}

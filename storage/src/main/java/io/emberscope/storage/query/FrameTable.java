package io.emberscope.storage.query;

import io.emberscope.profile.Frame;

/// Frames by their numbers in a table.
public interface FrameTable {
    /// The id of a frame.
    long id(int number);

    /// A frame.
    Frame frame(int number);
}

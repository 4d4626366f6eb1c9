package io.emberscope.profile.tree;

import io.emberscope.profile.FrameKind;

/// A function as people see it. Frames with the same name, binary and kind are one function,
/// whatever instruction or line they stand on; a place without a name is a function of its own.
///
/// @param name name to show, never empty
/// @param binary file name or path of the binary, or empty
/// @param kind what kind of code it is
/// @param buildId build id, or empty if it is not known or not the same in all frames
public record Function(String name, String binary, FrameKind kind, String buildId) {}

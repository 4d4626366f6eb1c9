package io.emberscope.profile;

/// One stream of profiles: a type and the labels that tell it from others.
public record Series(ProfileType type, Labels labels) {
    /// The content id; see [ContentHash].
    public long id(ContentHash hash) {
        return labels.addTo(hash.add(type.id())).finish();
    }
}

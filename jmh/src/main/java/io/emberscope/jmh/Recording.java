package io.emberscope.jmh;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.otlp.OtlpDecoder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/// One batch of ten seconds of a machine that compiled Java. `resources/recorded/README.md` says
/// how it was made and how to make another.
final class Recording {
    private static final String NAME = "/recorded/batch.otlp.gz";

    private Recording() {}

    /// The request's body, as it is after decompression.
    static byte[] otlp() {
        try (InputStream file = Recording.class.getResourceAsStream(NAME)) {
            if (file == null) {
                throw new IllegalStateException(NAME + ": missing");
            }
            return new GZIPInputStream(file).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What it holds.
    static ProfileBatch batch() {
        try {
            return OtlpDecoder.decode(otlp(), IngestLimits.DEFAULT);
        } catch (MalformedInputException e) {
            throw new IllegalStateException(NAME, e);
        }
    }

    /// The same samples as if they had been taken later.
    static ProfileBatch later(ProfileBatch batch, long nanos) {
        List<Profile> profiles = new ArrayList<>(batch.profiles().size());
        for (Profile profile : batch.profiles()) {
            profiles.add(
                    new Profile(
                            profile.series(),
                            profile.startNanos() + nanos,
                            profile.durationNanos(),
                            profile.period(),
                            profile.stacks(),
                            profile.values()));
        }
        return new ProfileBatch(batch.frames(), batch.stacks(), profiles);
    }
}

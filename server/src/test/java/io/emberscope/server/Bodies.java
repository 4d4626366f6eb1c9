package io.emberscope.server;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.Series;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/// Request bodies, honest and other.
final class Bodies {
    private static final byte[] ZEROS = new byte[1 << 20];

    private Bodies() {}

    static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        }
        return out.toByteArray();
    }

    static byte[] zstd(byte[] plain) {
        return Zstd.compress(plain);
    }

    /// A small body that inflates to so many MiB of zeros.
    static byte[] gzipBomb(int mebibytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            zeros(gzip, mebibytes);
        }
        return out.toByteArray();
    }

    /// A tiny body that inflates to so many MiB of zeros and does not say so.
    static byte[] zstdBomb(int mebibytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZstdOutputStreamNoFinalizer zstd = new ZstdOutputStreamNoFinalizer(out)) {
            zeros(zstd, mebibytes);
        }
        return out.toByteArray();
    }

    /// A frame that asks for a window of 2 GiB before it says anything.
    static byte[] zstdWindowBomb() {
        return new byte[] {
            0x28,
            (byte) 0xb5,
            0x2f,
            (byte) 0xfd, // magic number
            0x00, // no declared size, no checksum, not a single segment
            (byte) (21 << 3), // window descriptor: 2^(10 + 21)
            0x01,
            0x00,
            0x00 // one empty last block
        };
    }

    /// A profile of one place in a binary, which has no name.
    static ProfileBatch ofBinary(String buildId, long address) {
        Series series = new Series(ProfileType.CPU, Labels.of("service_name", "other"));
        return new ProfileBatch(
                List.of(new Frame(FrameKind.NATIVE, buildId, "other", 1, address, List.of())),
                List.of(new int[] {0}),
                List.of(
                        new Profile(
                                series,
                                Profiles.START_NANOS,
                                Profiles.WINDOW_NANOS,
                                10_000_000,
                                new int[] {0},
                                new long[] {1})));
    }

    private static void zeros(OutputStream out, int mebibytes) throws IOException {
        for (int i = 0; i < mebibytes; i++) {
            out.write(ZEROS);
        }
    }
}

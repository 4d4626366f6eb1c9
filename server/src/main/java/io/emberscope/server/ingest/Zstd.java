package io.emberscope.server.ingest;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.edge.Refusal;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/// Reads zstd frames (RFC 8878) with a bound on the window that a frame may ask for, which is
/// memory outside the heap.
final class Zstd {
    private Zstd() {}

    static void decode(byte[] wire, int bytesMax, BoundedOutput out)
            throws IOException, OverCapacityException, Refusal {
        long declared = com.github.luben.zstd.Zstd.getFrameContentSize(wire, 0, wire.length, false);
        if (declared > bytesMax) {
            throw BoundedOutput.tooLarge(bytesMax);
        }
        try (ZstdInputStreamNoFinalizer in =
                new ZstdInputStreamNoFinalizer(new ByteArrayInputStream(wire))) {
            in.setLongMax(Limits.ZSTD_WINDOW_LOG_MAX);
            while (out.readOnce(in::read) >= 0) {
                // readOnce counts and refuses.
            }
        } catch (ZstdIOException e) {
            throw new MalformedInputException(
                    "body: damaged zstd: " + e.getMessage() + " (expected: whole and undamaged)",
                    e);
        }
    }
}

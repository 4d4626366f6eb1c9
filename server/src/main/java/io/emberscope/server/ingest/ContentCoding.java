package io.emberscope.server.ingest;

import io.emberscope.base.OverCapacityException;
import io.emberscope.server.edge.ByteBudget;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.edge.Refusal;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/// How a body is compressed, as the header Content-Encoding says. One coding at most: a body that
/// is compressed twice has no honest use.
enum ContentCoding {
    IDENTITY,
    GZIP,
    ZSTD;

    private static final int SHOWN_MAX = 40;

    /// The coding that the values of the header name.
    static ContentCoding of(List<String> headers) throws Refusal {
        String text = String.join(",", headers).trim();
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "", "identity" -> IDENTITY;
            case "gzip", "x-gzip" -> GZIP;
            case "zstd" -> ZSTD;
            default ->
                    throw Refusal.unsupported(
                            "content-encoding: "
                                    + (text.length() > SHOWN_MAX
                                            ? text.substring(0, SHOWN_MAX) + "..."
                                            : text)
                                    + " (expected: gzip, zstd or identity, once)");
        };
    }

    /// The bytes that the body stands for.
    ///
    /// @param bytesMax how many there may be
    /// @param memory where they are accounted for, together with room for the objects that decoding
    ///   them will make
    byte[] decode(byte[] wire, int bytesMax, ByteBudget.Reservation memory)
            throws IOException, OverCapacityException, Refusal {
        if (this == IDENTITY) {
            memory.add((long) Limits.INGEST_OBJECTS_PER_BYTE * wire.length);
            return wire;
        }
        BoundedOutput out = new BoundedOutput(bytesMax, memory);
        if (this == GZIP) {
            Gzip.decode(wire, out);
        } else {
            Zstd.decode(wire, bytesMax, out);
        }
        memory.add(Limits.INGEST_OBJECTS_PER_BYTE * out.size());
        return out.finish();
    }
}

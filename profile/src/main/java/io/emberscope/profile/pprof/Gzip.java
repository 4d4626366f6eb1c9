package io.emberscope.profile.pprof;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.protobuf.Refusal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.zip.GZIPInputStream;

/// Takes gzip away, up to a limit.
final class Gzip {
    private static final int CHUNK_BYTES = 1 << 16;

    private Gzip() {}

    /// The content of a gzip file, or the bytes themselves if they are none.
    ///
    /// @throws MalformedInputException if the file is damaged or its content larger than the limit;
    ///   then no more than the limit has been inflated
    static byte[] inflated(byte[] bytes, int bytesMax) throws MalformedInputException {
        if (bytes.length < 2 || (bytes[0] & 0xff) != 0x1f || (bytes[1] & 0xff) != 0x8b) {
            Refusal.over(bytes.length, bytesMax, "file: bytes");
            return bytes;
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            byte[] chunk = new byte[CHUNK_BYTES];
            for (int read = gzip.read(chunk); read >= 0; read = gzip.read(chunk)) {
                if (read > bytesMax - content.size()) {
                    throw Refusal.of(
                            "gzip: bytes inflated", "more than " + bytesMax, "at most that");
                }
                content.write(chunk, 0, read);
            }
        } catch (MalformedInputException e) {
            throw e;
        } catch (IOException e) {
            throw new MalformedInputException(
                    "gzip: " + e.getMessage() + " (expected: whole and undamaged)", e);
        }
        return content.toByteArray();
    }
}

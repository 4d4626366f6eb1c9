package io.emberscope.symbolizer.dwarf;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.io.InputStream;

/// zstd's format, by its own library, which whoever uses this puts on the class path; the agent has
/// none. That library is native code, so it reads strangers' files only in a process that may end.
public final class Zstandard implements Decompressor {
    @Override
    public void decompress(ByteSource source, long offset, long length, String name, Output output)
            throws IOException {
        byte[] piece = new byte[64 * 1024];
        try (InputStream in =
                new ZstdInputStreamNoFinalizer(new Range(source, offset, offset + length))) {
            for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
                output.write(piece, 0, count);
            }
        } catch (ZstdIOException e) {
            throw new MalformedInputException(
                    name + ": " + e.getMessage() + " (expected: zstd's format)", e);
        }
    }

    private static final class Range extends InputStream {
        private final ByteSource source;
        private long at;
        private final long end;

        Range(ByteSource source, long at, long end) {
            this.source = source;
            this.at = at;
            this.end = end;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int wanted = (int) Math.min(length, end - at);
            int count = wanted == 0 ? -1 : source.read(at, target, offset, wanted);
            at += Math.max(0, count);
            return count;
        }
    }
}

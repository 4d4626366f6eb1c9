package io.emberscope.storage.segment;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.bytes.HeapByteBufferAllocator;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/// Zstandard for Parquet pages, without Hadoop, which Parquet's own factory needs. One factory
/// serves one reader or writer in one thread.
final class ZstdCodecs implements CompressionCodecFactory {
    static final int LEVEL = 3;

    private final List<AutoCloseable> contexts = new ArrayList<>();

    @Override
    public BytesInputCompressor getCompressor(CompressionCodecName codecName) {
        return new Compressor();
    }

    @Override
    public BytesInputDecompressor getDecompressor(CompressionCodecName codecName) {
        if (codecName != CompressionCodecName.ZSTD) {
            throw new IllegalArgumentException("codec: " + codecName + " (expected: ZSTD)");
        }
        Decompressor decompressor = new Decompressor();
        contexts.add(decompressor.context);
        return decompressor;
    }

    @Override
    public void release() {
        for (AutoCloseable context : contexts) {
            try {
                context.close();
            } catch (Exception e) {
                throw new IllegalStateException("zstd contexts close without an exception", e);
            }
        }
        contexts.clear();
    }

    static byte[] toArray(BytesInput bytes) {
        ByteBuffer buffer = bytes.toByteBuffer(new HeapByteBufferAllocator(), _ -> {});
        byte[] array = new byte[buffer.remaining()];
        buffer.get(array);
        return array;
    }

    static final class Compressor implements BytesInputCompressor {
        private final ZstdCompressCtx context = new ZstdCompressCtx().setLevel(LEVEL);

        @Override
        public BytesInput compress(BytesInput bytes) throws IOException {
            return BytesInput.from(context.compress(toArray(bytes)));
        }

        @Override
        public CompressionCodecName getCodecName() {
            return CompressionCodecName.ZSTD;
        }

        @Override
        public void release() {
            context.close();
        }
    }

    private static final class Decompressor implements BytesInputDecompressor {
        private final ZstdDecompressCtx context = new ZstdDecompressCtx();

        @Override
        public BytesInput decompress(BytesInput bytes, int decompressedSize) throws IOException {
            byte[] target = new byte[decompressedSize];
            byte[] source = toArray(bytes);
            decompress(source, 0, source.length, target, 0, decompressedSize);
            return BytesInput.from(target);
        }

        @Override
        public void decompress(
                ByteBuffer input, int compressedSize, ByteBuffer output, int decompressedSize)
                throws IOException {
            decompress(
                    input.array(),
                    input.arrayOffset() + input.position(),
                    compressedSize,
                    output.array(),
                    output.arrayOffset() + output.position(),
                    decompressedSize);
            input.position(input.position() + compressedSize);
            output.position(output.position() + decompressedSize);
        }

        private void decompress(
                byte[] source, int from, int length, byte[] target, int to, int expected)
                throws IOException {
            try {
                int actual =
                        context.decompressByteArray(target, to, expected, source, from, length);
                if (actual != expected) {
                    throw new IOException(
                            "page: " + actual + " bytes (expected: " + expected + ")");
                }
            } catch (ZstdException e) {
                throw new IOException("page: damaged zstd (expected: whole)", e);
            }
        }

        @Override
        public void release() {
            // The factory closes the context.
        }
    }
}

package org.apache.parquet;

import java.util.Map;
import org.apache.parquet.bytes.HeapByteBufferAllocator;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.filter2.compat.FilterCompat;
import org.apache.parquet.format.converter.ParquetMetadataConverter;

/// Makes [ParquetReadOptions] without Hadoop's classes. The public builder loads them through its
/// default codec factory, while the constructor, which only this package may call, does not.
public final class HadoopFreeReadOptions {
    private static final int ALLOCATION_BYTES_MAX = 8 << 20;

    private HadoopFreeReadOptions() {}

    /// Options that verify page checksums and filter nothing.
    ///
    /// @param codecs belongs to the one reader that is opened with the options, which releases it
    // The library is not annotated: absent decryption and callback are null by its contract.
    @SuppressWarnings("NullAway")
    public static ParquetReadOptions with(CompressionCodecFactory codecs) {
        return new ParquetReadOptions(
                false,
                false,
                false,
                false,
                false,
                true,
                false,
                false,
                false,
                FilterCompat.NOOP,
                ParquetMetadataConverter.NO_FILTER,
                codecs,
                new HeapByteBufferAllocator(),
                ALLOCATION_BYTES_MAX,
                Map.of(),
                null,
                null,
                new PlainParquetConfiguration());
    }
}

package io.emberscope.storage.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.bytes.HeapByteBufferAllocator;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV2;
import org.apache.parquet.column.page.DictionaryPage;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.column.values.ValuesWriter;
import org.apache.parquet.column.values.delta.DeltaBinaryPackingValuesWriterForLong;
import org.apache.parquet.column.values.dictionary.DictionaryValuesWriter.PlainLongDictionaryValuesWriter;
import org.apache.parquet.column.values.plain.PlainValuesWriter;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Pages that Parquet's own writers made.
class LongPagesTest {
    private static final int BYTES_MAX = 1 << 20;

    private final Random random = new Random(5);

    /// The ways in which values are written.
    enum Way {
        PLAIN {
            @Override
            ValuesWriter writer() {
                return new PlainValuesWriter(1024, BYTES_MAX, new HeapByteBufferAllocator());
            }
        },
        DIFFERENCES {
            @Override
            ValuesWriter writer() {
                return new DeltaBinaryPackingValuesWriterForLong(
                        1024, BYTES_MAX, new HeapByteBufferAllocator());
            }
        },
        DICTIONARY {
            @Override
            ValuesWriter writer() {
                return new PlainLongDictionaryValuesWriter(
                        BYTES_MAX,
                        Encoding.RLE_DICTIONARY,
                        Encoding.PLAIN,
                        new HeapByteBufferAllocator());
            }
        };

        abstract ValuesWriter writer();
    }

    @ParameterizedTest
    @EnumSource
    void valuesAreThoseThatWereWritten(Way way) throws IOException {
        for (int round = 0; round < 300; round++) {
            long[] values = values(random.nextInt(3_000), random.nextInt(65), random.nextInt(5));
            for (boolean wantsPlaces : new boolean[] {false, true}) {
                LongPages pages = new LongPages(pages(way, values, 700), wantsPlaces);
                assertThat(read(pages, values.length)).isEqualTo(values);
            }
        }
    }

    @Test
    void pagesBeforeARowArePassed() throws IOException {
        long[] values = values(2_000, 20, 2);
        LongPages pages = new LongPages(pages(Way.DIFFERENCES, values, 300), false);
        assertThat(pages.seek(950)).isEqualTo(250);
        assertThat(pages.values()[pages.index(950)]).isEqualTo(values[950]);
        assertThat(pages.seek(1_900)).isEqualTo(100);
        assertThat(pages.values()[pages.index(1_999)]).isEqualTo(values[1_999]);
        assertThatThrownBy(() -> pages.seek(950)).hasMessage("row 950: not read");
        assertThatThrownBy(() -> pages.seek(2_000)).hasMessage("row 2000: no page");
    }

    @Test
    void aDictionaryThatBecameTooLargeIsFollowedByOtherPages() throws IOException {
        long[] first = values(500, 3, 0);
        long[] second = values(500, 60, 0);
        Pages both = pages(Way.DICTIONARY, first, 200);
        both.pages.addAll(pages(Way.PLAIN, second, 200).pages);
        LongPages pages = new LongPages(both, true);
        long[] all = Arrays.copyOf(first, 1_000);
        System.arraycopy(second, 0, all, 500, 500);
        assertThat(read(pages, 1_000)).isEqualTo(all);
    }

    @ParameterizedTest
    @EnumSource
    void damagedPagesAreRefusedOrReadAsSomethingElse(Way way) throws IOException {
        int refused = 0;
        for (int round = 0; round < 3_000; round++) {
            long[] values = values(1 + random.nextInt(400), random.nextInt(65), random.nextInt(5));
            Pages pages = pages(way, values, 400);
            DataPageV2 page = (DataPageV2) pages.pages.remove();
            byte[] bytes = ZstdCodecs.toArray(page.getData());
            if (random.nextBoolean()) {
                bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            } else {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                bytes[random.nextInt(Math.min(8, bytes.length))] ^= (byte) random.nextInt();
            }
            pages.pages.add(page(bytes, values.length, page.getDataEncoding()));
            try {
                assertThat(read(new LongPages(pages, false), values.length)).hasSameSizeAs(values);
            } catch (RuntimeException expected) {
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    /// Reads in pieces of any length.
    private long[] read(LongPages pages, int count) throws IOException {
        long[] read = new long[count];
        int row = 0;
        while (row < count) {
            int piece = Math.min(1 + random.nextInt(100), Math.min(pages.seek(row), count - row));
            for (int i = 0; i < piece; i++) {
                int at = pages.index(row + i);
                read[row + i] =
                        pages.hasPlaces()
                                ? pages.dictionary()[pages.places()[at]]
                                : pages.values()[at];
            }
            row += piece;
        }
        return read;
    }

    /// Numbers of so many bits, in runs of up to `run`.
    private long[] values(int count, int bits, int run) {
        long[] values = new long[count];
        int i = 0;
        while (i < count) {
            long value = bits == 0 ? 0 : random.nextLong() >> (Long.SIZE - bits);
            int end = Math.min(count, i + 1 + random.nextInt(1 + run * run * run));
            Arrays.fill(values, i, end, value);
            i = end;
        }
        return values;
    }

    private static Pages pages(Way way, long[] values, int perPage) throws IOException {
        ValuesWriter writer = way.writer();
        Deque<DataPage> pages = new ArrayDeque<>();
        for (int from = 0; from < values.length; from += perPage) {
            int to = Math.min(values.length, from + perPage);
            for (int i = from; i < to; i++) {
                writer.writeLong(values[i]);
            }
            byte[] bytes = ZstdCodecs.toArray(writer.getBytes());
            pages.add(page(bytes, to - from, writer.getEncoding()));
            writer.reset();
        }
        DictionaryPage dictionary = writer.toDictPageAndClose();
        return new Pages(dictionary == null ? null : dictionary.copy(), pages);
    }

    private static DataPageV2 page(byte[] bytes, int values, Encoding encoding) {
        return DataPageV2.uncompressed(
                values,
                0,
                values,
                BytesInput.empty(),
                BytesInput.empty(),
                encoding,
                BytesInput.from(bytes),
                Statistics.getBuilderForReading(
                                Types.required(PrimitiveTypeName.INT64).named("value"))
                        .build());
    }

    private static final class Pages implements PageReader {
        private final DictionaryPage dictionary;
        private final Deque<DataPage> pages;

        Pages(DictionaryPage dictionary, Deque<DataPage> pages) {
            this.dictionary = dictionary;
            this.pages = pages;
        }

        @Override
        public DictionaryPage readDictionaryPage() {
            return dictionary;
        }

        @Override
        public long getTotalValueCount() {
            return pages.stream().mapToLong(DataPage::getValueCount).sum();
        }

        @Override
        public DataPage readPage() {
            return pages.poll();
        }
    }
}

package io.emberscope.server.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.server.edge.ByteBudget;
import io.emberscope.server.edge.Limits;
import io.emberscope.server.edge.Refusal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentCodingTest {
    private static final int MAX = 3 << 20;

    private final ByteBudget budget = new ByteBudget("memory", 1L << 30);

    private byte[] decode(ContentCoding coding, byte[] wire) throws Exception {
        try (ByteBudget.Reservation memory = budget.open()) {
            return coding.decode(wire, MAX, memory);
        }
    }

    private static byte[] encode(ContentCoding coding, byte[] plain) throws IOException {
        return switch (coding) {
            case IDENTITY -> plain;
            case ZSTD -> Zstd.compress(plain);
            case GZIP -> {
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
                    gzip.write(plain);
                }
                yield out.toByteArray();
            }
        };
    }

    private static byte[] join(byte[] one, byte[] two) {
        byte[] both = Arrays.copyOf(one, one.length + two.length);
        System.arraycopy(two, 0, both, one.length, two.length);
        return both;
    }

    @ParameterizedTest
    @EnumSource
    void everySizeComesBackWhole(ContentCoding coding) throws Exception {
        Random random = new Random(1);
        for (int size : new int[] {1, 100, 16_384, 16_385, 100_000, MAX - 1, MAX}) {
            byte[] plain = new byte[size];
            random.nextBytes(plain);
            assertThat(decode(coding, encode(coding, plain))).isEqualTo(plain);
            assertThat(budget.used()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void oneByteTooManyIsRefused(ContentCoding coding) throws Exception {
        byte[] wire = encode(coding, new byte[MAX + 1]);
        assertThatThrownBy(() -> decode(coding, wire))
                .isInstanceOf(Refusal.class)
                .hasMessage(
                        "body: too long once decompressed (expected: at most " + MAX + " bytes)");
        assertThat(budget.used()).isZero();
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void partsThatWereCompressedApartAreOneBody(ContentCoding coding) throws Exception {
        byte[] one = encode(coding, new byte[] {1, 2, 3});
        byte[] two = encode(coding, new byte[] {4});
        assertThat(decode(coding, join(one, two))).containsExactly(1, 2, 3, 4);
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void everyTruncationIsRefused(ContentCoding coding) throws Exception {
        byte[] plain = new byte[500];
        new Random(2).nextBytes(plain);
        byte[] wire = encode(coding, plain);
        for (int length = 1; length < wire.length; length++) {
            byte[] cut = Arrays.copyOf(wire, length);
            assertThatThrownBy(() -> decode(coding, cut))
                    .as("%d of %d bytes", length, wire.length)
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessageMatching("body: .* \\(expected: .*\\)");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GZIP", "ZSTD"})
    void noDamageIsWorseThanARefusal(ContentCoding coding) throws Exception {
        byte[] wire =
                encode(
                        coding,
                        "profile ".repeat(100).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        Random random = new Random(3);
        for (int i = 0; i < 5_000; i++) {
            byte[] damaged = wire.clone();
            for (int j = random.nextInt(1, 4); j > 0; j--) {
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                assertThat(decode(coding, damaged).length).isLessThanOrEqualTo(MAX);
            } catch (MalformedInputException | Refusal refused) {
                assertThat(refused.getMessage()).startsWith("body: ");
            }
            assertThat(budget.used()).isZero();
        }
    }

    @Test
    void memoryThatIsNotThereIsRefused() throws Exception {
        byte[] wire = encode(ContentCoding.GZIP, new byte[MAX]);
        try (ByteBudget.Reservation memory = new ByteBudget("memory", MAX / 2).open()) {
            assertThatThrownBy(() -> ContentCoding.GZIP.decode(wire, MAX, memory))
                    .isInstanceOf(OverCapacityException.class);
        }
    }

    @Test
    void theObjectsOfAPlainBodyAreAccountedFor() throws Exception {
        try (ByteBudget.Reservation memory = budget.open()) {
            ContentCoding.IDENTITY.decode(new byte[1000], MAX, memory);
            assertThat(budget.used()).isEqualTo(1000L * Limits.INGEST_OBJECTS_PER_BYTE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "identity", "Identity"})
    void noCodingIsPlain(String header) throws Exception {
        assertThat(ContentCoding.of(List.of(header))).isEqualTo(ContentCoding.IDENTITY);
        assertThat(ContentCoding.of(List.of())).isEqualTo(ContentCoding.IDENTITY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"gzip, gzip", "gzip,zstd", "br", "deflate", "identity, gzip", "gzip;q=1"})
    void otherCodingsAreRefused(String header) {
        assertThatThrownBy(() -> ContentCoding.of(List.of(header)))
                .isInstanceOf(Refusal.class)
                .hasMessage(
                        "content-encoding: "
                                + header
                                + " (expected: gzip, zstd or identity, once)");
        assertThatThrownBy(() -> ContentCoding.of(List.of("gzip", "gzip")))
                .isInstanceOf(Refusal.class);
    }
}

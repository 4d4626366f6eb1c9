package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SampleTest {
    private static final byte[] COMM = "sixteen bytes ok".getBytes(StandardCharsets.UTF_8);

    /// A record as the program writes it, field by field of `struct sample_header`.
    private static long[] record(int kernelFrames, int userFrames, int flags, byte[] comm) {
        return record(kernelFrames, userFrames, 0, flags, comm);
    }

    /// @param resumption words of what is needed to take the walk up again
    private static long[] record(
            int kernelFrames, int userFrames, int resumption, int flags, byte[] comm) {
        ByteBuffer out =
                ByteBuffer.allocate(
                                Sample.HEADER_BYTES + 8 * (kernelFrames + userFrames + resumption))
                        .order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(123_456_789_012L).putLong(0x1234_5678_9abcL).putLong(10_309_278L);
        out.putInt(4_000_000).putInt(4_000_001).putInt(127).putInt(flags);
        out.putShort((short) kernelFrames).putShort((short) userFrames);
        out.putShort((short) resumption).put((byte) StackEnd.NO_RULE.code());
        out.position(48).put(comm).position(64).putLong(0xfeed_0000_0000_0001L);
        out.putInt(4096).putInt(0);
        for (int i = 0; i < kernelFrames; i++) {
            out.putLong(0xffff_ffff_8000_0000L + i);
        }
        for (int i = 0; i < userFrames; i++) {
            out.putLong(0x5555_0000_0000L + i);
        }
        long[] words = new long[out.capacity() / 8];
        out.clear().order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(words);
        return words;
    }

    private static Sample sample(long[] words) {
        Sample sample = new Sample(words);
        assertThat(sample.at(words, 0, words.length)).isTrue();
        return sample;
    }

    @Test
    void everyFieldIsWhereTheProgramPutIt() {
        Sample sample = sample(record(2, 3, 0, COMM));
        assertThat(sample.timeNanos()).isEqualTo(123_456_789_012L);
        assertThat(sample.cgroupId()).isEqualTo(0x1234_5678_9abcL);
        assertThat(sample.weightNanos()).isEqualTo(10_309_278L);
        assertThat(sample.pid()).isEqualTo(4_000_000);
        assertThat(sample.tid()).isEqualTo(4_000_001);
        assertThat(sample.cpu()).isEqualTo(127);
        assertThat(sample.comm()).isEqualTo("sixteen bytes ok");
        assertThat(sample.kernelFrameCount()).isEqualTo(2);
        assertThat(sample.kernelFrame(1)).isEqualTo(0xffff_ffff_8000_0001L);
        assertThat(sample.userEnd()).isEqualTo(StackEnd.NO_RULE);
        assertThat(sample.space()).isEqualTo(0xfeed_0000_0000_0001L);
        assertThat(sample.mappingsPlace()).isEqualTo(4096);
        assertThat(sample.resumptionWords()).isZero();
        assertThat(sample.userFrameCount()).isEqualTo(3);
        assertThat(sample.userFrame(0)).isEqualTo(0x5555_0000_0000L);
        assertThat(sample.userFrame(2)).isEqualTo(0x5555_0000_0002L);
        long[] frames = new long[Sample.KERNEL_FRAMES_MAX];
        assertThat(sample.copyUserFrames(frames)).isEqualTo(3);
        assertThat(frames).startsWith(0x5555_0000_0000L, 0x5555_0000_0001L, 0x5555_0000_0002L, 0);
    }

    @Test
    void eachFlagIsOneQuestion() {
        for (int flag = 1; flag <= Sample.USER_STACK_FAILED; flag <<= 1) {
            Sample sample = sample(record(0, 0, flag, COMM));
            assertThat(sample.isKernelThread()).isEqualTo(flag == Sample.KERNEL_THREAD);
            assertThat(sample.isKernelStackTruncated())
                    .isEqualTo(flag == Sample.KERNEL_STACK_TRUNCATED);
            assertThat(sample.isUserStackTruncated())
                    .isEqualTo(flag == Sample.USER_STACK_TRUNCATED);
            assertThat(sample.isKernelStackFailed()).isEqualTo(flag == Sample.KERNEL_STACK_FAILED);
            assertThat(sample.isUserStackFailed()).isEqualTo(flag == Sample.USER_STACK_FAILED);
        }
    }

    @Test
    void aNameIsAnyBytesUpToZero() {
        assertThat(sample(record(0, 0, 0, "sh".getBytes(StandardCharsets.UTF_8))).comm())
                .isEqualTo("sh");
        assertThat(sample(record(0, 0, 0, new byte[0])).comm()).isEmpty();
        byte[] name = {(byte) 0xff, 'a', '\n', 0, 'x'};
        Sample odd = sample(record(0, 0, 0, name));
        assertThat(odd.comm()).isEqualTo("\ufffda\n");
        byte[] copy = new byte[Sample.COMM_BYTES_MAX];
        assertThat(odd.copyComm(copy)).isEqualTo(3);
        assertThat(copy).startsWith(0xff, 'a', '\n', 0);
        assertThat(odd.commHead()).isEqualTo(0x78_00_0a_61_ffL);
        assertThat(odd.commTail()).isZero();
    }

    @Test
    void framesOutsideTheStackAreRefused() {
        Sample sample = sample(record(1, 1, 0, COMM));
        assertThatThrownBy(() -> sample.userFrame(1))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessage("frame: 1 (expected: 0..0)");
        assertThatThrownBy(() -> sample.kernelFrame(-1))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aRecordOfAnotherLayoutIsRefused() {
        long[] words = record(2, 3, 0, COMM);
        assertThat(new Sample(words).at(words, 0, words.length - 1)).isFalse();
        assertThat(new Sample(words).at(words, 0, 3)).isFalse();
        long[] tooMany = record(Sample.KERNEL_FRAMES_MAX + 1, 0, 0, COMM);
        assertThat(new Sample(tooMany).at(tooMany, 0, tooMany.length)).isFalse();
        long[] full = record(Sample.KERNEL_FRAMES_MAX, Sample.USER_FRAMES_MAX, 0, COMM);
        assertThat(new Sample(full).at(full, 0, full.length)).isTrue();
        long[] noResumption = record(1, 1, Sample.RESUMPTION_WORDS - 1, 0, COMM);
        assertThat(new Sample(noResumption).at(noResumption, 0, noResumption.length)).isFalse();
        long[] noEnd = record(1, 1, 0, COMM);
        noEnd[5] |= 0xffL << 48;
        assertThat(new Sample(noEnd).at(noEnd, 0, noEnd.length)).isFalse();
    }

    @Test
    void aFrameSaysWhetherItIsAReturnAddress() {
        long[] words = record(0, 3, Sample.RESUMPTION_WORDS, 0, COMM);
        words[Sample.HEADER_WORDS + 1] |= 1L << 63;
        Sample sample = sample(words);
        long[] frames = new long[3];
        sample.copyUserFrames(frames);
        assertThat(sample.userFrame(1)).isEqualTo(0x5555_0000_0001L);
        assertThat(Sample.address(frames[1])).isEqualTo(0x5555_0000_0001L);
        assertThat(Sample.isExact(frames[1])).isTrue();
        assertThat(Sample.isExact(frames[2])).isFalse();
        assertThat(sample.resumptionWords()).isEqualTo(Sample.RESUMPTION_WORDS);
    }

    @Test
    void aCopyThatIsCutDoesNotEndWhereTheStackDid() {
        int whole = Sample.RESUMPTION_WORDS + 100;
        Sample sample = sample(record(1, 3, whole, Sample.COPY_UNREAD, COMM));
        long[] target = new long[2 + whole];
        sample.copyResumption(target, 2, whole);
        assertThat(target[2 + 17] >>> 48).isEqualTo(1);
        Arrays.fill(target, -1);
        sample.copyResumption(target, 2, whole - 1);
        assertThat(target[2 + 17] >>> 48).isZero();
        assertThat(target[2 + whole - 1]).isEqualTo(-1);
        Sample noted = sample(record(1, 3, whole, 0, COMM));
        noted.copyResumption(target, 2, whole);
        assertThat(target[2 + 17] >>> 48).isZero();
        sample(record(1, 3, 0, Sample.COPY_UNREAD, COMM)).copyResumption(new long[0], 0, 0);
    }

    @Test
    void aDeepStackMayLeaveRoomUnused() {
        long[] used = record(1, 3, 4_000, 0, COMM);
        long[] words = Arrays.copyOf(used, Sample.WORDS_MAX);
        Sample sample = sample(words);
        assertThat(sample.resumptionWords()).isEqualTo(4_000);
        assertThat(sample.userFrame(2)).isEqualTo(0x5555_0000_0002L);
        assertThat(sample.at(words, 0, used.length + 1)).isFalse();
        assertThat(sample.at(words, 0, used.length)).isTrue();
    }

    @Test
    void randomRecordsThatAreAcceptedCanBeReadWhole() {
        long[] frames = new long[Sample.USER_FRAMES_MAX];
        for (long seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            long[] words = new long[1 + random.nextInt(Sample.WORDS_MAX)];
            for (int i = 0; i < words.length; i++) {
                words[i] = random.nextLong();
            }
            if (words.length > 5 && random.nextBoolean()) {
                words[5] = random.nextInt(200) | (long) random.nextInt(1200) << 16;
            }
            Sample sample = new Sample(words);
            if (sample.at(words, 0, words.length)) {
                assertThat(sample.copyKernelFrames(frames) + sample.copyUserFrames(frames))
                        .as("seed %d", seed)
                        .isEqualTo(words.length - Sample.HEADER_WORDS - sample.resumptionWords());
                assertThat(sample.comm()).hasSizeLessThanOrEqualTo(Sample.COMM_BYTES_MAX);
            }
        }
    }
}

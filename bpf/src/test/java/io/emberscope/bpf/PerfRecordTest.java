package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PerfRecordTest {
    private final List<Object> told = new ArrayList<>();
    private final SideBandHandler handler =
            new SideBandHandler() {
                @Override
                public void mmap(Mapping mapping) {
                    told.add(mapping);
                }

                @Override
                public void comm(long time, int pid, int tid, byte[] comm, boolean exec) {
                    told.add(
                            time
                                    + " comm "
                                    + pid
                                    + "/"
                                    + tid
                                    + " "
                                    + new String(comm, StandardCharsets.UTF_8)
                                    + (exec ? " exec" : ""));
                }

                @Override
                public void fork(long time, int pid, int parent, int tid, int parentTid) {
                    told.add(time + " fork " + pid + " of " + parent);
                }

                @Override
                public void exit(long time, int pid, int parent, int tid, int parentTid) {
                    told.add(time + " exit " + pid);
                }

                @Override
                public void cgroup(long time, long id, byte[] path) {
                    told.add(time + " cgroup " + id);
                }

                @Override
                public void lost(long time, long count) {
                    told.add(time + " lost " + count);
                }
            };

    private static byte[] record(int type, int misc, byte[] body) {
        ByteBuffer out =
                ByteBuffer.allocate(
                                PerfRecord.HEADER_BYTES + body.length + PerfRecord.TRAILER_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(type).putShort((short) misc).putShort((short) out.capacity()).put(body);
        out.putInt(7).putInt(8).putLong(1_234).putInt(0).putInt(0);
        return out.array();
    }

    private static ByteBuffer body(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void aNameEndsAtItsFirstZero() throws Exception {
        byte[] body =
                body(24).putInt(7)
                        .putInt(8)
                        .put("abc\0de\0\0".getBytes(StandardCharsets.UTF_8))
                        .array();
        byte[] record = record(3, 1 << 13, body);
        PerfRecord.deliver(record, 0, record.length, handler);
        assertThat(told).containsExactly("1234 comm 7/8 abc exec");
    }

    @Test
    void aBuildIdLongerThanTwentyBytesIsRefused() {
        byte[] body =
                body(72).putInt(7)
                        .putInt(7)
                        .putLong(1)
                        .putLong(2)
                        .putLong(3)
                        .put((byte) 21)
                        .array();
        byte[] record = record(10, 1 << 14, body);
        assertThatThrownBy(() -> PerfRecord.deliver(record, 0, record.length, handler))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage("mmap.build_id_size: 21 (expected: at most 20)");
    }

    @Test
    void lossesAreToldAndReturned() throws Exception {
        byte[] record = record(2, 0, body(16).putLong(1).putLong(55).array());
        assertThat(PerfRecord.deliver(record, 0, record.length, handler)).isEqualTo(55);
        assertThat(told).containsExactly("1234 lost 55");
    }

    @Test
    void randomBytesAreWalkedToTheirEndWithoutLeavingThem() {
        for (long seed = 0; seed < 50_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            if (bytes.length > 8) {
                bytes[0] = (byte) random.nextInt(21);
                bytes[1] = bytes[2] = bytes[3] = bytes[7] = 0;
            }
            int at = 0;
            while (at < bytes.length) {
                int size = PerfRecord.size(bytes, at, bytes.length);
                assertThat(size).as("seed %d", seed).isBetween(1, bytes.length - at);
                try {
                    PerfRecord.deliver(bytes, at, size, handler);
                } catch (MalformedInputException expected) {
                    assertThat(expected).hasMessageContaining("(expected: ");
                }
                at += size;
            }
            told.clear();
        }
    }
}

package io.emberscope.profile.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.protobuf.WireWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Small input, small work: requests as large as they may be, in the shapes that cost most. Time is
/// that of the CPU, and memory all that was ever allocated, so neither depends on what else the
/// machine does; what is held at once is less.
class OtlpBoundsTest {
    private static final IngestLimits LIMITS = IngestLimits.DEFAULT;
    private static final int REQUEST_BYTES = LIMITS.get(Limit.REQUEST_BYTES);
    private static final int ENTRIES = LIMITS.get(Limit.TABLE_ENTRIES);
    private static final long TIME = OtlpMessages.TIME;

    // A machine that is slow, cold code included; a warm decoder needs a fraction.
    private static final long CPU_NANOS_MAX = 5_000_000_000L;
    private static final long ALLOCATED_BYTES_MAX = 256L << 20;

    private final WireWriter dictionary = new WireWriter();
    private final WireWriter profiles = new WireWriter();
    private final List<String> strings = new ArrayList<>(List.of("", "cpu", "nanoseconds"));

    @Test
    void manyDeepStacks() throws Exception {
        int depth = 1_000;
        int samples = 16_000;
        locations(100);
        dictionary.emptyMessage(7);
        for (int stack = 0; stack < samples; stack++) {
            int[] indices = new int[depth];
            for (int i = 0; i < depth; i++) {
                // Each stack is a number written in locations, so all differ.
                indices[i] = 1 + (i < 3 ? (int) (stack / Math.pow(100, i)) % 100 : i % 100);
            }
            int message = dictionary.begin(7);
            dictionary.packed(1, indices);
            dictionary.end(message);
        }
        int profile = beginProfile();
        for (int stack = 1; stack <= samples; stack++) {
            sample(stack, 1);
        }
        profiles.end(profile);
        ProfileBatch batch = decodeWithinBounds(request());
        assertThat(batch.stacks().size()).isEqualTo(samples);
        assertThat(batch.stacks().getLast()).hasSize(depth);
    }

    @Test
    void oneTextReferredToVeryOften() throws Exception {
        strings.add("x".repeat(200));
        locations(ENTRIES - 1);
        stackOfAllLocations();
        int profile = beginProfile();
        sample(1, 1);
        profiles.end(profile);
        byte[] request = request();
        ProfileBatch batch = decodeWithinBounds(request);
        assertThat(batch.frames().size()).isEqualTo(LIMITS.get(Limit.STACK_DEPTH));
    }

    @Test
    void oneLongTextUsedVeryOftenIsRefused() {
        strings.add("x".repeat(4_000));
        locations(ENTRIES - 1);
        manyStacks();
        byte[] request = request();
        assertThat(request.length).isLessThan(REQUEST_BYTES);
        assertThatThrownBy(() -> decodeWithinBounds(request))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageMatching(
                        "dictionary: bytes of all texts used: \\d+ \\(expected: at most 67108864\\)");
    }

    @Test
    void asManyFramesAsThereMayBe() throws Exception {
        strings.add("f");
        locations(ENTRIES - 1);
        manyStacks();
        ProfileBatch batch = decodeWithinBounds(request());
        assertThat(batch.frames().size()).isEqualTo(262_000);
    }

    @Test
    void asManySamplesAsThereMayBe() throws Exception {
        int profile = beginProfile();
        for (int i = 0; i < LIMITS.get(Limit.SAMPLES); i++) {
            sample(0, 1);
        }
        profiles.end(profile);
        assertThat(decodeWithinBounds(request()).total()).isEqualTo(LIMITS.get(Limit.SAMPLES));
    }

    @Test
    void valuesWithoutEnd() throws Exception {
        int profile = beginProfile();
        int sample = profiles.begin(2);
        profiles.packed(4, new int[REQUEST_BYTES - 1_000]);
        profiles.end(sample);
        profiles.end(profile);
        assertThat(decodeWithinBounds(request()).profiles()).isEmpty();
    }

    @Test
    void asManySeriesAsThereMayBe() throws Exception {
        int labels = LIMITS.get(Limit.LABELS) - 2;
        int key = strings.size();
        strings.add("label.");
        dictionary.emptyMessage(6);
        int series = LIMITS.get(Limit.SERIES);
        for (int i = 0; i < series; i++) {
            int attribute = dictionary.begin(6);
            dictionary.varint(1, key);
            int value = dictionary.begin(2);
            dictionary.text(1, "v" + i);
            dictionary.end(value);
            dictionary.end(attribute);
        }
        int profile = beginProfile();
        for (int i = 0; i < series; i++) {
            sampleWithAttribute(i + 1);
        }
        profiles.end(profile);
        ProfileBatch batch = decodeWithinBounds(request(labels));
        assertThat(batch.profiles().size()).isEqualTo(series);
        sampleOfOneMoreSeriesIsRefused(labels);
    }

    private void sampleOfOneMoreSeriesIsRefused(int labels) {
        int profile = beginProfile();
        sample(0, 1);
        profiles.end(profile);
        byte[] request = request(labels);
        assertThatThrownBy(() -> OtlpDecoder.decode(request, LIMITS))
                .hasMessageContaining("distinct series: 32769 (expected: at most 32768)");
    }

    @Test
    void manyProfilesWithManyLabels() throws Exception {
        int labels = LIMITS.get(Limit.LABELS) - 1;
        for (int i = 0; i < 120_000; i++) {
            int profile = beginProfile();
            profiles.varint(4, i);
            sample(0, 1);
            profiles.end(profile);
        }
        assertThat(decodeWithinBounds(request(labels)).profiles().size()).isEqualTo(120_000);
    }

    @Test
    void manyProfilesThatAreOne() throws Exception {
        locations(1);
        dictionary.emptyMessage(7);
        int stack = dictionary.begin(7);
        dictionary.packed(1, 1);
        dictionary.end(stack);
        for (int i = 0; i < 120_000; i++) {
            int profile = beginProfile();
            sample(i & 1, 1);
            profiles.end(profile);
        }
        ProfileBatch batch = decodeWithinBounds(request(LIMITS.get(Limit.LABELS) - 1));
        assertThat(batch.profiles().getFirst().values()).containsExactly(60_000, 60_000);
    }

    @Test
    void aHugeAttributeOfEveryFrameIsReadOnce() throws Exception {
        int key = strings.size();
        strings.add("profile.frame.type");
        dictionary.emptyMessage(6);
        int attribute = dictionary.begin(6);
        dictionary.varint(1, key);
        int value = dictionary.begin(2);
        for (int i = 0; i < 1_000_000; i++) {
            dictionary.varint(2, 1);
        }
        dictionary.text(1, "jvm");
        dictionary.end(value);
        dictionary.end(attribute);
        dictionary.emptyMessage(2);
        for (int i = 1; i < ENTRIES; i++) {
            int location = dictionary.begin(2);
            dictionary.varint(2, i).packed(4, 1);
            dictionary.end(location);
        }
        manyStacks();
        assertThat(decodeWithinBounds(request()).frames().size()).isEqualTo(262_000);
    }

    @Test
    void textsThatWereChosenToCollide() throws Exception {
        int first = strings.size();
        for (int i = 0; i < 1 << 17; i++) {
            StringBuilder text = new StringBuilder();
            for (int bit = 0; bit < 17; bit++) {
                text.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            strings.add(text.toString());
        }
        assertThat(strings.get(first).hashCode()).isEqualTo(strings.getLast().hashCode());
        dictionary.emptyMessage(3);
        dictionary.emptyMessage(2);
        for (int i = 0; i < 1 << 17; i++) {
            int function = dictionary.begin(3);
            dictionary.varint(1, first + i);
            dictionary.end(function);
            int location = dictionary.begin(2);
            int line = dictionary.begin(3);
            dictionary.varint(1, i + 1L);
            dictionary.end(line);
            dictionary.end(location);
        }
        manyStacks(1 << 17);
        assertThat(decodeWithinBounds(request()).frames().size()).isEqualTo(131_000);
    }

    /// Locations without a mapping that differ in their address; if there is a string beyond the
    /// first three, it is the name of the function of each.
    private void locations(int count) {
        boolean named = strings.size() > 3;
        if (named) {
            dictionary.emptyMessage(3);
            int function = dictionary.begin(3);
            dictionary.varint(1, 3).varint(2, 3).varint(3, 3);
            dictionary.end(function);
        }
        dictionary.emptyMessage(2);
        for (int i = 1; i <= count; i++) {
            int location = dictionary.begin(2);
            dictionary.varint(2, i);
            if (named) {
                int line = dictionary.begin(3);
                dictionary.varint(1, 1);
                dictionary.end(line);
            }
            dictionary.end(location);
        }
    }

    private void stackOfAllLocations() {
        dictionary.emptyMessage(7);
        int[] all = new int[ENTRIES - 1];
        for (int i = 0; i < all.length; i++) {
            all[i] = i + 1;
        }
        int stack = dictionary.begin(7);
        dictionary.packed(1, all);
        dictionary.end(stack);
    }

    private void manyStacks() {
        manyStacks(ENTRIES);
    }

    /// A sample for each thousand locations.
    private void manyStacks(int locations) {
        dictionary.emptyMessage(7);
        int profile = beginProfile();
        int stacks = 0;
        for (int first = 1; first + 1_000 <= locations; first += 1_000) {
            int[] indices = new int[1_000];
            for (int i = 0; i < indices.length; i++) {
                indices[i] = first + i;
            }
            int stack = dictionary.begin(7);
            dictionary.packed(1, indices);
            dictionary.end(stack);
            sample(++stacks, 1);
        }
        profiles.end(profile);
    }

    private int beginProfile() {
        int profile = profiles.begin(2);
        int type = profiles.begin(1);
        profiles.varint(1, 1).varint(2, 2);
        profiles.end(type);
        profiles.fixed64(3, TIME);
        return profile;
    }

    private void sample(int stack, long value) {
        int sample = profiles.begin(2);
        profiles.varint(1, stack).packedOne(4, value);
        profiles.end(sample);
    }

    private void sampleWithAttribute(int attribute) {
        int sample = profiles.begin(2);
        profiles.packed(2, attribute).packedOne(4, 1);
        profiles.end(sample);
    }

    private byte[] request() {
        return request(0);
    }

    private byte[] request(int labels) {
        WireWriter request = new WireWriter();
        int resourceProfiles = request.begin(1);
        int resource = request.begin(1);
        for (int i = 0; i < labels; i++) {
            int attribute = request.begin(1);
            request.text(1, "resource.label." + i);
            int value = request.begin(2);
            request.text(1, "value " + i);
            request.end(value);
            request.end(attribute);
        }
        request.end(resource);
        request.bytes(2, profiles.toBytes());
        request.end(resourceProfiles);
        WireWriter tables = new WireWriter();
        for (String text : strings) {
            tables.element(5, text);
        }
        request.bytes(2, dictionary.toBytes());
        request.bytes(2, tables.toBytes());
        return request.toBytes();
    }

    private static ProfileBatch decodeWithinBounds(byte[] request) throws MalformedInputException {
        assertThat(request.length).isLessThanOrEqualTo(REQUEST_BYTES);
        com.sun.management.ThreadMXBean thread =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long id = Thread.currentThread().threadId();
        long allocatedBefore = thread.getThreadAllocatedBytes(id);
        long cpuBefore = thread.getCurrentThreadCpuTime();
        try {
            return OtlpDecoder.decode(request, LIMITS);
        } finally {
            long cpuNanos = thread.getCurrentThreadCpuTime() - cpuBefore;
            long allocated = thread.getThreadAllocatedBytes(id) - allocatedBefore;
            System.out.printf(
                    "%d bytes: %d ms of CPU, %d MiB allocated%n",
                    request.length, cpuNanos / 1_000_000, allocated >> 20);
            assertThat(cpuNanos).isLessThan(CPU_NANOS_MAX);
            assertThat(allocated).isLessThan(ALLOCATED_BYTES_MAX);
        }
    }
}

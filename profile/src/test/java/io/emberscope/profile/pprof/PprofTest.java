package io.emberscope.profile.pprof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.protobuf.WireWriter;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class PprofTest {
    private static final IngestLimits LIMITS = IngestLimits.DEFAULT;
    private static final boolean LONG = Boolean.getBoolean("long");
    private static final int SEEDS = LONG ? 500 : 200;
    private static final int DAMAGES = LONG ? 100_000 : 25_000;

    @Test
    void whatIsWrittenIsRead() throws Exception {
        for (long seed = 0; seed < SEEDS; seed++) {
            MergedProfile profile = Profiles.merge(Profiles.random(seed));
            List<MergedProfile> back = PprofReader.read(PprofWriter.write(profile), LIMITS);
            assertThat(back).hasSize(1);
            MergedProfile read = back.getFirst();
            assertThat(content(read)).as("seed %d", seed).isEqualTo(content(profile));
            assertThat(read.total()).isEqualTo(profile.total());
            assertThat(read.startNanos()).isEqualTo(profile.startNanos());
            assertThat(read.durationNanos()).isEqualTo(profile.durationNanos());
            assertThat(read.type().sampleType()).isEqualTo(profile.type().sampleType());
            assertThat(read.type().sampleUnit()).isEqualTo(profile.type().sampleUnit());
            assertThat(read.type().periodType()).isEqualTo(profile.type().periodType());
            assertThat(read.type().periodUnit()).isEqualTo(profile.type().periodUnit());
        }
    }

    @Test
    void theSameProfileIsTheSameBytes() {
        MergedProfile profile = Profiles.merge(Profiles.random(1));
        assertThat(PprofWriter.write(profile)).isEqualTo(PprofWriter.write(profile));
    }

    @Test
    void valuesBelowZeroAreNotWritten() {
        MergedProfile profile =
                new MergedProfile(
                        ProfileType.CPU, 0, 0, List.of(), List.of(new int[0]), new long[] {-1});
        assertThatThrownBy(() -> PprofWriter.write(profile))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyTypeOfSampleIsAProfile() throws Exception {
        FileOfTwoTypes file = new FileOfTwoTypes();
        List<MergedProfile> profiles = PprofReader.read(file.bytes(), LIMITS);
        assertThat(profiles)
                .extracting(profile -> profile.type().id())
                .containsExactly(
                        "process_cpu:samples:count:cpu:nanoseconds",
                        "process_cpu:cpu:nanoseconds:cpu:nanoseconds");
        assertThat(profiles.get(0).values()).containsExactly(4);
        assertThat(profiles.get(1).values()).containsExactly(40);
        assertThat(profiles.get(0).stacks()).isEqualTo(profiles.get(1).stacks());
        assertThat(profiles.get(0).frames())
                .containsExactly(
                        new Frame(
                                FrameKind.UNKNOWN,
                                "abcd",
                                "/bin/x",
                                0x1234,
                                List.of(new Line("f", "_Z1fv", "f.c", 7))),
                        new Frame(FrameKind.UNKNOWN, "", "", 0x99, List.of()));
        assertThat(profiles.get(0).startNanos()).isEqualTo(5);
        assertThat(profiles.get(0).durationNanos()).isEqualTo(6);
    }

    @Test
    void kernelMappingsAreKnownByTheirName() throws Exception {
        FileOfTwoTypes file = new FileOfTwoTypes();
        file.strings = List.of("", "samples", "count", "cpu", "nanoseconds", "[kernel.kallsyms]");
        file.binary = 5;
        file.functionName = 0;
        MergedProfile profile = PprofReader.read(file.bytes(), LIMITS).getFirst();
        assertThat(profile.frames().getFirst().kind()).isEqualTo(FrameKind.KERNEL);
        assertThat(profile.frames().getFirst().lines()).isEmpty();
    }

    @Test
    void whatPointsNowhereIsRefusedByName() {
        FileOfTwoTypes file = new FileOfTwoTypes();
        file.sampleLocation = 77;
        assertRefused(file, "sample[0].location_id: 77 (expected: that of a location)");
        file = new FileOfTwoTypes();
        file.locationMapping = 9;
        assertRefused(file, "location[0].mapping_id: 9 (expected: that of a mapping, or 0)");
        file = new FileOfTwoTypes();
        file.lineFunction = 9;
        assertRefused(file, "location[0].line.function_id: 9 (expected: that of a function)");
        file = new FileOfTwoTypes();
        file.functionName = 99;
        assertRefused(file, "function[0].name: 99 (expected: < 10)");
        file = new FileOfTwoTypes();
        file.functionName = -1;
        assertRefused(file, "function[0].name: -1 (expected: < 10)");
        file = new FileOfTwoTypes();
        file.otherLocationId = file.locationId;
        assertRefused(
                file, "location[1].id: 18446744073709551615 again (expected: an id of its own)");
        file = new FileOfTwoTypes();
        file.otherLocationId = 0;
        assertRefused(file, "location[1].id: 0 (expected: not 0)");
        file = new FileOfTwoTypes();
        file.line = -1;
        assertRefused(file, "location[0].line.line: -1 (expected: 0..2147483647)");
        file = new FileOfTwoTypes();
        file.values = new long[] {1};
        assertRefused(file, "sample[0].value: 1 of them (expected: 2)");
        file = new FileOfTwoTypes();
        file.values = new long[] {1, -2};
        assertRefused(file, "sample[0].value: -2 (expected: 0 or more)");
        file = new FileOfTwoTypes();
        file.values = new long[] {1, Long.MAX_VALUE};
        assertRefused(file, "sample[1].value: a sum of 2^63 or more (expected: less)");
        file = new FileOfTwoTypes();
        file.strings = List.of("x");
        assertRefused(file, "string_table[0]: missing or a text (expected: the empty text)");
    }

    @Test
    void emptyAndForeignFilesAreRefused() {
        assertThatThrownBy(() -> PprofReader.read(new byte[0], LIMITS))
                .hasMessage("string_table[0]: missing or a text (expected: the empty text)");
        assertThatThrownBy(
                        () ->
                                PprofReader.read(
                                        "<html></html>"
                                                .getBytes(java.nio.charset.StandardCharsets.UTF_8),
                                        LIMITS))
                .isInstanceOf(MalformedInputException.class);
        WireWriter noTypes = new WireWriter().element(6, "");
        assertThatThrownBy(() -> PprofReader.read(noTypes.toBytes(), LIMITS))
                .hasMessage("sample_type: missing (expected: at least one)");
    }

    @Test
    void damagedGzipIsRefused() {
        byte[] good = PprofWriter.write(Profiles.merge(Profiles.random(2)));
        for (int length = 2; length < good.length; length++) {
            byte[] torn = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> PprofReader.read(torn, LIMITS))
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessageStartingWith("gzip: ")
                    .hasMessageEndingWith("(expected: whole and undamaged)");
        }
        for (int i = 10; i < good.length; i += 7) {
            byte[] bad = good.clone();
            bad[i] ^= 0x10;
            assertThatThrownBy(() -> PprofReader.read(bad, LIMITS))
                    .isInstanceOf(MalformedInputException.class);
        }
    }

    @Test
    void bombsStopAtTheLimit() throws Exception {
        byte[] zeros = new byte[1 << 20];
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
            for (int i = 0; i < 200; i++) {
                gzip.write(zeros);
            }
        }
        assertThat(bomb.size()).isLessThan(1 << 20);
        assertThatThrownBy(() -> PprofReader.read(bomb.toByteArray(), LIMITS))
                .hasMessage("gzip: bytes inflated: more than 67108864 (expected: at most that)");
        byte[] good = PprofWriter.write(Profiles.merge(Profiles.cpu()));
        int inflated = Gzip.inflated(good, 1 << 20).length;
        assertThat(Gzip.inflated(good, inflated)).hasSize(inflated);
        assertThatThrownBy(
                        () ->
                                PprofReader.read(
                                        good, LIMITS.with(Limit.INFLATED_BYTES, inflated - 1)))
                .isInstanceOf(MalformedInputException.class);
        assertThatThrownBy(
                        () ->
                                PprofReader.read(
                                        good, LIMITS.with(Limit.REQUEST_BYTES, good.length - 1)))
                .hasMessage("file: bytes: %d (expected: at most %d)", good.length, good.length - 1);
    }

    @Test
    void deepStacksAndLongNamesAreCut() throws Exception {
        FileOfTwoTypes file = new FileOfTwoTypes();
        file.depth = 10;
        MergedProfile profile =
                PprofReader.read(
                                file.bytes(),
                                LIMITS.with(Limit.STACK_DEPTH, 4).with(Limit.NAME_BYTES, 6))
                        .getFirst();
        assertThat(profile.stacks()).containsExactly(new int[] {0, 0, 0, 2});
        assertThat(profile.frames().get(2).lines()).containsExactly(Line.named("[truncated]"));
        assertThat(profile.total()).isEqualTo(4);
    }

    @Test
    void randomDamageIsRefusedOrReadButNothingElse() throws Exception {
        byte[][] good = new byte[8][];
        for (int seed = 0; seed < good.length; seed++) {
            good[seed] =
                    Gzip.inflated(
                            PprofWriter.write(Profiles.merge(Profiles.random(seed))), 1 << 20);
        }
        Random random = new Random(1);
        for (int round = 0; round < DAMAGES; round++) {
            byte[] bad = good[random.nextInt(good.length)].clone();
            for (int i = random.nextInt(1, 6); i > 0; i--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            try {
                PprofReader.read(bad, LIMITS);
            } catch (MalformedInputException e) {
                assertThat(e.getMessage()).as("round %d", round).contains("(expected: ");
            }
        }
    }

    private static void assertRefused(FileOfTwoTypes file, String message) {
        assertThatThrownBy(() -> PprofReader.read(file.bytes(), LIMITS))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }

    /// Sums by frames; kinds have no place in the format.
    private static Map<String, Long> content(MergedProfile profile) {
        Map<String, Long> content = new TreeMap<>();
        for (int i = 0; i < profile.values().length; i++) {
            if (profile.values()[i] > 0) {
                StringBuilder key = new StringBuilder();
                for (int frame : profile.stacks().get(i)) {
                    Frame found = profile.frames().get(frame);
                    key.append(found.buildId()).append(' ').append(found.binary()).append(' ');
                    key.append(found.offset()).append(found.lines()).append('\n');
                }
                content.merge(key.toString(), profile.values()[i], Long::sum);
            }
        }
        return content;
    }

    /// A file as a Go program writes it: two equal samples with two values each.
    private static final class FileOfTwoTypes {
        List<String> strings =
                List.of(
                        "",
                        "samples",
                        "count",
                        "cpu",
                        "nanoseconds",
                        "/bin/x",
                        "ABCD",
                        "f",
                        "_Z1fv",
                        "f.c");
        long binary = 5;
        long functionName = 7;
        long lineFunction = 3;
        long line = 7;
        long locationId = -1;
        long otherLocationId = 12;
        long locationMapping = 2;
        long sampleLocation = -1;
        long[] values = {2, 20};
        int depth = 1;

        byte[] bytes() {
            WireWriter out = new WireWriter();
            valueType(out, 1, 1, 2);
            valueType(out, 1, 3, 4);
            for (int sample = 0; sample < 2; sample++) {
                int start = out.begin(2);
                for (int i = 0; i < depth; i++) {
                    out.varint(1, sampleLocation);
                }
                for (long value : values) {
                    out.packedOne(2, value);
                }
                int label = out.begin(3);
                out.varint(1, 1).varint(2, 2);
                out.end(label);
                out.end(start);
            }
            int mapping = out.begin(3);
            out.varint(1, 2).varint(2, 0x400000).varint(3, 0x500000).varint(4, 0x1000);
            out.varint(5, binary).varint(6, strings.size() > 6 ? 6 : 0);
            out.end(mapping);
            int location = out.begin(4);
            out.varint(1, locationId).varint(2, locationMapping).varint(3, 0x400234);
            int lineStart = out.begin(4);
            out.varint(1, lineFunction).varint(2, line);
            out.end(lineStart);
            out.end(location);
            location = out.begin(4);
            out.varint(1, otherLocationId).varint(3, 0x99);
            out.end(location);
            int function = out.begin(5);
            out.varint(1, 3).varint(2, functionName);
            if (functionName > 0) {
                out.varint(3, 8).varint(4, 9);
            }
            out.end(function);
            strings.forEach(text -> out.element(6, text));
            out.varint(9, 5).varint(10, 6);
            valueType(out, 11, 3, 4);
            return out.varint(12, 10).toBytes();
        }

        private static void valueType(WireWriter out, int field, int type, int unit) {
            int start = out.begin(field);
            out.varint(1, type).varint(2, unit);
            out.end(start);
        }
    }
}

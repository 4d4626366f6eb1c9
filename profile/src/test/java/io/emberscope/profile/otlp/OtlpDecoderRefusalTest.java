package io.emberscope.profile.otlp;

import static io.emberscope.profile.otlp.OtlpMessages.TIME;
import static io.emberscope.profile.otlp.OtlpMessages.sample;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.ProfileBatch;
import io.opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest;
import io.opentelemetry.proto.profiles.v1development.Function;
import io.opentelemetry.proto.profiles.v1development.Line;
import io.opentelemetry.proto.profiles.v1development.Location;
import io.opentelemetry.proto.profiles.v1development.Mapping;
import io.opentelemetry.proto.profiles.v1development.ProfilesDictionary;
import io.opentelemetry.proto.profiles.v1development.Sample;
import org.junit.jupiter.api.Test;

/// Refusals: the message names the field and the rule.
class OtlpDecoderRefusalTest extends OtlpDecoding {

    private static final String SAMPLE =
            "resource_profiles[0].scope_profiles[0].profiles[1].samples[2].";

    private void assertSampleRefused(Sample.Builder sample, String message) {
        assertRefused(
                messages.bytes(
                        messages.cpu(),
                        messages.cpu()
                                .addSamples(sample(0, 1))
                                .addSamples(sample(0, 1))
                                .addSamples(sample)),
                SAMPLE + message);
    }

    @Test
    void indicesOutOfRangeAreRefused() {
        assertSampleRefused(sample(912, 1), "stack_index: 912 (expected: < 1)");
        assertSampleRefused(sample(-1, 1), "stack_index: -1 (expected: < 1)");
        assertSampleRefused(sample(0, 1, 9), "attribute_indices: 9 (expected: < 1)");
        assertSampleRefused(sample(0, 1).setLinkIndex(1), "link_index: 1 (expected: < 1)");
        assertDictionaryRefused(
                () -> messages.stack(messages.location("f"), 0),
                "dictionary.stack_table[1].location_indices: 0 (expected: 1 or more)");
        assertDictionaryRefused(
                () -> messages.stack(5),
                "dictionary.stack_table[1].location_indices: 5 (expected: < 1)");
        assertLocationRefused(
                Location.newBuilder().setMappingIndex(3),
                "dictionary.location_table[1].mapping_index: 3 (expected: < 1)");
        assertLocationRefused(
                Location.newBuilder().addAttributeIndices(3),
                "dictionary.location_table[1].attribute_indices: 3 (expected: < 1)");
        assertLocationRefused(
                Location.newBuilder()
                        .addLines(Line.getDefaultInstance())
                        .addLines(Line.newBuilder().setFunctionIndex(4)),
                "dictionary.location_table[1].lines[1].function_index: 4 (expected: < 1)");
        assertLocationRefused(
                Location.newBuilder().addLines(Line.newBuilder().setLine(-2)),
                "dictionary.location_table[1].lines[0].line: -2 (expected: 0..2147483647)");
        assertDictionaryRefused(
                () -> {
                    messages.dictionary.addFunctionTable(Function.newBuilder().setNameStrindex(99));
                    return messages.stack(
                            messages.location(
                                    Location.newBuilder()
                                            .addLines(Line.newBuilder().setFunctionIndex(1))));
                },
                "dictionary.function_table[1].name_strindex: 99 (expected: < 3)");
        assertDictionaryRefused(
                () ->
                        messages.stack(
                                messages.location(
                                        Location.newBuilder()
                                                .setMappingIndex(
                                                        messages.mapping(
                                                                Mapping.newBuilder()
                                                                        .setFilenameStrindex(
                                                                                77))))),
                "dictionary.mapping_table[1].filename_strindex: 77 (expected: < 3)");
    }

    @Test
    void valuesThatMeanNothingAreRefused() {
        assertSampleRefused(sample(0, -5), "values: -5 (expected: 0 or more)");
        assertSampleRefused(
                Sample.newBuilder(),
                "values: none, and no timestamps (expected: at least one; OTLP before 1.10 had them"
                        + " in another field)");
        assertSampleRefused(
                sample(0, 5).addTimestampsUnixNano(TIME).addTimestampsUnixNano(TIME),
                "timestamps_unix_nano: 2 (expected: 1, as values)");
        assertSampleRefused(
                sample(0, Long.MAX_VALUE),
                "values: a sum over 9007199254740992 (expected: at most that per profile)");
        assertRefused(
                messages.bytes(messages.cpu().clearSampleType().addSamples(sample(0, 1))),
                "resource_profiles[0].scope_profiles[0].profiles[0].sample_type: missing"
                        + " (expected: a type and a unit)");
        assertRefused(
                messages.bytes(messages.cpu().setPeriod(-1).addSamples(sample(0, 1))),
                "resource_profiles[0].scope_profiles[0].profiles[0].period: -1"
                        + " (expected: 0..9223372036854775807)");
        assertRefused(
                messages.bytes(
                        messages.cpu().setDurationNano(Long.MAX_VALUE).addSamples(sample(0, 1))),
                "resource_profiles[0].scope_profiles[0].profiles[0].duration_nano:"
                        + " 9223372036854775807 (expected: with time_unix_nano below 2^63"
                        + " together)");
        assertRefused(
                messages.bytes(
                        messages.cpu()
                                .setSampleType(messages.valueType("a:b", "c"))
                                .addSamples(sample(0, 1))),
                "resource_profiles[0].scope_profiles[0].profiles[0].sample_type.type_strindex: a"
                        + " colon (expected: none, since it divides a profile type's parts)");
    }

    @Test
    void sumsThatOverflowTogetherAreRefused() {
        long half = ProfileReader.TOTAL_MAX / 2 + 1;
        int other = messages.stack(messages.location("f"));
        assertRefused(
                messages.bytes(
                        messages.cpu().addSamples(sample(0, half)).addSamples(sample(other, half))),
                "resource_profiles[0].scope_profiles[0].profiles[0].values: a sum over"
                        + " 9007199254740992 (expected: at most that per profile)");
        assertRefused(
                messages.bytes(
                        messages.cpu()
                                .setSampleType(messages.valueType("samples", "count"))
                                .setPeriod(Long.MAX_VALUE)
                                .addSamples(sample(0, 2))),
                "resource_profiles[0].scope_profiles[0].profiles[0].values: a sum over"
                        + " 9007199254740992 (expected: at most that per profile)");
    }

    @Test
    void aRequestOfAnOlderOtlpIsRefusedNotMisread() {
        // Before 1.10 a sample was {1 stack, 2 values, 3 attributes, 4 link, 5 timestamps}.
        UnknownFieldSet old =
                UnknownFieldSet.newBuilder()
                        .addField(1, varint(1))
                        .addField(2, delimited(new byte[] {100}))
                        .addField(3, delimited(new byte[] {1}))
                        .build();
        messages.stack(messages.location("f"));
        messages.attribute("thread.name", "t");
        assertSampleRefused(
                Sample.newBuilder().setUnknownFields(old),
                "attribute_indices: 100 (expected: < 2)");
        UnknownFieldSet oldWithSmallValue =
                UnknownFieldSet.newBuilder(old)
                        .clearField(2)
                        .addField(2, delimited(new byte[] {1}))
                        .build();
        assertSampleRefused(
                Sample.newBuilder().setUnknownFields(oldWithSmallValue),
                "link_index: wire type 2 (expected: 0)");
    }

    @Test
    void stringZeroMustBeEmpty() {
        ProfilesDictionary bad = ProfilesDictionary.newBuilder().addStringTable("cpu").build();
        assertRefused(
                ExportProfilesServiceRequest.newBuilder().setDictionary(bad).build().toByteArray(),
                "dictionary.string_table[0]: 3 bytes (expected: empty, since index 0 means no"
                        + " string)");
    }

    @Test
    void buildIdsMustBeHex() {
        assertDictionaryRefused(
                () -> {
                    int bad =
                            messages.attribute(
                                    "process.executable.build_id.gnu", "../../etc/shadow");
                    int mapping = messages.mapping(Mapping.newBuilder().addAttributeIndices(bad));
                    return messages.stack(
                            messages.location(Location.newBuilder().setMappingIndex(mapping)));
                },
                "dictionary.attribute_table[1].value: no build id (expected: pairs of hex digits,"
                        + " at most 128 characters)");
    }

    @Test
    void whatIsNoProtobufIsRefused() {
        assertRefused(new byte[] {0x0a}, "resource_profiles: 1 bytes (expected: at most 0 left)");
        assertRefused(
                new byte[] {0x0a, 5, 1}, "resource_profiles: length 5 (expected: at most 1 left)");
        assertRefused(new byte[] {0}, "field number: 0 (expected: 1..536870911)");
        assertRefused(new byte[] {0x0b}, "field 1: wire type 3 (expected: 0, 1, 2 or 5)");
        assertRefused(new byte[] {0x08, 1}, "resource_profiles: wire type 0 (expected: 2)");
    }

    // Limits

    @Test
    void whatIsOverALimitIsRefusedByName() {
        int stack = messages.stack(messages.location("f"), messages.location("g"));
        int thread = messages.attribute("thread.name", "thread");
        messages.resource("zone", "a");
        byte[] request =
                messages.bytes(
                        messages.cpu()
                                .addSamples(sample(stack, 1))
                                .addSamples(sample(stack, 1, thread)),
                        messages.cpu().addSamples(sample(stack, 1)));
        String profile = "resource_profiles[0].scope_profiles[0].profiles[";
        assertLimit(
                request,
                Limit.REQUEST_BYTES,
                20,
                "request: bytes: " + request.length + " (expected: at most 20)");
        assertLimit(
                request,
                Limit.RESOURCES,
                1,
                "resource_profiles[0].scope_profiles: 2 (expected: at most 1)");
        assertLimit(
                request,
                Limit.PROFILES,
                1,
                "resource_profiles[0].scope_profiles[0].profiles: 2 (expected: at most 1)");
        assertLimit(request, Limit.SAMPLES, 2, profile + "1].samples: 3 (expected: at most 2)");
        assertLimit(
                request,
                Limit.SERIES,
                1,
                profile + "0].profiles: distinct series: 2 (expected: at most 1)");
        assertLimit(
                request,
                Limit.TABLE_ENTRIES,
                2,
                "dictionary.location_table: more entries (expected: at most 2)");
        assertLimit(
                request,
                Limit.LABELS,
                2,
                "resource_profiles[0].scope_profiles[0].profiles[0].attributes: labels: 3"
                        + " (expected: at most 2)");
        assertLimit(
                request,
                Limit.LABEL_NAME_BYTES,
                3,
                "resource_profiles[0].resource.attributes[0].key: 4 bytes (expected: at most 3)");
        assertLimit(
                request,
                Limit.LABEL_VALUE_BYTES,
                5,
                "dictionary.attribute_table[1].value.string_value: 6 bytes"
                        + " (expected: at most 5)");
        assertLimit(
                request,
                Limit.TEXT_BYTES,
                1,
                "dictionary: bytes of all texts used: 2 (expected: at most 1)");
    }

    @Test
    void stacksAndNamesOverALimitAreCutAndCounted() throws Exception {
        int stack =
                messages.stack(
                        messages.location("leaf"),
                        messages.location("abcdefghi"),
                        messages.location("middle"),
                        messages.location("root"));
        int whole =
                messages.stack(
                        messages.location("leaf"),
                        messages.location("leaf"),
                        messages.location("leaf"));
        byte[] request =
                messages.bytes(
                        messages.cpu()
                                .addSamples(sample(stack, 1))
                                .addSamples(sample(stack, 1))
                                .addSamples(sample(whole, 1)));
        DecodedRequest decoded =
                OtlpDecoder.decode(
                        request, LIMITS.with(Limit.STACK_DEPTH, 3).with(Limit.NAME_BYTES, 8), TIME);
        ProfileBatch batch = decoded.batch();
        assertThat(functionNames(batch, 0)).containsExactly("leaf", "abcde...", "[truncated]");
        assertThat(functionNames(batch, 1)).containsExactly("leaf", "leaf", "leaf");
        assertThat(decoded.cutStacks()).isEqualTo(1);
        assertThat(decoded.cutNames()).isEqualTo(1);
        assertThat(batch.total()).isEqualTo(3);
    }

    @Test
    void namesAreCutBetweenCharacters() throws Exception {
        int stack = messages.stack(messages.location("a\u00e4\u4e16\ud83d\udd25"));
        byte[] request = messages.bytes(messages.cpu().addSamples(sample(stack, 1)));
        String[] expected = {
            "...",
            "...",
            "...",
            "a...",
            "a...",
            "a\u00e4...",
            "a\u00e4...",
            "a\u00e4...",
            "a\u00e4\u4e16...",
            "a\u00e4\u4e16\ud83d\udd25"
        };
        for (int bytesMax = 1; bytesMax <= expected.length; bytesMax++) {
            IngestLimits limits = LIMITS.with(Limit.NAME_BYTES, bytesMax);
            assertThat(functionNames(OtlpDecoder.decode(request, limits), 0))
                    .containsExactly(expected[bytesMax - 1]);
        }
    }

    @Test
    void tooManyInlinedFunctionsAreRefused() {
        Location.Builder location = Location.newBuilder();
        for (int i = 0; i < 3; i++) {
            location.addLines(Line.getDefaultInstance());
        }
        int stack = messages.stack(messages.location(location));
        assertLimit(
                messages.bytes(messages.cpu().addSamples(sample(stack, 1))),
                Limit.LINES,
                2,
                "dictionary.location_table[1].lines: 3 (expected: at most 2)");
    }
}

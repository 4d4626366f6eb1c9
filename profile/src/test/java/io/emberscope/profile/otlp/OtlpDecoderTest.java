package io.emberscope.profile.otlp;

import static io.emberscope.profile.otlp.OtlpMessages.TIME;
import static io.emberscope.profile.otlp.OtlpMessages.sample;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.profiles.v1development.Function;
import io.opentelemetry.proto.profiles.v1development.Line;
import io.opentelemetry.proto.profiles.v1development.Location;
import io.opentelemetry.proto.profiles.v1development.Mapping;
import io.opentelemetry.proto.profiles.v1development.ProfilesDictionary;
import io.opentelemetry.proto.profiles.v1development.Sample;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OtlpDecoderTest {
    private static final IngestLimits LIMITS = IngestLimits.DEFAULT;

    private final OtlpMessages messages = new OtlpMessages();

    @Test
    void anEmptyRequestIsABatchWithoutProfiles() throws Exception {
        ProfileBatch batch = OtlpDecoder.decode(new byte[0], LIMITS);
        assertThat(batch.profiles()).isEmpty();
        assertThat(batch.stacks()).isEmpty();
        assertThat(OtlpDecoder.decode(messages.bytes(messages.cpu()), LIMITS).profiles()).isEmpty();
    }

    @Test
    void theBriefestProfileIsRead() throws Exception {
        messages.resource("service.name", "shop");
        int stack = messages.stack(messages.location("leaf"), messages.location("root"));
        ProfileBatch batch = decode(messages.cpu().addSamples(sample(stack, 5)));
        Profile profile = batch.profiles().getFirst();
        assertThat(profile.series().type()).isEqualTo(ProfileType.CPU);
        assertThat(profile.series().labels()).isEqualTo(Labels.of("service_name", "shop"));
        assertThat(profile.startNanos()).isEqualTo(TIME);
        assertThat(profile.durationNanos()).isEqualTo(10_000_000_000L);
        assertThat(profile.period()).isEqualTo(10_000_000L);
        assertThat(profile.values()).containsExactly(5);
        assertThat(functionNames(batch, profile.stacks()[0])).containsExactly("leaf", "root");
    }

    // Labels

    @Test
    void attributesBecomeLabels() throws Exception {
        messages.resource("service.name", "shop");
        messages.resource("process.executable.name", "java");
        messages.resource("container.id", "c1");
        messages.resource("k8s.pod.uid", "u1");
        messages.resource("k8s.pod.name", "p1");
        messages.resource("k8s.namespace.name", "n1");
        messages.resource("k8s.container.name", "k1");
        messages.resource("k8s.node.name", "node1");
        messages.resource("host.name", "h1");
        messages.resource("deployment.environment.name", "prod");
        messages.resource("9-odd/key", "odd");
        messages.resource("empty", "");
        int thread = messages.attribute("thread.name", "worker");
        assertThat(labelsOf(sample(0, 1, thread)))
                .isEqualTo(
                        Labels.of(
                                "service_name", "shop",
                                "executable", "java",
                                "container_id", "c1",
                                "pod_uid", "u1",
                                "pod", "p1",
                                "namespace", "n1",
                                "container", "k1",
                                "node", "node1",
                                "host", "h1",
                                "thread_name", "worker",
                                "deployment_environment_name", "prod",
                                "_9_odd_key", "odd"));
    }

    @Test
    void whatTellsOneProcessFromAnotherIsNoLabel() throws Exception {
        messages.resource("service.name", "shop");
        messages.resource("process.pid", "77");
        messages.resource("process.executable.path", "/tmp/build-1234/a.out");
        messages.resource("process.command_line", "x".repeat(100_000));
        messages.resource("__name__", "x");
        ProfileBatch batch =
                decode(
                        messages.cpu()
                                .addSamples(
                                        sample(
                                                0,
                                                1,
                                                messages.attribute("process.pid", integer(1)),
                                                messages.attribute("thread.id", integer(2)),
                                                messages.attribute(
                                                        "cpu.logical_number", integer(3))))
                                .addSamples(
                                        sample(
                                                0,
                                                2,
                                                messages.attribute("process.pid", "5"),
                                                messages.attribute("thread.id", "6"),
                                                messages.attribute("bytes", integer(64)))));
        assertThat(batch.profiles()).hasSize(1);
        assertThat(batch.profiles().getFirst().series().labels())
                .isEqualTo(Labels.of("service_name", "shop"));
        assertThat(batch.profiles().getFirst().values()).containsExactly(3);
    }

    @Test
    void aMissingServiceNameIsTheExecutablesOrUnknown() throws Exception {
        assertThat(labelsOf(sample(0, 1)).get("service_name")).isEqualTo("unknown_service");
        int executable = messages.attribute("process.executable.name", "sshd");
        assertThat(labelsOf(sample(0, 1, executable)).get("service_name")).isEqualTo("sshd");
    }

    @Test
    void aLabelsOwnAttributeGoesBeforeOneThatLooksLikeIt() throws Exception {
        messages.resource("pod", "looks like it");
        messages.resource("k8s.pod.name", "own");
        messages.resource("pod ", "never seen");
        messages.resource("a.b", "first");
        messages.resource("a-b", "second");
        Labels labels = labelsOf(sample(0, 1));
        assertThat(labels.get("pod")).isEqualTo("own");
        assertThat(labels.get("a_b")).isEqualTo("first");
    }

    @Test
    void innerAttributesGoBeforeOuterOnes() throws Exception {
        messages.resource("zone", "resource");
        messages.resource("service.name", "resource");
        int zone = messages.attribute("zone", "profile");
        int service = messages.attribute("service.name", "sample");
        ProfileBatch batch =
                decode(
                        messages.cpu()
                                .addAttributeIndices(zone)
                                .addSamples(sample(0, 1, service))
                                .addSamples(sample(0, 2)));
        assertThat(batch.profiles())
                .extracting(profile -> profile.series().labels().toString())
                .containsExactly(
                        "{service_name=\"sample\",zone=\"profile\"}",
                        "{service_name=\"resource\",zone=\"profile\"}");
    }

    @Test
    void valuesOfAllKindsAreTextsOrPassedOver() throws Exception {
        addResource("text", AnyValue.newBuilder().setStringValue("t").build());
        addResource(
                "index",
                AnyValue.newBuilder().setStringValueStrindex(messages.string("i")).build());
        addResource("flag", AnyValue.newBuilder().setBoolValue(true).build());
        addResource("number", integer(-5));
        addResource("one", array(integer(7)));
        addResource("two", array(integer(7), integer(8)));
        addResource("none", array());
        addResource("deep", array(array(array(integer(7)))));
        addResource("double", AnyValue.newBuilder().setDoubleValue(1.5).build());
        addResource("bytes", AnyValue.newBuilder().setBytesValue(ByteString.EMPTY).build());
        addResource(
                "map",
                AnyValue.newBuilder()
                        .setKvlistValue(KeyValueList.newBuilder().addValues(keyValue("k", "v")))
                        .build());
        messages.resource.addAttributes(
                KeyValue.newBuilder()
                        .setKeyStrindex(messages.string("key.by.index"))
                        .setValue(AnyValue.newBuilder().setStringValue("v")));
        assertThat(labelsOf(sample(0, 1)))
                .isEqualTo(
                        Labels.of(
                                "service_name", "unknown_service",
                                "text", "t",
                                "index", "i",
                                "flag", "true",
                                "number", "-5",
                                "one", "7",
                                "key_by_index", "v"));
    }

    // Types, values and times

    @Test
    void typesAreNamedByWhatTheyCount() throws Exception {
        assertThat(typeOf("cpu", "nanoseconds", "cpu", "nanoseconds")).isEqualTo(ProfileType.CPU);
        assertThat(typeOf("off_cpu", "nanoseconds", "", "").id())
                .isEqualTo("off_cpu:off_cpu:nanoseconds::");
        assertThat(typeOf("alloc_space", "bytes", "space", "bytes").id())
                .isEqualTo("memory:alloc_space:bytes:space:bytes");
        assertThat(typeOf("events", "count", "", "").id()).isEqualTo("events:events:count::");
        assertThat(typeOf("delay", "nanoseconds", "contentions", "count").id())
                .isEqualTo("contentions:delay:nanoseconds:contentions:count");
    }

    @Test
    void numbersOfSamplesAreTakenAsCpuTimeWhereThePeriodSaysSo() throws Exception {
        Sample.Builder twice = Sample.newBuilder().addTimestampsUnixNano(TIME);
        twice.addTimestampsUnixNano(TIME + 1);
        ProfileBatch batch =
                decode(
                        messages.cpu()
                                .setSampleType(messages.valueType("samples", "count"))
                                .addSamples(twice)
                                .setPeriod(50));
        assertThat(batch.profiles().getFirst().series().type()).isEqualTo(ProfileType.CPU);
        assertThat(batch.profiles().getFirst().values()).containsExactly(100);
        batch =
                decode(
                        messages.cpu()
                                .setSampleType(messages.valueType("samples", "count"))
                                .addSamples(twice)
                                .setPeriod(0));
        assertThat(batch.profiles().getFirst().series().type().id())
                .isEqualTo("process_cpu:samples:count:cpu:nanoseconds");
        assertThat(batch.profiles().getFirst().values()).containsExactly(2);
    }

    @Test
    void samplesOfOneStackAndSeriesAreAddedUp() throws Exception {
        int one = messages.stack(messages.location("f"));
        int same = messages.stack(messages.location("f"));
        int other = messages.stack(messages.location("g"));
        int thread = messages.attribute("thread.name", "t");
        ProfileBatch batch =
                decode(
                        messages.cpu()
                                .addSamples(sample(one, 1))
                                .addSamples(sample(other, 10))
                                .addSamples(sample(same, 2).addValues(3))
                                .addSamples(sample(one, 100, thread)));
        assertThat(batch.profiles()).hasSize(2);
        assertThat(batch.profiles().get(0).values()).containsExactly(6, 10);
        assertThat(batch.profiles().get(1).values()).containsExactly(100);
        assertThat(batch.frames()).hasSize(2);
        assertThat(batch.stacks()).hasSize(2);
    }

    @Test
    void processesThatDifferInNothingThatWeKeepAreOneProfile() throws Exception {
        int stack = messages.stack(messages.location("f"));
        int other = messages.stack(messages.location("g"));
        messages.resource("service.name", "shop");
        messages.resource("process.pid", "1");
        ExportProfilesServiceRequest.Builder request =
                messages.request(
                        messages.cpu().addSamples(sample(stack, 1)).addSamples(sample(other, 2)));
        ExportProfilesServiceRequest second = request.clone().clearDictionary().build();
        request.mergeFrom(second).mergeFrom(second);
        request.getResourceProfilesBuilder(2)
                .getScopeProfilesBuilder(0)
                .getProfilesBuilder(0)
                .setTimeUnixNano(TIME + 1);
        ProfileBatch batch = OtlpDecoder.decode(request.build().toByteArray(), LIMITS);
        assertThat(batch.profiles()).hasSize(2);
        assertThat(batch.profiles().get(0).stacks()).containsExactly(0, 1);
        assertThat(batch.profiles().get(0).values()).containsExactly(2, 4);
        assertThat(batch.profiles().get(1).startNanos()).isEqualTo(TIME + 1);
        assertThat(batch.profiles().get(1).values()).containsExactly(1, 2);
    }

    @Test
    void samplesOfValueZeroAreCountedAndLeftOut() throws Exception {
        DecodedRequest decoded =
                OtlpDecoder.decode(
                        messages.bytes(
                                messages.cpu().addSamples(sample(0, 0)).addSamples(sample(0, 4)),
                                messages.cpu().addSamples(sample(0, 0))),
                        LIMITS,
                        TIME);
        assertThat(decoded.zeroSamples()).isEqualTo(2);
        assertThat(decoded.batch().profiles()).hasSize(1);
        assertThat(decoded.batch().total()).isEqualTo(4);
    }

    @Test
    void aSampleWithoutAStackKeepsItsValue() throws Exception {
        ProfileBatch batch = decode(messages.cpu().addSamples(sample(0, 4)));
        assertThat(batch.stacks()).containsExactly(new int[0]);
        assertThat(batch.total()).isEqualTo(4);
    }

    @Test
    void aMissingTimeIsThatOfTheEarliestTimestampOrOfTheReceipt() throws Exception {
        Sample.Builder stamped = Sample.newBuilder();
        stamped.addTimestampsUnixNano(TIME + 9).addTimestampsUnixNano(TIME + 4);
        byte[] withTimestamps =
                messages.bytes(messages.cpu().setTimeUnixNano(0).addSamples(stamped));
        assertThat(OtlpDecoder.decode(withTimestamps, LIMITS).profiles().getFirst().startNanos())
                .isEqualTo(TIME + 4);
        byte[] without = messages.bytes(messages.cpu().setTimeUnixNano(0).addSamples(sample(0, 4)));
        DecodedRequest decoded = OtlpDecoder.decode(without, LIMITS, TIME + 10_000_000_000L);
        assertThat(decoded.batch().profiles().getFirst().startNanos()).isEqualTo(TIME);
        assertRefused(
                without,
                "resource_profiles[0].scope_profiles[0].profiles[0].time_unix_nano: missing"
                        + " (expected: set)");
    }

    // Frames

    @Test
    void anAddressInAMappingIsAnOffsetInTheFile() throws Exception {
        int buildId = messages.attribute("process.executable.build_id.gnu", "ABCDEF01");
        int mapping =
                messages.mapping(
                        Mapping.newBuilder()
                                .setMemoryStart(0x7f0000001000L)
                                .setMemoryLimit(0x7f0000003000L)
                                .setFileOffset(0x4000)
                                .setFilenameStrindex(messages.string("/lib/libc.so"))
                                .addAttributeIndices(buildId));
        int kind = messages.attribute("profile.frame.type", "native");
        int inside =
                messages.location(
                        Location.newBuilder()
                                .setMappingIndex(mapping)
                                .setAddress(0x7f0000001010L)
                                .addAttributeIndices(kind));
        int outside =
                messages.location(
                        Location.newBuilder().setMappingIndex(mapping).setAddress(0x7f0000003000L));
        int nowhere = messages.location(Location.newBuilder().setAddress(-1));
        ProfileBatch batch =
                decode(
                        messages.cpu()
                                .addSamples(sample(messages.stack(inside, outside, nowhere), 1)));
        assertThat(batch.frames())
                .containsExactly(
                        new Frame(FrameKind.NATIVE, "abcdef01", "/lib/libc.so", 0x4010, List.of()),
                        new Frame(
                                FrameKind.UNKNOWN,
                                "abcdef01",
                                "/lib/libc.so",
                                0x7f0000003000L,
                                List.of()),
                        new Frame(FrameKind.UNKNOWN, "", "", -1, List.of()));
    }

    @Test
    void framesOfOneBinaryInManyProcessesAreTheSame() throws Exception {
        List<Integer> locations = new ArrayList<>();
        for (int process = 1; process <= 3; process++) {
            int mapping =
                    messages.mapping(
                            Mapping.newBuilder()
                                    .setMemoryStart(process * 0x10000L)
                                    .setMemoryLimit(process * 0x10000L + 0x1000)
                                    .setFilenameStrindex(messages.string("libc.so")));
            locations.add(
                    messages.location(
                            Location.newBuilder()
                                    .setMappingIndex(mapping)
                                    .setAddress(process * 0x10000L + 0x10)));
        }
        ProfileBatch batch =
                decode(
                        messages.cpu()
                                .addSamples(sample(messages.stack(locations.get(0)), 1))
                                .addSamples(sample(messages.stack(locations.get(1)), 1))
                                .addSamples(sample(messages.stack(locations.get(2)), 1)));
        assertThat(batch.frames()).hasSize(1);
        assertThat(batch.profiles().getFirst().values()).containsExactly(3);
    }

    @Test
    void onlyKindsOfCodeAreTaken() throws Exception {
        List<Integer> locations = new ArrayList<>();
        for (String kind : List.of("jvm", "label", "abort-marker", "JVM")) {
            locations.add(
                    messages.location(
                            Location.newBuilder()
                                    .setAddress(locations.size())
                                    .addAttributeIndices(
                                            messages.attribute("profile.frame.type", kind))));
        }
        int stack = messages.stack(locations.toArray(new Integer[0]));
        assertThat(decode(messages.cpu().addSamples(sample(stack, 1))).frames())
                .extracting(Frame::kind)
                .containsExactly(
                        FrameKind.JVM, FrameKind.UNKNOWN, FrameKind.UNKNOWN, FrameKind.UNKNOWN);
    }

    @Test
    void theBestNameOfAFunctionIsShown() throws Exception {
        messages.dictionary.addFunctionTable(
                Function.newBuilder()
                        .setNameStrindex(messages.string("f()"))
                        .setSystemNameStrindex(messages.string("_Z1fv"))
                        .setFilenameStrindex(messages.string("f.cc")));
        messages.dictionary.addFunctionTable(
                Function.newBuilder().setSystemNameStrindex(messages.string("_Z1gv")));
        messages.dictionary.addFunctionTable(
                Function.newBuilder().setFilenameStrindex(messages.string("h.cc")));
        messages.dictionary.addFunctionTable(
                Function.newBuilder()
                        .setNameStrindex(messages.string("same"))
                        .setSystemNameStrindex(messages.string("same")));
        Location.Builder location = Location.newBuilder();
        for (int function = 0; function <= 4; function++) {
            location.addLines(Line.newBuilder().setFunctionIndex(function).setLine(function));
        }
        ProfileBatch batch =
                decode(
                        messages.cpu()
                                .addSamples(
                                        sample(messages.stack(messages.location(location)), 1)));
        assertThat(batch.frames().getFirst().lines())
                .containsExactly(
                        new io.emberscope.profile.Line("f()", "_Z1fv", "f.cc", 1),
                        new io.emberscope.profile.Line("_Z1gv", "", "", 2),
                        new io.emberscope.profile.Line("h.cc", "", "h.cc", 3),
                        new io.emberscope.profile.Line("same", "", "", 4));
    }

    // The wire

    @Test
    void fieldsNobodyKnowsArePassedOver() throws Exception {
        UnknownFieldSet unknown =
                UnknownFieldSet.newBuilder()
                        .addField(
                                900,
                                UnknownFieldSet.Field.newBuilder()
                                        .addVarint(-1)
                                        .addFixed32(1)
                                        .addFixed64(2)
                                        .addLengthDelimited(ByteString.copyFromUtf8("x"))
                                        .build())
                        .build();
        int stack =
                messages.stack(
                        messages.location(
                                Location.newBuilder()
                                        .setUnknownFields(unknown)
                                        .addLines(
                                                Line.newBuilder()
                                                        .setFunctionIndex(messages.function("f"))
                                                        .setUnknownFields(unknown))));
        messages.resource.setUnknownFields(unknown);
        messages.dictionary.setUnknownFields(unknown);
        ExportProfilesServiceRequest request =
                messages.request(
                                messages.cpu()
                                        .setUnknownFields(unknown)
                                        .setOriginalPayload(ByteString.copyFromUtf8("payload"))
                                        .addSamples(sample(stack, 7).setUnknownFields(unknown)))
                        .setUnknownFields(unknown)
                        .build();
        ProfileBatch batch = OtlpDecoder.decode(request.toByteArray(), LIMITS);
        assertThat(batch.total()).isEqualTo(7);
        assertThat(functionNames(batch, 0)).containsExactly("f");
    }

    @Test
    void theDictionaryMayComeFirstAndInParts() throws Exception {
        int stack = messages.stack(messages.location("f"));
        ExportProfilesServiceRequest whole =
                messages.request(messages.cpu().addSamples(sample(stack, 7))).build();
        ProfilesDictionary dictionary = whole.getDictionary();
        ExportProfilesServiceRequest strings =
                ExportProfilesServiceRequest.newBuilder()
                        .setDictionary(
                                ProfilesDictionary.newBuilder()
                                        .addAllStringTable(dictionary.getStringTableList()))
                        .build();
        ExportProfilesServiceRequest rest =
                whole.toBuilder().setDictionary(dictionary.toBuilder().clearStringTable()).build();
        byte[] joined = strings.toByteString().concat(rest.toByteString()).toByteArray();
        assertThat(functionNames(OtlpDecoder.decode(joined, LIMITS), 0)).containsExactly("f");
    }

    @Test
    void repeatedNumbersMayBeUnpacked() throws Exception {
        int stack = messages.stack(messages.location("f"));
        UnknownFieldSet unpacked =
                UnknownFieldSet.newBuilder()
                        .addField(
                                4,
                                UnknownFieldSet.Field.newBuilder()
                                        .addVarint(3)
                                        .addVarint(4)
                                        .build())
                        .addField(
                                5,
                                UnknownFieldSet.Field.newBuilder()
                                        .addFixed64(TIME)
                                        .addFixed64(TIME)
                                        .build())
                        .build();
        ProfileBatch batch =
                decode(
                        messages.cpu()
                                .addSamples(
                                        Sample.newBuilder()
                                                .setStackIndex(stack)
                                                .setUnknownFields(unpacked)));
        assertThat(batch.total()).isEqualTo(7);
    }

    // Refusals: the message names the field and the rule

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

    // Making requests

    private ProfileBatch decode(
            io.opentelemetry.proto.profiles.v1development.Profile.Builder profile)
            throws MalformedInputException {
        return OtlpDecoder.decode(messages.bytes(profile), LIMITS);
    }

    private Labels labelsOf(Sample.Builder sample) throws MalformedInputException {
        return decode(messages.cpu().addSamples(sample)).profiles().getFirst().series().labels();
    }

    private ProfileType typeOf(String type, String unit, String periodType, String periodUnit)
            throws MalformedInputException {
        return decode(
                        messages.cpu()
                                .setSampleType(messages.valueType(type, unit))
                                .setPeriodType(messages.valueType(periodType, periodUnit))
                                .addSamples(sample(0, 1)))
                .profiles()
                .getFirst()
                .series()
                .type();
    }

    private static List<String> functionNames(ProfileBatch batch, int stack) {
        List<String> names = new ArrayList<>();
        for (int frame : batch.stacks().get(stack)) {
            names.add(batch.frames().get(frame).lines().getFirst().function());
        }
        return names;
    }

    private void addResource(String key, AnyValue value) {
        messages.resource.addAttributes(KeyValue.newBuilder().setKey(key).setValue(value));
    }

    private static KeyValue keyValue(String key, String value) {
        return KeyValue.newBuilder()
                .setKey(key)
                .setValue(AnyValue.newBuilder().setStringValue(value))
                .build();
    }

    private static AnyValue integer(long value) {
        return AnyValue.newBuilder().setIntValue(value).build();
    }

    private static AnyValue array(AnyValue... values) {
        return AnyValue.newBuilder()
                .setArrayValue(ArrayValue.newBuilder().addAllValues(List.of(values)))
                .build();
    }

    private static UnknownFieldSet.Field varint(long value) {
        return UnknownFieldSet.Field.newBuilder().addVarint(value).build();
    }

    private static UnknownFieldSet.Field delimited(byte[] bytes) {
        return UnknownFieldSet.Field.newBuilder()
                .addLengthDelimited(ByteString.copyFrom(bytes))
                .build();
    }

    private void assertLocationRefused(Location.Builder location, String message) {
        assertDictionaryRefused(() -> messages.stack(messages.location(location)), message);
    }

    /// Checks a stack in a dictionary of its own.
    private void assertDictionaryRefused(java.util.function.IntSupplier stack, String message) {
        ProfilesDictionary before = messages.dictionary.build();
        messages.dictionary.clear().mergeFrom(new OtlpMessages().dictionary.build());
        byte[] request = messages.bytes(messages.cpu().addSamples(sample(stack.getAsInt(), 1)));
        assertRefused(request, message);
        messages.dictionary.clear().mergeFrom(before);
    }

    private static void assertLimit(byte[] request, Limit limit, int value, String message) {
        assertThatThrownBy(() -> OtlpDecoder.decode(request, LIMITS.with(limit, value)))
                .as("%s", limit)
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }

    private static void assertRefused(byte[] request, String message) {
        assertThatThrownBy(() -> OtlpDecoder.decode(request, LIMITS))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }
}

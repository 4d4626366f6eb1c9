package io.emberscope.profile.otlp;

import static io.emberscope.profile.otlp.OtlpMessages.TIME;
import static io.emberscope.profile.otlp.OtlpMessages.sample;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
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

class OtlpDecoderTest extends OtlpDecoding {
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
                                0x7f0000003000L,
                                List.of()),
                        new Frame(FrameKind.UNKNOWN, "", "", -1, List.of()));
    }

    @Test
    void aMappingMaySayThatItsAddressesAreTheBinarysOwn() throws Exception {
        int buildId = messages.attribute("process.executable.build_id.gnu", "abcdef01");
        int own = messages.attribute("emberscope.mapping.own_addresses", "true");
        int mapping =
                messages.mapping(
                        Mapping.newBuilder()
                                .setMemoryStart(0x40_1000)
                                .setMemoryLimit(0x40_3000)
                                .setFileOffset(0x2000)
                                .addAttributeIndices(buildId)
                                .addAttributeIndices(own));
        int location =
                messages.location(
                        Location.newBuilder().setMappingIndex(mapping).setAddress(0x40_1010));
        ProfileBatch batch = decode(messages.cpu().addSamples(sample(messages.stack(location), 1)));
        assertThat(batch.frames())
                .containsExactly(
                        new Frame(FrameKind.UNKNOWN, "abcdef01", "", 0x2010, 0x40_1010, List.of()));
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
}

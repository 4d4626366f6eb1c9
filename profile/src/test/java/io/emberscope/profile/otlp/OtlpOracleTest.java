package io.emberscope.profile.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.Profiles;
import io.opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest;
import io.opentelemetry.proto.profiles.v1development.Function;
import io.opentelemetry.proto.profiles.v1development.KeyValueAndUnit;
import io.opentelemetry.proto.profiles.v1development.Line;
import io.opentelemetry.proto.profiles.v1development.Link;
import io.opentelemetry.proto.profiles.v1development.Location;
import io.opentelemetry.proto.profiles.v1development.Mapping;
import io.opentelemetry.proto.profiles.v1development.Profile;
import io.opentelemetry.proto.profiles.v1development.ProfilesDictionary;
import io.opentelemetry.proto.profiles.v1development.ResourceProfiles;
import io.opentelemetry.proto.profiles.v1development.Sample;
import io.opentelemetry.proto.profiles.v1development.Stack;
import io.opentelemetry.proto.resource.v1.Resource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Compares our encoder and decoder with the classes generated from the published definitions.
class OtlpOracleTest {
    private static final int SEEDS = Boolean.getBoolean("long") ? 500 : 200;

    @Test
    void theGeneratedClassesReadWhatWeEncode() throws Exception {
        for (long seed = 0; seed < SEEDS; seed++) {
            ProfileBatch batch = Profiles.random(seed);
            ExportProfilesServiceRequest request =
                    ExportProfilesServiceRequest.parseFrom(OtlpEncoder.encode(batch));
            assertThat(OtlpReference.content(request))
                    .as("seed %d", seed)
                    .isEqualTo(Profiles.content(batch));
            assertNoUnknownFields(request);
            checkDictionary(request, seed);
            checkResources(request, seed);
        }
    }

    @Test
    void weReadWhatTheGeneratedClassesWrite() throws Exception {
        for (long seed = 0; seed < SEEDS; seed++) {
            ExportProfilesServiceRequest request = OtlpRequests.random(seed);
            ProfileBatch batch = OtlpDecoder.decode(request.toByteArray(), IngestLimits.DEFAULT);
            assertThat(Profiles.content(batch))
                    .as("seed %d", seed)
                    .isEqualTo(OtlpReference.content(request));
            assertThat(new HashSet<>(batch.frames()))
                    .as("seed %d", seed)
                    .hasSameSizeAs(batch.frames());
            ProfileBatch again =
                    OtlpDecoder.decode(OtlpEncoder.encode(batch), IngestLimits.DEFAULT);
            assertThat(Profiles.content(again)).isEqualTo(Profiles.content(batch));
        }
    }

    @Test
    void theSmallBatchIsWrittenFieldByFieldAsExpected() throws Exception {
        ExportProfilesServiceRequest request =
                ExportProfilesServiceRequest.parseFrom(OtlpEncoder.encode(Profiles.cpu()));
        OtlpMessages expected = new OtlpMessages();
        expected.resource("process.executable.name", "web");
        expected.resource("k8s.node.name", "host-1");
        expected.resource("service.name", "web");
        int thread = expected.attribute("thread.name", "worker-1");
        Profile.Builder profile =
                expected.cpu()
                        .setPeriod(10_309_278L)
                        .addSamples(OtlpMessages.sample(1, 600_000_000, thread))
                        .addSamples(OtlpMessages.sample(2, 300_000_000, thread))
                        .addSamples(OtlpMessages.sample(3, 100_000_000, thread));
        int nativeFrame = expected.attribute("profile.frame.type", "native");
        int kernelFrame = expected.attribute("profile.frame.type", "kernel");
        int buildId =
                expected.attribute(
                        "process.executable.build_id.gnu",
                        "0123456789abcdef0123456789abcdef01234567");
        expected.mapping(
                Mapping.newBuilder()
                        .setMemoryLimit(0x3001)
                        .setFilenameStrindex(expected.string("/usr/bin/web"))
                        .addAttributeIndices(buildId));
        expected.mapping(
                Mapping.newBuilder()
                        .setMemoryLimit(0x4001)
                        .setFilenameStrindex(expected.string("[kernel]")));
        String[] functions = {"work", "main", "rest", "do_syscall_64"};
        long[] offsets = {0x2000, 0x1000, 0x3000, 0x4000};
        for (int i = 0; i < functions.length; i++) {
            expected.location(
                    Location.newBuilder()
                            .setMappingIndex(i < 3 ? 1 : 2)
                            .setAddress(offsets[i])
                            .addLines(
                                    Line.newBuilder()
                                            .setFunctionIndex(expected.function(functions[i])))
                            .addAttributeIndices(i < 3 ? nativeFrame : kernelFrame));
        }
        expected.stack(1, 2);
        expected.stack(3, 2);
        expected.stack(4, 2);
        ExportProfilesServiceRequest.Builder built = expected.request(profile);
        built.getResourceProfilesBuilder(0)
                .getScopeProfilesBuilder(0)
                .getScopeBuilder()
                .setName("emberscope");
        assertThat(withTextsInPlaceOfIndices(request))
                .isEqualTo(withTextsInPlaceOfIndices(built.build()));
    }

    /// Strings are numbered in any order, so requests are compared with each index into the table
    /// of strings followed by the string.
    private static String withTextsInPlaceOfIndices(ExportProfilesServiceRequest request) {
        ProfilesDictionary dictionary = request.getDictionary();
        StringBuilder text = new StringBuilder();
        String printed =
                request.toBuilder()
                        .setDictionary(dictionary.toBuilder().clearStringTable())
                        .build()
                        .toString();
        for (String line : printed.split("\n", -1)) {
            int colon = line.indexOf("strindex: ");
            text.append(
                    colon < 0
                            ? line
                            : line.substring(0, colon)
                                    + dictionary.getStringTable(
                                            Integer.parseInt(
                                                    line.substring(
                                                            colon + "strindex: ".length()))));
            text.append('\n');
        }
        return text.toString();
    }

    private static void checkDictionary(ExportProfilesServiceRequest request, long seed) {
        ProfilesDictionary dictionary = request.getDictionary();
        assertThat(dictionary.getStringTable(0)).isEmpty();
        assertThat(dictionary.getMappingTable(0)).isEqualTo(Mapping.getDefaultInstance());
        assertThat(dictionary.getLocationTable(0)).isEqualTo(Location.getDefaultInstance());
        assertThat(dictionary.getFunctionTable(0)).isEqualTo(Function.getDefaultInstance());
        assertThat(dictionary.getAttributeTable(0)).isEqualTo(KeyValueAndUnit.getDefaultInstance());
        assertThat(dictionary.getStackTable(0)).isEqualTo(Stack.getDefaultInstance());
        assertThat(dictionary.getLinkTableList())
                .containsExactly(
                        Link.newBuilder()
                                .setTraceId(ByteString.copyFrom(new byte[16]))
                                .setSpanId(ByteString.copyFrom(new byte[8]))
                                .build());
        List<List<?>> tables =
                List.of(
                        dictionary.getStringTableList(),
                        dictionary.getMappingTableList(),
                        dictionary.getLocationTableList(),
                        dictionary.getFunctionTableList(),
                        dictionary.getAttributeTableList(),
                        dictionary.getStackTableList());
        for (List<?> table : tables) {
            assertThat(table).as("seed %d", seed).doesNotHaveDuplicates();
        }
        checkNothingIsUnused(request, seed);
        for (Location location : dictionary.getLocationTableList()) {
            if (location.getMappingIndex() > 0 && location.getAddress() != -1) {
                assertThat(location.getAddress() + Long.MIN_VALUE)
                        .isLessThan(
                                dictionary
                                                .getMappingTable(location.getMappingIndex())
                                                .getMemoryLimit()
                                        + Long.MIN_VALUE);
            }
        }
    }

    private static void checkNothingIsUnused(ExportProfilesServiceRequest request, long seed) {
        ProfilesDictionary dictionary = request.getDictionary();
        Set<Integer> stacks = new HashSet<>(Set.of(0));
        Set<Integer> attributes = new HashSet<>(Set.of(0));
        for (ResourceProfiles resource : request.getResourceProfilesList()) {
            for (Profile profile : resource.getScopeProfiles(0).getProfilesList()) {
                attributes.addAll(profile.getAttributeIndicesList());
                for (Sample sample : profile.getSamplesList()) {
                    stacks.add(sample.getStackIndex());
                    attributes.addAll(sample.getAttributeIndicesList());
                }
            }
        }
        Set<Integer> locations = new HashSet<>(Set.of(0));
        dictionary
                .getStackTableList()
                .forEach(stack -> locations.addAll(stack.getLocationIndicesList()));
        Set<Integer> mappings = new HashSet<>(Set.of(0));
        Set<Integer> functions = new HashSet<>(Set.of(0));
        for (Location location : dictionary.getLocationTableList()) {
            mappings.add(location.getMappingIndex());
            attributes.addAll(location.getAttributeIndicesList());
            location.getLinesList().forEach(line -> functions.add(line.getFunctionIndex()));
        }
        dictionary
                .getMappingTableList()
                .forEach(mapping -> attributes.addAll(mapping.getAttributeIndicesList()));
        assertThat(stacks).as("seed %d", seed).hasSize(dictionary.getStackTableCount());
        assertThat(locations).as("seed %d", seed).hasSize(dictionary.getLocationTableCount());
        assertThat(mappings).as("seed %d", seed).hasSize(dictionary.getMappingTableCount());
        assertThat(functions).as("seed %d", seed).hasSize(dictionary.getFunctionTableCount());
        assertThat(attributes).as("seed %d", seed).hasSize(dictionary.getAttributeTableCount());
    }

    /// Resources, and profiles within them, are each there once.
    private static void checkResources(ExportProfilesServiceRequest request, long seed) {
        List<Resource> resources = new ArrayList<>();
        for (ResourceProfiles resource : request.getResourceProfilesList()) {
            resources.add(resource.getResource());
            assertThat(resource.getScopeProfilesCount()).isEqualTo(1);
            List<Profile> headers = new ArrayList<>();
            for (Profile profile : resource.getScopeProfiles(0).getProfilesList()) {
                headers.add(profile.toBuilder().clearSamples().build());
                assertThat(profile.getSamplesList())
                        .allSatisfy(sample -> assertThat(sample.getValuesCount()).isEqualTo(1));
            }
            assertThat(headers).as("seed %d", seed).doesNotHaveDuplicates();
        }
        assertThat(resources).as("seed %d", seed).doesNotHaveDuplicates();
    }

    private static void assertNoUnknownFields(Message message) {
        assertThat(message.getUnknownFields().asMap()).isEmpty();
        message.getAllFields()
                .values()
                .forEach(
                        value -> {
                            if (value instanceof Message one) {
                                assertNoUnknownFields(one);
                            } else if (value instanceof List<?> many) {
                                for (Object element : many) {
                                    if (element instanceof Message one) {
                                        assertNoUnknownFields(one);
                                    }
                                }
                            }
                        });
    }
}

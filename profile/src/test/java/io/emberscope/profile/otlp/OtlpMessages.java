package io.emberscope.profile.otlp;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
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
import io.opentelemetry.proto.profiles.v1development.ScopeProfiles;
import io.opentelemetry.proto.profiles.v1development.Stack;
import io.opentelemetry.proto.profiles.v1development.ValueType;
import io.opentelemetry.proto.resource.v1.Resource;

/// Builds requests with the generated classes, as another agent would. Each method returns the
/// index of a new entry of the dictionary.
final class OtlpMessages {
    static final long TIME = 1_767_225_600_000_000_000L;

    final ProfilesDictionary.Builder dictionary =
            ProfilesDictionary.newBuilder()
                    .addStringTable("")
                    .addMappingTable(Mapping.getDefaultInstance())
                    .addLocationTable(Location.getDefaultInstance())
                    .addFunctionTable(Function.getDefaultInstance())
                    .addLinkTable(
                            Link.newBuilder()
                                    .setTraceId(ByteString.copyFrom(new byte[16]))
                                    .setSpanId(ByteString.copyFrom(new byte[8])))
                    .addAttributeTable(KeyValueAndUnit.getDefaultInstance())
                    .addStackTable(Stack.getDefaultInstance());
    final Resource.Builder resource = Resource.newBuilder();

    int string(String text) {
        int known = dictionary.getStringTableList().indexOf(text);
        if (known >= 0) {
            return known;
        }
        dictionary.addStringTable(text);
        return dictionary.getStringTableCount() - 1;
    }

    int attribute(String key, String value) {
        return attribute(key, AnyValue.newBuilder().setStringValue(value).build());
    }

    int attribute(String key, AnyValue value) {
        dictionary.addAttributeTable(
                KeyValueAndUnit.newBuilder().setKeyStrindex(string(key)).setValue(value));
        return dictionary.getAttributeTableCount() - 1;
    }

    int mapping(Mapping.Builder mapping) {
        dictionary.addMappingTable(mapping);
        return dictionary.getMappingTableCount() - 1;
    }

    int function(String name) {
        dictionary.addFunctionTable(Function.newBuilder().setNameStrindex(string(name)));
        return dictionary.getFunctionTableCount() - 1;
    }

    int location(Location.Builder location) {
        dictionary.addLocationTable(location);
        return dictionary.getLocationTableCount() - 1;
    }

    int location(String function) {
        return location(
                Location.newBuilder()
                        .addLines(Line.newBuilder().setFunctionIndex(function(function))));
    }

    int stack(Integer... locations) {
        dictionary.addStackTable(
                Stack.newBuilder().addAllLocationIndices(java.util.List.of(locations)));
        return dictionary.getStackTableCount() - 1;
    }

    void resource(String key, String value) {
        resource.addAttributes(
                KeyValue.newBuilder()
                        .setKey(key)
                        .setValue(AnyValue.newBuilder().setStringValue(value)));
    }

    /// A CPU profile of 10 s with a time and without samples.
    Profile.Builder cpu() {
        return Profile.newBuilder()
                .setSampleType(valueType("cpu", "nanoseconds"))
                .setPeriodType(valueType("cpu", "nanoseconds"))
                .setTimeUnixNano(TIME)
                .setDurationNano(10_000_000_000L)
                .setPeriod(10_000_000L);
    }

    ValueType valueType(String type, String unit) {
        return ValueType.newBuilder()
                .setTypeStrindex(string(type))
                .setUnitStrindex(string(unit))
                .build();
    }

    static Sample.Builder sample(int stack, long value, Integer... attributes) {
        return Sample.newBuilder()
                .setStackIndex(stack)
                .addValues(value)
                .addAllAttributeIndices(java.util.List.of(attributes));
    }

    /// The request with these profiles in one scope of one resource.
    ExportProfilesServiceRequest.Builder request(Profile.Builder... profiles) {
        ScopeProfiles.Builder scope = ScopeProfiles.newBuilder();
        for (Profile.Builder profile : profiles) {
            scope.addProfiles(profile);
        }
        return ExportProfilesServiceRequest.newBuilder()
                .addResourceProfiles(
                        ResourceProfiles.newBuilder().setResource(resource).addScopeProfiles(scope))
                .setDictionary(dictionary);
    }

    byte[] bytes(Profile.Builder... profiles) {
        return request(profiles).build().toByteArray();
    }
}

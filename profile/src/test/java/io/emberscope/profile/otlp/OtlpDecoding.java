package io.emberscope.profile.otlp;

import static io.emberscope.profile.otlp.OtlpMessages.sample;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Labels;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.profiles.v1development.Location;
import io.opentelemetry.proto.profiles.v1development.ProfilesDictionary;
import io.opentelemetry.proto.profiles.v1development.Sample;
import java.util.ArrayList;
import java.util.List;

/// What the tests of the decoder share: making requests, and checking what becomes of them.
abstract class OtlpDecoding {
    static final IngestLimits LIMITS = IngestLimits.DEFAULT;

    final OtlpMessages messages = new OtlpMessages();

    ProfileBatch decode(io.opentelemetry.proto.profiles.v1development.Profile.Builder profile)
            throws MalformedInputException {
        return OtlpDecoder.decode(messages.bytes(profile), LIMITS);
    }

    Labels labelsOf(Sample.Builder sample) throws MalformedInputException {
        return decode(messages.cpu().addSamples(sample)).profiles().getFirst().series().labels();
    }

    ProfileType typeOf(String type, String unit, String periodType, String periodUnit)
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

    static List<String> functionNames(ProfileBatch batch, int stack) {
        List<String> names = new ArrayList<>();
        for (int frame : batch.stacks().get(stack)) {
            names.add(batch.frames().get(frame).lines().getFirst().function());
        }
        return names;
    }

    void addResource(String key, AnyValue value) {
        messages.resource.addAttributes(KeyValue.newBuilder().setKey(key).setValue(value));
    }

    static KeyValue keyValue(String key, String value) {
        return KeyValue.newBuilder()
                .setKey(key)
                .setValue(AnyValue.newBuilder().setStringValue(value))
                .build();
    }

    static AnyValue integer(long value) {
        return AnyValue.newBuilder().setIntValue(value).build();
    }

    static AnyValue array(AnyValue... values) {
        return AnyValue.newBuilder()
                .setArrayValue(ArrayValue.newBuilder().addAllValues(List.of(values)))
                .build();
    }

    static UnknownFieldSet.Field varint(long value) {
        return UnknownFieldSet.Field.newBuilder().addVarint(value).build();
    }

    static UnknownFieldSet.Field delimited(byte[] bytes) {
        return UnknownFieldSet.Field.newBuilder()
                .addLengthDelimited(ByteString.copyFrom(bytes))
                .build();
    }

    void assertLocationRefused(Location.Builder location, String message) {
        assertDictionaryRefused(() -> messages.stack(messages.location(location)), message);
    }

    /// Checks a stack in a dictionary of its own.
    void assertDictionaryRefused(java.util.function.IntSupplier stack, String message) {
        ProfilesDictionary before = messages.dictionary.build();
        messages.dictionary.clear().mergeFrom(new OtlpMessages().dictionary.build());
        byte[] request = messages.bytes(messages.cpu().addSamples(sample(stack.getAsInt(), 1)));
        assertRefused(request, message);
        messages.dictionary.clear().mergeFrom(before);
    }

    static void assertLimit(byte[] request, Limit limit, int value, String message) {
        assertThatThrownBy(() -> OtlpDecoder.decode(request, LIMITS.with(limit, value)))
                .as("%s", limit)
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }

    static void assertRefused(byte[] request, String message) {
        assertThatThrownBy(() -> OtlpDecoder.decode(request, LIMITS))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }
}

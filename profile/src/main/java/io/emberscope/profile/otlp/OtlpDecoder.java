package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.protobuf.Refusal;
import io.emberscope.profile.protobuf.WireReader;
import java.util.ArrayList;
import java.util.List;

/// Reads an OTLP `ExportProfilesServiceRequest` that a stranger sent.
///
/// Everything is checked before it is used: a request is either read as a whole or refused with a
/// message that names the field. `docs/formats/otlp.md` says what is refused, what is cut and what
/// is passed over. Memory and time are bounded by the size of the request and by [IngestLimits].
public final class OtlpDecoder {
    /// For requests whose times are set: a missing time is refused.
    static final long TIME_IS_SET = -1;

    private final byte[] bytes;
    private final IngestLimits limits;
    private final Dictionary dictionary;
    private final ProfileReader profileReader;
    private long resources;
    private long profiles;

    private OtlpDecoder(byte[] bytes, IngestLimits limits, long receivedNanos) {
        this.bytes = bytes;
        this.limits = limits;
        this.dictionary = new Dictionary(bytes, limits);
        this.profileReader = new ProfileReader(dictionary, limits, receivedNanos);
    }

    /// Reads a request whose profiles say when they were taken.
    ///
    /// @param protobuf the request, decompressed; it must not change
    /// @throws MalformedInputException if the request breaks a rule or a limit
    public static ProfileBatch decode(byte[] protobuf, IngestLimits limits)
            throws MalformedInputException {
        return new OtlpDecoder(protobuf, limits, TIME_IS_SET).decode().batch();
    }

    /// Reads a request. A profile without a time gets that of the earliest timestamp in its
    /// samples; without any, it is taken to have ended when it was received.
    ///
    /// @param protobuf the request, decompressed; it must not change
    /// @param receivedNanos now, in nanoseconds since the Unix epoch
    /// @throws MalformedInputException if the request breaks a rule or a limit
    public static DecodedRequest decode(byte[] protobuf, IngestLimits limits, long receivedNanos)
            throws MalformedInputException {
        if (receivedNanos < 0) {
            throw new IllegalArgumentException(
                    "receivedNanos: " + receivedNanos + " (expected: 0 or more)");
        }
        return new OtlpDecoder(protobuf, limits, receivedNanos).decode();
    }

    private DecodedRequest decode() throws MalformedInputException {
        Refusal.over(bytes.length, limits.get(Limit.REQUEST_BYTES), "request: bytes");
        // The dictionary may come after the profiles that refer to it.
        List<WireReader> resourceProfiles = new ArrayList<>();
        WireReader request = WireReader.of(bytes);
        while (request.next()) {
            switch (request.field()) {
                case 1 -> {
                    Refusal.over(++resources, limits.get(Limit.RESOURCES), "resource_profiles");
                    resourceProfiles.add(request.message("resource_profiles"));
                }
                case 2 -> {
                    WireReader message = request.message(Found.DICTIONARY);
                    try {
                        dictionary.read(message);
                    } catch (MalformedInputException e) {
                        throw Found.in(Found.DICTIONARY, e);
                    }
                }
                default -> request.skip();
            }
        }
        dictionary.ready();
        for (int i = 0; i < resourceProfiles.size(); i++) {
            try {
                resourceProfiles(resourceProfiles.get(i));
            } catch (MalformedInputException e) {
                throw Found.in("resource_profiles", i, e);
            }
        }
        return new DecodedRequest(
                new ProfileBatch(
                        dictionary.frames(), dictionary.stacks(), profileReader.profiles()),
                dictionary.cutStacks(),
                dictionary.cutNames(),
                profileReader.zeroSamples());
    }

    private void resourceProfiles(WireReader message) throws MalformedInputException {
        LabelScope labels = new LabelScope(limits);
        List<WireReader> scopeProfiles = new ArrayList<>(1);
        while (message.next()) {
            switch (message.field()) {
                case 1 -> {
                    WireReader resource = message.message("resource");
                    try {
                        attributes(resource, 1, labels);
                    } catch (MalformedInputException e) {
                        throw Found.in("resource", e);
                    }
                }
                case 2 -> {
                    Refusal.over(++resources, limits.get(Limit.RESOURCES), "scope_profiles");
                    scopeProfiles.add(message.message("scope_profiles"));
                }
                default -> message.skip();
            }
        }
        for (int i = 0; i < scopeProfiles.size(); i++) {
            try {
                scopeProfiles(scopeProfiles.get(i), labels);
            } catch (MalformedInputException e) {
                throw Found.in("scope_profiles", i, e);
            }
        }
    }

    private void scopeProfiles(WireReader message, LabelScope outer)
            throws MalformedInputException {
        LabelScope labels = new LabelScope(outer);
        List<WireReader> messages = new ArrayList<>();
        while (message.next()) {
            switch (message.field()) {
                case 1 -> {
                    WireReader scope = message.message("scope");
                    try {
                        attributes(scope, 3, labels);
                    } catch (MalformedInputException e) {
                        throw Found.in("scope", e);
                    }
                }
                case 2 -> {
                    Refusal.over(++profiles, limits.get(Limit.PROFILES), "profiles");
                    messages.add(message.message("profiles"));
                }
                default -> message.skip();
            }
        }
        for (int i = 0; i < messages.size(); i++) {
            try {
                profileReader.read(messages.get(i), labels);
            } catch (MalformedInputException e) {
                throw Found.in("profiles", i, e);
            }
        }
    }

    /// Reads the `repeated KeyValue` field of that number.
    private void attributes(WireReader message, int field, LabelScope labels)
            throws MalformedInputException {
        for (int i = 0; message.next(); ) {
            if (message.field() != field) {
                message.skip();
                continue;
            }
            WireReader attribute = message.message("attributes");
            try {
                attribute(attribute, labels);
            } catch (MalformedInputException e) {
                throw Found.in("attributes", i, e);
            }
            i++;
        }
    }

    private void attribute(WireReader keyValue, LabelScope labels) throws MalformedInputException {
        int keyMax = limits.get(Limit.LABEL_NAME_BYTES);
        String key = "";
        WireReader value = WireReader.of(bytes, 0, 0);
        while (keyValue.next()) {
            switch (keyValue.field()) {
                case 1 -> key = keyValue.text(keyMax, "key");
                case 2 -> value = keyValue.message("value");
                case 3 ->
                        key =
                                dictionary.text(
                                        keyValue.varint("key_strindex"), keyMax, "key_strindex");
                default -> keyValue.skip();
            }
        }
        String label = AttributeNames.label(key);
        if (label == null) {
            return;
        }
        try {
            AttributeValue read =
                    AttributeValue.read(value, dictionary, limits.get(Limit.LABEL_VALUE_BYTES));
            labels.add(label, key, read.text());
        } catch (MalformedInputException e) {
            throw Found.in("value", e);
        }
    }
}

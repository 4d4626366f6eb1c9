package io.emberscope.profile.otlp;

import io.opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.profiles.v1development.Function;
import io.opentelemetry.proto.profiles.v1development.Line;
import io.opentelemetry.proto.profiles.v1development.Location;
import io.opentelemetry.proto.profiles.v1development.Mapping;
import io.opentelemetry.proto.profiles.v1development.Profile;
import io.opentelemetry.proto.profiles.v1development.ResourceProfiles;
import io.opentelemetry.proto.profiles.v1development.Sample;
import io.opentelemetry.proto.profiles.v1development.ScopeProfiles;
import io.opentelemetry.proto.resource.v1.Resource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.IntSupplier;

/// Requests as other agents might send them, the same for the same seed. They keep to OTLP's rules
/// and use much of what it allows.
final class OtlpRequests {
    private OtlpRequests() {}

    static ExportProfilesServiceRequest random(long seed) {
        Random random = new Random(seed);
        OtlpMessages messages = new OtlpMessages();
        int[] attributes = fill(random, 12, () -> randomAttribute(random, messages));
        int kind = messages.attribute("profile.frame.type", "jvm");
        int buildId = messages.attribute("process.executable.build_id.gnu", "00ff12");
        int[] mappings =
                fill(
                        random,
                        5,
                        () ->
                                messages.mapping(
                                        Mapping.newBuilder()
                                                .setMemoryStart(random.nextInt(4) * 0x1000L)
                                                .setMemoryLimit(random.nextInt(8) * 0x1000L)
                                                .setFileOffset(random.nextInt(2) * 0x800L)
                                                .setFilenameStrindex(
                                                        messages.string("lib" + random.nextInt(2)))
                                                .addAllAttributeIndices(
                                                        random.nextBoolean()
                                                                ? List.of(buildId)
                                                                : List.of())));
        int[] functions = fill(random, 12, () -> randomFunction(random, messages));
        int[] locations =
                fill(random, 20, () -> randomLocation(random, messages, mappings, functions, kind));
        int[] stacks =
                fill(
                        random,
                        20,
                        () -> {
                            Integer[] stack = new Integer[random.nextInt(8)];
                            for (int i = 0; i < stack.length; i++) {
                                stack[i] = locations[1 + random.nextInt(locations.length - 1)];
                            }
                            return messages.stack(stack);
                        });
        ExportProfilesServiceRequest.Builder request = ExportProfilesServiceRequest.newBuilder();
        for (int i = random.nextInt(4); i > 0; i--) {
            ResourceProfiles.Builder resource = ResourceProfiles.newBuilder();
            resource.setResource(randomResource(random, messages));
            for (int j = random.nextInt(3); j > 0; j--) {
                ScopeProfiles.Builder scope = ScopeProfiles.newBuilder();
                for (int k = random.nextInt(4); k > 0; k--) {
                    scope.addProfiles(randomProfile(random, messages, stacks, attributes));
                }
                resource.addScopeProfiles(scope);
            }
            request.addResourceProfiles(resource);
        }
        return request.setDictionary(messages.dictionary).build();
    }

    /// Index 0 and some more.
    private static int[] fill(Random random, int max, IntSupplier entry) {
        int[] indices = new int[2 + random.nextInt(max)];
        for (int i = 1; i < indices.length; i++) {
            indices[i] = entry.getAsInt();
        }
        return indices;
    }

    private static int any(Random random, int[] indices) {
        return indices[random.nextInt(indices.length)];
    }

    private static int randomFunction(Random random, OtlpMessages messages) {
        Function.Builder function = Function.newBuilder();
        function.setNameStrindex(messages.string("f" + random.nextInt(4)));
        if (random.nextBoolean()) {
            function.setSystemNameStrindex(messages.string("f" + random.nextInt(4)));
            function.setNameStrindex(random.nextBoolean() ? 0 : function.getNameStrindex());
        }
        if (random.nextBoolean()) {
            function.setFilenameStrindex(messages.string("file" + random.nextInt(2)));
        }
        messages.dictionary.addFunctionTable(function);
        return messages.dictionary.getFunctionTableCount() - 1;
    }

    private static int randomLocation(
            Random random, OtlpMessages messages, int[] mappings, int[] functions, int kind) {
        Location.Builder location = Location.newBuilder();
        location.setMappingIndex(any(random, mappings));
        location.setAddress(random.nextInt(10) == 0 ? -1 : random.nextInt(0x8000));
        for (int i = random.nextInt(3); i > 0; i--) {
            location.addLines(
                    Line.newBuilder()
                            .setFunctionIndex(any(random, functions))
                            .setLine(random.nextInt(3)));
        }
        if (random.nextBoolean()) {
            location.addAttributeIndices(kind);
        }
        return messages.location(location);
    }

    private static final String[] KEYS = {
        "service.name",
        "process.executable.name",
        "thread.name",
        "thread.id",
        "process.pid",
        "k8s.pod.name",
        "zone",
        "http.route"
    };

    private static AnyValue randomValue(Random random, OtlpMessages messages) {
        AnyValue.Builder value = AnyValue.newBuilder();
        return switch (random.nextInt(6)) {
            case 0 -> value.setIntValue(random.nextInt(3)).build();
            case 1 -> value.setBoolValue(random.nextBoolean()).build();
            case 2 -> value.setDoubleValue(1.5).build();
            case 3 -> value.setStringValueStrindex(messages.string("s")).build();
            default -> value.setStringValue("v" + random.nextInt(3)).build();
        };
    }

    private static int randomAttribute(Random random, OtlpMessages messages) {
        String key = KEYS[random.nextInt(KEYS.length)];
        return messages.attribute(key, randomValue(random, messages));
    }

    private static Resource randomResource(Random random, OtlpMessages messages) {
        Resource.Builder resource = Resource.newBuilder();
        for (String key : KEYS) {
            if (random.nextInt(3) == 0) {
                resource.addAttributes(
                        KeyValue.newBuilder().setKey(key).setValue(randomValue(random, messages)));
            }
        }
        return resource.build();
    }

    private static Profile randomProfile(
            Random random, OtlpMessages messages, int[] stacks, int[] attributes) {
        Profile.Builder profile =
                messages.cpu().setTimeUnixNano(OtlpMessages.TIME + random.nextInt(3));
        profile.setPeriod(random.nextInt(3));
        if (random.nextBoolean()) {
            profile.setSampleType(messages.valueType("samples", "count"));
        }
        profile.addAllAttributeIndices(distinctKeys(random, messages, attributes));
        boolean stamped = random.nextBoolean();
        for (int i = random.nextInt(30); i > 0; i--) {
            Sample.Builder sample = Sample.newBuilder().setStackIndex(any(random, stacks));
            sample.addAllAttributeIndices(distinctKeys(random, messages, attributes));
            for (int j = random.nextInt(1, 4); j > 0; j--) {
                if (stamped) {
                    sample.addTimestampsUnixNano(OtlpMessages.TIME + j);
                } else {
                    sample.addValues(random.nextInt(1000));
                }
            }
            profile.addSamples(sample);
        }
        return profile.build();
    }

    /// A few attributes with a key each of their own, as OTLP wants it.
    private static List<Integer> distinctKeys(
            Random random, OtlpMessages messages, int[] attributes) {
        List<Integer> chosen = new ArrayList<>();
        Set<Integer> keys = new HashSet<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            int attribute = any(random, attributes);
            if (keys.add(messages.dictionary.getAttributeTable(attribute).getKeyStrindex())) {
                chosen.add(attribute);
            }
        }
        return chosen;
    }
}

package io.emberscope.profile.otlp;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.ProfileType;
import io.opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.profiles.v1development.Function;
import io.opentelemetry.proto.profiles.v1development.KeyValueAndUnit;
import io.opentelemetry.proto.profiles.v1development.Location;
import io.opentelemetry.proto.profiles.v1development.Mapping;
import io.opentelemetry.proto.profiles.v1development.Profile;
import io.opentelemetry.proto.profiles.v1development.ProfilesDictionary;
import io.opentelemetry.proto.profiles.v1development.ResourceProfiles;
import io.opentelemetry.proto.profiles.v1development.Sample;
import io.opentelemetry.proto.profiles.v1development.ScopeProfiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A plain reading of requests, over the generated classes, to compare ours with. It knows neither
/// limits nor bad input.
final class OtlpReference {
    private static final Map<String, String> LABELS =
            Map.ofEntries(
                    Map.entry("service.name", "service_name"),
                    Map.entry("process.executable.name", "executable"),
                    Map.entry("thread.name", "thread_name"),
                    Map.entry("container.id", "container_id"),
                    Map.entry("k8s.pod.uid", "pod_uid"),
                    Map.entry("k8s.pod.name", "pod"),
                    Map.entry("k8s.namespace.name", "namespace"),
                    Map.entry("k8s.container.name", "container"),
                    Map.entry("k8s.node.name", "node"),
                    Map.entry("host.name", "host"));

    private final ProfilesDictionary dictionary;
    private final Map<String, Long> content = new TreeMap<>();

    private OtlpReference(ProfilesDictionary dictionary) {
        this.dictionary = dictionary;
    }

    /// The request in the form of [io.emberscope.profile.Profiles#content].
    static Map<String, Long> content(ExportProfilesServiceRequest request) {
        OtlpReference reference = new OtlpReference(request.getDictionary());
        for (ResourceProfiles resource : request.getResourceProfilesList()) {
            Map<String, String> outer = new TreeMap<>();
            for (KeyValue attribute : resource.getResource().getAttributesList()) {
                reference.label(outer, attribute.getKey(), attribute.getValue());
            }
            for (ScopeProfiles scope : resource.getScopeProfilesList()) {
                Map<String, String> inner = new TreeMap<>(outer);
                for (KeyValue attribute : scope.getScope().getAttributesList()) {
                    reference.label(inner, attribute.getKey(), attribute.getValue());
                }
                scope.getProfilesList().forEach(profile -> reference.profile(profile, inner));
            }
        }
        return reference.content;
    }

    private void profile(Profile profile, Map<String, String> outer) {
        Map<String, String> labels = new TreeMap<>(outer);
        String name = "";
        for (int index : profile.getAttributeIndicesList()) {
            KeyValueAndUnit attribute = dictionary.getAttributeTable(index);
            if (string(attribute.getKeyStrindex()).equals("emberscope.profile.name")) {
                name = attribute.getValue().getStringValue();
            } else {
                label(labels, string(attribute.getKeyStrindex()), attribute.getValue());
            }
        }
        String sampleType = string(profile.getSampleType().getTypeStrindex());
        String sampleUnit = string(profile.getSampleType().getUnitStrindex());
        String periodType = string(profile.getPeriodType().getTypeStrindex());
        String periodUnit = string(profile.getPeriodType().getUnitStrindex());
        ProfileType type = ProfileType.of(sampleType, sampleUnit, periodType, periodUnit);
        long factor = 1;
        if (!name.isEmpty()) {
            type = new ProfileType(name, sampleType, sampleUnit, periodType, periodUnit);
        } else if (sampleType.equals("samples")
                && type.name().equals("process_cpu")
                && profile.getPeriod() > 0) {
            type = ProfileType.CPU;
            factor = profile.getPeriod();
        }
        for (Sample sample : profile.getSamplesList()) {
            Map<String, String> own = new TreeMap<>(labels);
            for (int index : sample.getAttributeIndicesList()) {
                KeyValueAndUnit attribute = dictionary.getAttributeTable(index);
                if (!attribute.getValue().hasIntValue()) {
                    label(own, string(attribute.getKeyStrindex()), attribute.getValue());
                }
            }
            own.putIfAbsent("service_name", own.getOrDefault("executable", "unknown_service"));
            long value =
                    sample.getValuesCount() > 0
                            ? sample.getValuesList().stream().mapToLong(v -> v).sum()
                            : sample.getTimestampsUnixNanoCount();
            if (value > 0) {
                String key =
                        type.id()
                                + Labels.of(own)
                                + profile.getTimeUnixNano()
                                + '+'
                                + profile.getDurationNano()
                                + '/'
                                + profile.getPeriod()
                                + stack(sample.getStackIndex());
                content.merge(key, value * factor, Long::sum);
            }
        }
    }

    private void label(Map<String, String> labels, String key, AnyValue value) {
        if (key.equals("process.pid") || key.equals("thread.id")) {
            return;
        }
        String text =
                switch (value.getValueCase()) {
                    case STRING_VALUE -> value.getStringValue();
                    case STRING_VALUE_STRINDEX -> string(value.getStringValueStrindex());
                    case BOOL_VALUE -> String.valueOf(value.getBoolValue());
                    case INT_VALUE -> String.valueOf(value.getIntValue());
                    case DOUBLE_VALUE, ARRAY_VALUE, KVLIST_VALUE, BYTES_VALUE, VALUE_NOT_SET -> "";
                };
        if (!text.isEmpty()) {
            labels.put(LABELS.getOrDefault(key, key.replace('.', '_')), text);
        }
    }

    private String stack(int index) {
        StringBuilder text = new StringBuilder();
        for (int location : dictionary.getStackTable(index).getLocationIndicesList()) {
            text.append('\n').append(frame(dictionary.getLocationTable(location)));
        }
        return text.toString();
    }

    private Frame frame(Location location) {
        FrameKind kind = FrameKind.UNKNOWN;
        for (int index : location.getAttributeIndicesList()) {
            KeyValueAndUnit attribute = dictionary.getAttributeTable(index);
            if (string(attribute.getKeyStrindex()).equals("profile.frame.type")) {
                kind = FrameKind.of(attribute.getValue().getStringValue());
            }
        }
        Mapping mapping = dictionary.getMappingTable(location.getMappingIndex());
        String buildId = "";
        boolean own = false;
        for (int index : mapping.getAttributeIndicesList()) {
            KeyValueAndUnit attribute = dictionary.getAttributeTable(index);
            if (string(attribute.getKeyStrindex()).equals("process.executable.build_id.gnu")) {
                buildId = attribute.getValue().getStringValue();
            }
            own |= string(attribute.getKeyStrindex()).equals("emberscope.mapping.own_addresses");
        }
        long address = location.getAddress();
        boolean inside =
                Long.compareUnsigned(address, mapping.getMemoryStart()) >= 0
                        && Long.compareUnsigned(address, mapping.getMemoryLimit()) < 0;
        List<Line> lines = new ArrayList<>();
        location.getLinesList()
                .forEach(
                        line -> {
                            Function function =
                                    dictionary.getFunctionTable(line.getFunctionIndex());
                            String name = string(function.getNameStrindex());
                            String systemName = string(function.getSystemNameStrindex());
                            String shown = name.isEmpty() ? systemName : name;
                            if (!shown.isEmpty()) {
                                lines.add(
                                        new Line(
                                                shown,
                                                systemName.equals(shown) ? "" : systemName,
                                                string(function.getFilenameStrindex()),
                                                (int) line.getLine()));
                            }
                        });
        return new Frame(
                kind,
                buildId,
                string(mapping.getFilenameStrindex()),
                inside ? address - mapping.getMemoryStart() + mapping.getFileOffset() : address,
                buildId.isEmpty() || (inside && !own) ? Frame.NO_ADDRESS : address,
                lines);
    }

    private String string(int index) {
        return dictionary.getStringTable(index);
    }
}

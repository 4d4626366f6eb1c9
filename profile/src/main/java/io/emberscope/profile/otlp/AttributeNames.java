package io.emberscope.profile.otlp;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// How OTLP's attributes and our labels are called by each other's side, and which attributes never
/// become labels.
final class AttributeNames {
    static final String BUILD_ID = "process.executable.build_id.gnu";
    static final String FRAME_TYPE = "profile.frame.type";

    /// Our own attribute of a profile: the first part of its [io.emberscope.profile.ProfileType].
    static final String PROFILE_NAME = "emberscope.profile.name";

    /// Our own attribute of a mapping: that it is where the binary itself says that it wants to be,
    /// so that the addresses of its locations are the binary's own. Its value is `true`.
    static final String OWN_ADDRESSES = "emberscope.mapping.own_addresses";

    static final String TRUE = "true";

    static final String EXECUTABLE = "executable";

    /// Labels that are attributes of samples; all others are of a resource.
    static final List<String> OF_SAMPLES = List.of("thread_name", "thread_state");

    private static final Map<String, String> LABEL_OF =
            Map.ofEntries(
                    Map.entry("service.name", "service_name"),
                    Map.entry("process.executable.name", EXECUTABLE),
                    Map.entry("thread.name", "thread_name"),
                    Map.entry("thread.state", "thread_state"),
                    Map.entry("container.id", "container_id"),
                    Map.entry("k8s.pod.uid", "pod_uid"),
                    Map.entry("k8s.pod.name", "pod"),
                    Map.entry("k8s.namespace.name", "namespace"),
                    Map.entry("k8s.container.name", "container"),
                    Map.entry("k8s.node.name", "node"),
                    Map.entry("host.name", "host"));

    private static final Map<String, String> ATTRIBUTE_OF =
            LABEL_OF.entrySet().stream()
                    .collect(Collectors.toUnmodifiableMap(Map.Entry::getValue, Map.Entry::getKey));

    // What tells one process, thread, CPU or request from another has a value for each of them: a
    // fork storm would make a series of every process. Paths and command lines are as many where
    // builds run in temporary directories.
    private static final Set<String> NEVER =
            Set.of(
                    "pid",
                    "tid",
                    "tgid",
                    "cpu",
                    "cpu_id",
                    "cpu_logical_number",
                    "thread_id",
                    "process_pid",
                    "process_vpid",
                    "process_parent_pid",
                    "process_group_leader_pid",
                    "process_session_leader_pid",
                    "process_creation_time",
                    "process_command",
                    "process_command_args",
                    "process_command_line",
                    "process_executable_path",
                    "process_working_directory",
                    "trace_id",
                    "span_id",
                    "profile_frame_type",
                    "emberscope_profile_name");
    private static final String NEVER_PREFIX = "process_executable_build_id_";
    private static final String RESERVED_PREFIX = "__";

    private AttributeNames() {}

    /// Whether the attribute is one of those that have a label of their own.
    static boolean known(String attribute) {
        return LABEL_OF.containsKey(attribute);
    }

    /// The label that an attribute becomes, or null if it never becomes one. Where the attribute
    /// has no label of its own, characters that a label name cannot have become underscores.
    static @Nullable String label(String attribute) {
        String own = LABEL_OF.get(attribute);
        if (own != null) {
            return own;
        }
        String label = legal(attribute);
        return label.isEmpty()
                        || NEVER.contains(label)
                        || label.startsWith(NEVER_PREFIX)
                        || label.startsWith(RESERVED_PREFIX)
                ? null
                : label;
    }

    /// The attribute that carries a label.
    static String attribute(String label) {
        return ATTRIBUTE_OF.getOrDefault(label, label);
    }

    private static String legal(String attribute) {
        StringBuilder label = new StringBuilder(attribute.length() + 1);
        for (int i = 0; i < attribute.length(); i++) {
            char c = attribute.charAt(i);
            boolean digit = c >= '0' && c <= '9';
            if (digit && i == 0) {
                label.append('_');
            }
            boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
            label.append(letter || digit ? c : '_');
        }
        return label.toString();
    }
}

package io.emberscope.collector.doctor;

import io.emberscope.bpf.KernelFeature;
import java.util.List;
import java.util.Set;

/// The report of `doctor`.
public final class Doctor {
    /// Without one of these there is no sampling.
    private static final Set<String> ESSENTIAL =
            Set.of("BTF", "native library", "perf events", "BPF ring buffer", "BPF sampler");

    private static final int WIDTH = 76;

    private Doctor() {}

    /// The report, a line or more for each feature.
    public static String report(List<KernelFeature> features) {
        StringBuilder out = new StringBuilder();
        for (KernelFeature feature : features) {
            String sign =
                    switch (feature.state()) {
                        case OK -> "ok       ";
                        case MISSING -> "missing  ";
                        case UNKNOWN -> "unknown  ";
                    };
            out.append(sign).append(feature.name()).append('\n');
            paragraph(out, "", feature.detail());
            if (feature.state() != KernelFeature.State.OK) {
                paragraph(out, "lost:   ", feature.whatIsLost());
                paragraph(out, "to get: ", feature.howToGet());
            }
        }
        out.append('\n').append(verdict(features)).append('\n');
        return out.toString();
    }

    /// Whether the collector can sample.
    public static boolean canSample(List<KernelFeature> features) {
        return essentialsMissing(features).isEmpty();
    }

    private static String verdict(List<KernelFeature> features) {
        List<String> missing = essentialsMissing(features);
        if (!missing.isEmpty()) {
            return "The collector cannot sample here; it needs: "
                    + String.join(", ", missing)
                    + '.';
        }
        long other =
                features.stream()
                        .filter(feature -> feature.state() == KernelFeature.State.MISSING)
                        .count();
        return other == 0
                ? "The collector can sample here."
                : "The collector can sample here, with less where something is missing above.";
    }

    private static List<String> essentialsMissing(List<KernelFeature> features) {
        return features.stream()
                .filter(feature -> feature.state() == KernelFeature.State.MISSING)
                .map(KernelFeature::name)
                .filter(ESSENTIAL::contains)
                .toList();
    }

    /// Appends a text broken into lines, indented.
    private static void paragraph(StringBuilder out, String label, String text) {
        wrap(out, " ".repeat(9), label, text);
    }

    static void wrap(StringBuilder out, String indent, String label, String text) {
        if (text.isBlank()) {
            return;
        }
        StringBuilder line = new StringBuilder(indent + label);
        int empty = line.length();
        for (String word : text.strip().split("\\s+", -1)) {
            if (line.length() > empty
                    && line.length() + 1 + word.length() > WIDTH + indent.length()) {
                out.append(line).append('\n');
                line = new StringBuilder(indent + " ".repeat(label.length()));
                empty = line.length();
            }
            if (line.length() > empty) {
                line.append(' ');
            }
            line.append(word);
        }
        out.append(line).append('\n');
    }
}

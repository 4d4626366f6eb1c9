package io.emberscope.collector.doctor;

import io.emberscope.bpf.StackEnd;
import io.emberscope.collector.aggregate.CutStacks;
import io.emberscope.collector.process.Names;
import io.emberscope.collector.unwind.Unwinding;
import io.emberscope.profile.CutReason;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// What `doctor` tells of the stacks of a collector that runs: how many reach their root, and where
/// and why the others end. Read from its metrics, so it is since that collector started.
public final class StackReport {
    /// The name of the collector's counters of user stacks by end.
    public static final String USER_STACKS = "emberscope_collector_user_stacks_total";

    static final int BINARIES_SHOWN = 10;

    private static final int CONNECT_MILLIS = 1_000;
    private static final int READ_MILLIS = 3_000;
    private static final int BYTES_MAX = 4 << 20;

    private final Map<String, Long> ends = new TreeMap<>();
    private final Map<String, Map<String, Long>> cuts = new HashMap<>();
    private String quality = "";

    private StackReport() {}

    /// Asks a collector and tells; a line if there is none.
    ///
    /// @param host name or address of the collector's metrics, without brackets
    public static String of(String host, int port) {
        String address = (host.indexOf(':') < 0 ? host : '[' + host + ']') + ':' + port;
        String text;
        try {
            text = metrics(address);
        } catch (IOException | IllegalArgumentException e) {
            return "No collector answers at "
                    + address
                    + ", so nothing is known of its stacks ("
                    + Names.clean(String.valueOf(e.getMessage()))
                    + ").\n";
        }
        StackReport report = new StackReport();
        try {
            text.lines().forEach(report::read);
        } catch (IllegalArgumentException e) {
            return notOurs(address);
        }
        return report.ends.isEmpty() ? notOurs(address) : report.report(address);
    }

    private static String notOurs(String address) {
        return "What answers at " + address + " is no collector that counts its stacks.\n";
    }

    private static String metrics(String address) throws IOException {
        URI uri = URI.create("http://" + address + "/metrics");
        HttpURLConnection connection =
                (HttpURLConnection) uri.toURL().openConnection(Proxy.NO_PROXY);
        connection.setConnectTimeout(CONNECT_MILLIS);
        connection.setReadTimeout(READ_MILLIS);
        connection.setInstanceFollowRedirects(false);
        try {
            int status = connection.getResponseCode();
            if (status != HttpURLConnection.HTTP_OK) {
                throw new IOException("status " + status + " (expected: 200)");
            }
            try (InputStream in = connection.getInputStream()) {
                byte[] body = in.readNBytes(BYTES_MAX + 1);
                if (body.length > BYTES_MAX) {
                    throw new IOException("answer: (expected: at most " + BYTES_MAX + " bytes)");
                }
                return new String(body, StandardCharsets.UTF_8);
            }
        } finally {
            connection.disconnect();
        }
    }

    private void read(String line) {
        if (line.startsWith(USER_STACKS + '{')) {
            Map<String, String> labels = new HashMap<>();
            long value = labels(line, USER_STACKS.length() + 1, labels);
            end(labels, ends, value);
        } else if (line.startsWith(CutStacks.NAME + '{')) {
            Map<String, String> labels = new HashMap<>();
            long value = labels(line, CutStacks.NAME.length() + 1, labels);
            String binary = labels.getOrDefault("binary", "");
            end(labels, cuts.computeIfAbsent(binary, _ -> new TreeMap<>()), value);
        } else if (line.startsWith(Unwinding.QUALITY + '{') && line.endsWith(" 1")) {
            Map<String, String> labels = new HashMap<>();
            labels(line, Unwinding.QUALITY.length() + 1, labels);
            quality = labels.getOrDefault("step", "");
        }
    }

    private static void end(Map<String, String> labels, Map<String, Long> sums, long value) {
        sums.merge(labels.getOrDefault("end", ""), value, Long::sum);
    }

    /// What an end is called in marks; one that only another version knows, by its label.
    private static String text(String end) {
        for (StackEnd known : StackEnd.values()) {
            if (label(known).equals(end)) {
                return known.text();
            }
        }
        return Names.clean(end);
    }

    private static String label(StackEnd end) {
        return end.name().toLowerCase(Locale.ROOT);
    }

    /// Reads `name="value",...} number` as [io.emberscope.base.metrics.Metrics] writes it.
    private static long labels(String line, int from, Map<String, String> labels) {
        int at = from;
        while (true) {
            int equals = line.indexOf("=\"", at);
            if (equals < 0) {
                throw new IllegalArgumentException("labels: (expected: name=\"value\")");
            }
            StringBuilder value = new StringBuilder();
            int i = equals + 2;
            for (; i < line.length() && line.charAt(i) != '"'; i++) {
                boolean escaped = line.charAt(i) == '\\' && i + 1 < line.length();
                char c = line.charAt(escaped ? ++i : i);
                value.append(escaped && c == 'n' ? '\n' : c);
            }
            labels.put(line.substring(at, equals), value.toString());
            if (line.startsWith("\",", i)) {
                at = i + 2;
            } else if (line.startsWith("\"} ", i)) {
                return Long.parseLong(line.substring(i + 3));
            } else {
                throw new IllegalArgumentException("labels: (expected: a comma or their end)");
            }
        }
    }

    private String report(String address) {
        long byKernel = of(StackEnd.BY_KERNEL);
        long all = sum(ends) - of(StackEnd.NO_STACK) - byKernel;
        StringBuilder out = new StringBuilder();
        if (all == 0) {
            out.append("The collector at ").append(address).append(" has walked no stacks yet.\n");
        } else {
            String share = percent(of(StackEnd.COMPLETE), all);
            Doctor.wrap(
                    out,
                    "",
                    "",
                    String.format(
                            Locale.ROOT,
                            "Of %,d user stacks that the collector at %s has walked since it"
                                    + " started, %s are complete to their root.",
                            all,
                            address,
                            share));
        }
        if (byKernel > 0) {
            Doctor.wrap(
                    out,
                    "",
                    "",
                    String.format(
                            Locale.ROOT,
                            "%,d more were walked by the kernel, by frame pointers: whether those"
                                    + " are complete is not known.",
                            byKernel));
        }
        appendQuality(out);
        appendCuts(out, all);
        return out.toString();
    }

    private void appendQuality(StringBuilder out) {
        String what =
                switch (quality) {
                    case "frame_pointers" ->
                            "not all unwind tables fit, and code whose table does not goes by frame"
                                    + " pointers.";
                    case "leaf_only" ->
                            "of some processes not even what they have mapped fits, and their"
                                    + " samples have the innermost frame only.";
                    default -> "";
                };
        if (!what.isEmpty()) {
            Doctor.wrap(
                    out,
                    "",
                    "",
                    "Its memory budget is reached now: " + what + " Raise its --memory.");
        }
    }

    private void appendCuts(StringBuilder out, long all) {
        List<Map.Entry<String, Map<String, Long>>> rows = new ArrayList<>(cuts.entrySet());
        rows.sort(
                Comparator.comparingLong(
                                (Map.Entry<String, Map<String, Long>> row) -> -sum(row.getValue()))
                        .thenComparing(Map.Entry::getKey));
        Map<String, Long> shown = new TreeMap<>();
        for (Map.Entry<String, Map<String, Long>> row :
                rows.subList(0, Math.min(BINARIES_SHOWN, rows.size()))) {
            String why =
                    row.getValue().entrySet().stream()
                            .sorted(Comparator.comparingLong(e -> -e.getValue()))
                            .map(Map.Entry::getKey)
                            .map(StackReport::text)
                            .collect(Collectors.joining(", "));
            out.append(
                    String.format(
                            Locale.ROOT,
                            "%10s  %s: %s%n",
                            percent(sum(row.getValue()), all),
                            Names.clean(row.getKey()),
                            why));
            row.getValue().forEach((end, value) -> shown.merge(end, value, Long::sum));
        }
        if (rows.size() > BINARIES_SHOWN) {
            out.append(
                    String.format(
                            Locale.ROOT,
                            "%12s%d more binaries%n",
                            "",
                            rows.size() - BINARIES_SHOWN));
        }
        shown.entrySet().stream()
                .sorted(Comparator.comparingLong(e -> -e.getValue()))
                .map(Map.Entry::getKey)
                .forEach(
                        end ->
                                CutReason.of(text(end))
                                        .ifPresent(
                                                reason ->
                                                        Doctor.wrap(
                                                                out,
                                                                "  ",
                                                                reason.text() + ": ",
                                                                reason.meaning()
                                                                        + ' '
                                                                        + reason.help())));
    }

    private long of(StackEnd end) {
        return ends.getOrDefault(label(end), 0L);
    }

    private static long sum(Map<String, Long> sums) {
        return sums.values().stream().mapToLong(Long::longValue).sum();
    }

    /// A share, but never all or nothing when it is not.
    private static String percent(long part, long whole) {
        if (whole == 0) {
            return "-";
        }
        double percent = 100.0 * part / whole;
        if (part < whole && percent >= 99.95) {
            return "> 99.9 %";
        }
        return part > 0 && percent < 0.05
                ? "< 0.1 %"
                : String.format(Locale.ROOT, "%.1f %%", percent);
    }
}

package io.emberscope.collector;

import io.emberscope.bpf.EventKind;
import io.emberscope.bpf.SamplerOptions.Unwinding;
import io.emberscope.bpf.WaitEnd;
import io.emberscope.collector.export.HttpTarget;
import java.net.URL;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The options of `collect`, checked.
///
/// @param server where batches go
/// @param data directory for identity and spool
/// @param frequencyHz samples per second of CPU time
/// @param event what makes the sampler look
/// @param unwinding how user stacks are walked, or null for the best way there is
/// @param memoryBytesMax for all of the agent, or 0 for what the machine suggests
/// @param waitEnd how ends of waits are known, or null for the best way there is
/// @param samplingFile says what is sampled; may be missing
/// @param node name of this machine, or empty for the host's name
/// @param metricsListen where metrics are served, or null for nowhere
/// @param tokenFile holds a bearer token, or null
/// @param caFile certificates to trust, or null for the JDK's
/// @param certFile our certificate, or null
/// @param keyFile its key; null exactly if that is
/// @param proxy for HTTP, or null
/// @param spoolBytesMax most bytes of spooled batches
/// @param nice value to run at
record CollectorOptions(
        URL server,
        Path data,
        int frequencyHz,
        EventKind event,
        @Nullable Unwinding unwinding,
        long memoryBytesMax,
        @Nullable WaitEnd waitEnd,
        Path samplingFile,
        String node,
        @Nullable HostPort metricsListen,
        @Nullable Path tokenFile,
        @Nullable Path caFile,
        @Nullable Path certFile,
        @Nullable Path keyFile,
        @Nullable HostPort proxy,
        long spoolBytesMax,
        int nice) {
    static final String HELP =
            """
              --server URL           where profiles go: an Emberscope server or any other OTLP
                                     endpoint (default: http://127.0.0.1:4040)
              --data DIR             for identity and spool (default: /var/lib/emberscope/collector)
              --frequency HZ         samples per second of CPU time, 1 to 1000 (default: 97)
              --event KIND           cpu-clock, or cpu-cycles where there is a hardware counter;
                                     the latter is untested (default: cpu-clock)
              --unwind HOW           how user stacks are walked: tables, tables-bounded (the same
                                     for kernels before 5.17) or frame-pointers (default: the
                                     first of these that the kernel takes)
              --memory SIZE          most memory that all of this may take, such as 256MiB, as a
                                     control group counts it: BPF maps are in it. When it is
                                     reached, quality falls step by step and says so (default:
                                     160MiB and 1MiB for each CPU, or the limit of our control
                                     group if that is less)
              --off-cpu-by HOW       how it is known that a wait is over: tracepoint (Linux 6.16) or
                                     interrupt (x86-64; default: the first of these that the
                                     kernel has)
              --sampling FILE        what to sample: off-CPU time, rates and exclusions, CPU budget;
                                     may be changed while we run, and may be missing
                                     (default: /etc/emberscope/sampling.conf)
              --node NAME            label of this machine (default: its host name)
              --metrics-listen ADDR  serves /metrics and /ready there; off for nowhere
                                     (default: 127.0.0.1:4041)
              --token-file FILE      bearer token for the server; may be replaced while we run
              --ca-file FILE         PEM certificates to trust for https, instead of the JDK's
              --cert-file FILE       PEM certificate to show to the server, with --key-file
              --key-file FILE        its key: PEM, PKCS #8, not encrypted
              --proxy HOST:PORT      HTTP proxy (default: http_proxy or https_proxy of the
                                     environment, unless no_proxy names the server)
              --spool-size SIZE      most bytes kept while the server is away, such as 64MiB; the
                                     oldest are dropped beyond that (default: 256MiB)
              --nice N               nice value to run at, -20 to 19: by default the highest
                                     priority, so that no workload can keep us from the CPU; given
                                     up while we use more than a quarter of a core (default: -20)
            """;

    private static final int FREQUENCY_MAX = 1000;
    private static final long SIZE_MIN = 1 << 20;

    /// Reads the command line behind `collect`.
    ///
    /// @param environment for the proxy's address
    static CollectorOptions parse(String[] arguments, int from, Map<String, String> environment)
            throws UsageException {
        Arguments given =
                Arguments.parse(
                        arguments,
                        from,
                        "--server",
                        "--data",
                        "--frequency",
                        "--event",
                        "--unwind",
                        "--memory",
                        "--off-cpu-by",
                        "--sampling",
                        "--node",
                        "--metrics-listen",
                        "--token-file",
                        "--ca-file",
                        "--cert-file",
                        "--key-file",
                        "--proxy",
                        "--spool-size",
                        "--nice");
        URL server = server(given.get("--server", "http://127.0.0.1:4040"));
        Path certFile = given.path("--cert-file");
        Path keyFile = given.path("--key-file");
        if ((certFile == null) != (keyFile == null)) {
            throw new UsageException("--cert-file and --key-file: one (expected: both or none)");
        }
        return new CollectorOptions(
                server,
                Path.of(given.get("--data", "/var/lib/emberscope/collector")),
                given.number("--frequency", 97, 1, FREQUENCY_MAX),
                event(given.get("--event", "cpu-clock")),
                unwinding(given.get("--unwind", "")),
                given.get("--memory", "").isEmpty()
                        ? 0
                        : size("--memory", given.get("--memory", "")),
                waitEnd(given.get("--off-cpu-by", "")),
                Path.of(given.get("--sampling", "/etc/emberscope/sampling.conf")),
                given.get("--node", ""),
                metricsListen(given),
                given.path("--token-file"),
                given.path("--ca-file"),
                certFile,
                keyFile,
                proxy(given.get("--proxy", ""), server, environment),
                size("--spool-size", given.get("--spool-size", "256MiB")),
                given.number("--nice", -20, -20, 19));
    }

    /// Where a collector serves its metrics, by the one option of `doctor`; null for nowhere.
    static @Nullable HostPort metricsListen(String[] arguments, int from) throws UsageException {
        return metricsListen(Arguments.parse(arguments, from, "--metrics-listen"));
    }

    private static @Nullable HostPort metricsListen(Arguments given) throws UsageException {
        String listen = given.get("--metrics-listen", "127.0.0.1:4041");
        return listen.equals("off") ? null : HostPort.parse("--metrics-listen", listen);
    }

    private static URL server(String text) throws UsageException {
        try {
            return HttpTarget.endpoint(text);
        } catch (IllegalArgumentException e) {
            throw new UsageException("--" + e.getMessage());
        }
    }

    private static EventKind event(String text) throws UsageException {
        return switch (text) {
            case "cpu-clock" -> EventKind.CPU_CLOCK;
            case "cpu-cycles" -> EventKind.CPU_CYCLES;
            default ->
                    throw new UsageException(
                            "--event: " + text + " (expected: cpu-clock or cpu-cycles)");
        };
    }

    private static @Nullable HostPort proxy(
            String given, URL server, Map<String, String> environment) throws UsageException {
        if (!given.isEmpty()) {
            return HostPort.parse("--proxy", withoutScheme(given));
        }
        String found = ProxyRule.of(server, environment);
        return found.isEmpty()
                ? null
                : HostPort.parse("the environment's proxy", withoutScheme(found));
    }

    private static String withoutScheme(String text) {
        String rest = text.startsWith("http://") ? text.substring(7) : text;
        return rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
    }

    private static @Nullable Unwinding unwinding(String text) throws UsageException {
        return switch (text) {
            case "" -> null;
            case "tables" -> Unwinding.TABLES;
            case "tables-bounded" -> Unwinding.TABLES_BOUNDED;
            case "frame-pointers" -> Unwinding.FRAME_POINTERS;
            default ->
                    throw new UsageException(
                            "--unwind: "
                                    + text
                                    + " (expected: tables, tables-bounded or frame-pointers)");
        };
    }

    private static @Nullable WaitEnd waitEnd(String text) throws UsageException {
        return switch (text) {
            case "" -> null;
            case "tracepoint" -> WaitEnd.TRACEPOINT;
            case "interrupt" -> WaitEnd.INTERRUPT;
            default ->
                    throw new UsageException(
                            "--off-cpu-by: " + text + " (expected: tracepoint or interrupt)");
        };
    }

    private static long size(String name, String text) throws UsageException {
        String[] units = {"KiB", "MiB", "GiB"};
        for (int i = 0; i < units.length; i++) {
            if (text.endsWith(units[i])) {
                int number = Arguments.digits(text.substring(0, text.length() - 3));
                long bytes = (long) number << (10 * (i + 1));
                if (number >= 0 && bytes >= SIZE_MIN) {
                    return bytes;
                }
            }
        }
        throw new UsageException(
                name + ": " + text + " (expected: a number and KiB, MiB or GiB, 1MiB or more)");
    }
}

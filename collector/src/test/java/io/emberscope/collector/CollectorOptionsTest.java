package io.emberscope.collector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.bpf.EventKind;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CollectorOptionsTest {
    @Test
    void defaultsAreTheseAndNoOthers() throws Exception {
        CollectorOptions options = parse();
        assertThat(options.server()).hasToString("http://127.0.0.1:4040/v1development/profiles");
        assertThat(options.data()).isEqualTo(Path.of("/var/lib/emberscope/collector"));
        assertThat(options.frequencyHz()).isEqualTo(97);
        assertThat(options.event()).isEqualTo(EventKind.CPU_CLOCK);
        assertThat(options.samplingFile()).isEqualTo(Path.of("/etc/emberscope/sampling.conf"));
        assertThat(options.node()).isEmpty();
        assertThat(options.metricsListen()).isEqualTo(new HostPort("127.0.0.1", 4041));
        assertThat(options.tokenFile()).isNull();
        assertThat(options.caFile()).isNull();
        assertThat(options.certFile()).isNull();
        assertThat(options.keyFile()).isNull();
        assertThat(options.proxy()).isNull();
        assertThat(options.spoolBytesMax()).isEqualTo(256L << 20);
        assertThat(options.nice()).isEqualTo(-20);
    }

    @Test
    void everyOptionIsReadAndShownInTheHelp() throws Exception {
        String[] arguments = {
            "--server=https://ember.example",
            "--data",
            "/d",
            "--frequency",
            "997",
            "--event",
            "cpu-cycles",
            "--sampling",
            "/s",
            "--node",
            "n1",
            "--metrics-listen",
            "[::1]:9",
            "--token-file",
            "/t",
            "--ca-file",
            "/ca",
            "--cert-file",
            "/c",
            "--key-file",
            "/k",
            "--proxy",
            "http://p:3128/",
            "--spool-size",
            "2GiB",
            "--nice",
            "-5"
        };
        CollectorOptions options = parse(arguments);
        assertThat(options.server()).hasToString("https://ember.example/v1development/profiles");
        assertThat(options.data()).isEqualTo(Path.of("/d"));
        assertThat(options.frequencyHz()).isEqualTo(997);
        assertThat(options.event()).isEqualTo(EventKind.CPU_CYCLES);
        assertThat(options.samplingFile()).isEqualTo(Path.of("/s"));
        assertThat(options.node()).isEqualTo("n1");
        assertThat(options.metricsListen()).isEqualTo(new HostPort("::1", 9));
        assertThat(options.tokenFile()).isEqualTo(Path.of("/t"));
        assertThat(options.caFile()).isEqualTo(Path.of("/ca"));
        assertThat(options.certFile()).isEqualTo(Path.of("/c"));
        assertThat(options.keyFile()).isEqualTo(Path.of("/k"));
        assertThat(options.proxy()).isEqualTo(new HostPort("p", 3128));
        assertThat(options.spoolBytesMax()).isEqualTo(2L << 30);
        assertThat(options.nice()).isEqualTo(-5);
        for (String argument : arguments) {
            if (argument.startsWith("--")) {
                assertThat(CollectorOptions.HELP).contains("  " + argument.split("=", 2)[0] + ' ');
            }
        }
    }

    @Test
    void lastValueCountsAndMetricsCanBeOff() throws Exception {
        CollectorOptions options =
                parse("--frequency=19", "--frequency=20", "--metrics-listen=off");
        assertThat(options.frequencyHz()).isEqualTo(20);
        assertThat(options.metricsListen()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "--frequency=0, --frequency: 0 (expected: 1..1000)",
        "--frequency=x, --frequency: x (expected: 1..1000)",
        "--frequency=99999999999, --frequency: 99999999999 (expected: 1..1000)",
        "--nice=-21, --nice: -21 (expected: -20..19)",
        "--server=nonsense, --server: nonsense (expected: http://HOST:PORT or https://HOST:PORT)",
        "--metrics-listen=4041, --metrics-listen: 4041 (expected: HOST:PORT)",
        "--metrics-listen=::1:4041, --metrics-listen: ::1:4041 (expected: HOST:PORT)",
        "--proxy=http://u:p@h:1, --proxy: u:p@h:1 (expected: HOST:PORT)",
        "--event=magic, --event: magic (expected: cpu-clock or cpu-cycles)",
        "--key-file=/k, --cert-file and --key-file: one (expected: both or none)",
        "--colour=red, --colour: unknown option (--help shows them)",
        "--node, --node: no value",
    })
    void wrongValuesAreNamedWithWhatIsExpected(String argument, String message) {
        assertThatThrownBy(() -> parse(argument))
                .isInstanceOf(UsageException.class)
                .hasMessage(message);
    }

    @Test
    void sizesHaveUnitsAndALowerBound() {
        for (String wrong : new String[] {"64", "64MB", "MiB", "-1MiB", "1023KiB"}) {
            assertThatThrownBy(() -> parse("--spool-size", wrong))
                    .isInstanceOf(UsageException.class)
                    .hasMessageContaining(wrong);
        }
    }

    @Test
    void proxyOfTheEnvironmentIsForServersElsewhereOnly() throws Exception {
        Map<String, String> environment =
                Map.of("HTTPS_PROXY", "http://proxy:3128", "no_proxy", "internal,.corp.example");
        assertThat(proxyFor("https://far.example", environment))
                .isEqualTo(new HostPort("proxy", 3128));
        assertThat(proxyFor("http://far.example", environment)).isNull();
        assertThat(proxyFor("https://127.0.0.1:4040", environment)).isNull();
        assertThat(proxyFor("https://internal", environment)).isNull();
        assertThat(proxyFor("https://a.corp.example", environment)).isNull();
        assertThat(proxyFor("https://notinternal", environment)).isNotNull();
    }

    private static HostPort proxyFor(String server, Map<String, String> environment)
            throws UsageException {
        return CollectorOptions.parse(new String[] {"--server", server}, 0, environment).proxy();
    }

    private static CollectorOptions parse(String... arguments) throws UsageException {
        return CollectorOptions.parse(arguments, 0, Map.of());
    }
}

package io.emberscope.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.server.edge.Limits;
import io.emberscope.storage.StoreOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerOptionsTest {
    @Test
    void onlyTheDataHasNoDefault() throws Exception {
        ServerOptions options = ServerOptions.parse(List.of("--data", "d"));
        assertThat(options.listen()).hasToString("127.0.0.1:4040");
        assertThat(options.open()).isFalse();
        assertThat(options.allowedHosts()).isEmpty();
        assertThat(options.data()).isEqualTo(Path.of("d"));
        StoreOptions store = options.storeOptions(Limits.of(768L << 20));
        assertThat(store.retention()).isEqualTo(StoreOptions.defaults().retention());
        assertThat(store.windowBytesMax()).isEqualTo(64L << 20);
        assertThat(store.memoryBytesMax()).isEqualTo(192L << 20);
        assertThat(store.cacheBytesMax()).isEqualTo(48L << 20);
    }

    @Test
    void everyOptionIsRead() throws Exception {
        ServerOptions options =
                ServerOptions.parse(
                        List.of(
                                "--listen=[::1]:0",
                                "--open",
                                "--allow-host",
                                "a",
                                "--allow-host=b",
                                "--data=/var/lib/x",
                                "--retention",
                                "36h",
                                "--retention-size",
                                "2GiB",
                                "--flush-interval",
                                "500ms"));
        assertThat(options.listen()).hasToString("[::1]:0");
        assertThat(options.open()).isTrue();
        assertThat(options.allowedHosts()).containsExactly("a", "b");
        StoreOptions store = options.storeOptions(Limits.of(1L << 30));
        assertThat(store.retention()).isEqualTo(Duration.ofHours(36));
        assertThat(store.retentionBytesMax()).isEqualTo(2L << 30);
        assertThat(store.windowAgeMax()).isEqualTo(Duration.ofMillis(500));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--listen 127.0.0.1:4040 | --data: missing (expected: a directory for the profiles)",
                "--data | --data: nothing (expected: a value after it)",
                "--data d x | x: unknown option (expected: one of those that --help lists)",
                "--data d --open=yes | --open: unknown option (expected: one of those that --help"
                        + " lists)",
                "--data d --listen 4040 | --listen: \"4040\" (expected: HOST:PORT, such as"
                        + " 127.0.0.1:4040 or [::1]:4040)",
                "--data d --listen 127.0.0.1:70000 | --listen: \"127.0.0.1:70000\" (expected:"
                        + " HOST:PORT, such as 127.0.0.1:4040 or [::1]:4040)",
                "--data d --listen ::1:4040 | --listen: \"::1:4040\" (expected: HOST:PORT, such as"
                        + " 127.0.0.1:4040 or [::1]:4040)",
                "--data d --retention 7 | --retention: \"7\" (expected: above zero, such as 30s,"
                        + " 12h or 7d)",
                "--data d --retention 0s | --retention: \"0s\" (expected: above zero, such as 30s,"
                        + " 12h or 7d)",
                "--data d --retention-size -1 | --retention-size: \"-1\" (expected: above zero,"
                        + " such as 500MiB or 10GiB)"
            })
    void aWrongCommandLineIsRefused(String arguments, String message) {
        assertThatThrownBy(() -> ServerOptions.parse(List.of(arguments.split(" ", -1))))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "1k, 1024",
        "5MB, 5242880",
        "5MiB, 5242880",
        "10GiB, 10737418240",
        "2t, 2199023255552"
    })
    void sizesAreRead(String text, long bytes) throws Exception {
        assertThat(Quantities.bytes("x", text)).isEqualTo(bytes);
    }
}

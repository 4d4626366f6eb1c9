package io.emberscope.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostNamesTest {
    private final HostNames closed = new HostNames(false, List.of("Profiles.Example"));
    private final HostNames open = new HostNames(true, List.of());

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LOCALHOST:4040",
                "emberscope.localhost",
                "127.0.0.1",
                "127.0.0.1:4040",
                "127.1.2.3:1",
                "[::1]",
                "[::1]:4040",
                "profiles.example",
                "PROFILES.EXAMPLE:80"
            })
    void oursAreTaken(String host) {
        assertThat(closed.include(host)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                ":4040",
                "evil.example",
                "localhost.evil.example",
                "evil-localhost",
                "localhost:4040:1",
                "localhost@evil.example",
                "127.0.0.1.evil.example",
                "127.0.0.256",
                "128.0.0.1",
                "192.168.0.1",
                "[::2]",
                "::1",
                "[::1",
                "[fe80::1]",
                "2130706433",
                "0x7f.1",
                "profiles.example.evil",
                "xprofiles.example"
            })
    void strangersAreNot(String host) {
        assertThat(closed.include(host)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.168.0.1:4040", "[2001:db8::7]:4040", "[fe80::1]", "10.0.0.1"})
    void anAddressIsTakenWhenListeningBeyondLoopback(String host) {
        assertThat(open.include(host)).isTrue();
        assertThat(closed.include(host)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "1.2.3", "1.2.3.4.5", "[::gg]", "profiles.example"})
    void aNameMustBeGivenAlsoThen(String host) {
        assertThat(open.include(host)).isFalse();
    }
}

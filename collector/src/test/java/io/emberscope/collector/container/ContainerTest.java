package io.emberscope.collector.container;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ContainerTest {
    private static final String ID =
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private static final String OUTER =
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    private static final String UID = "6f3c1e52-0b7a-4d58-9a3e-2f1d0c9b8a76";
    private static final String UNDERSCORED = UID.replace('-', '_');

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/docker/" + ID,
                "/system.slice/docker-" + ID + ".scope",
                "/machine.slice/libpod-" + ID + ".scope/container",
                "/default/" + ID,
                "/system.slice/containerd.service/x/" + ID + "/init.scope",
            })
    void plainContainersAreRead(String path) {
        assertThat(Container.ofPath(path)).isEqualTo(new Container(ID, ""));
    }

    @Test
    void podsOfTheCgroupfsDriverAreRead() {
        Container expected = new Container(ID, UID);
        assertThat(Container.ofPath("/kubepods/burstable/pod" + UID + '/' + ID))
                .isEqualTo(expected);
        assertThat(Container.ofPath("/kubepods/pod" + UID + '/' + ID)).isEqualTo(expected);
        assertThat(Container.ofPath("/kubepods/pod" + UID + "/crio-" + ID)).isEqualTo(expected);
    }

    @Test
    void podsOfTheSystemdDriverAreReadWithHyphens() {
        String slices = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod";
        Container expected = new Container(ID, UID);
        assertThat(
                        Container.ofPath(
                                slices + UNDERSCORED + ".slice/cri-containerd-" + ID + ".scope"))
                .isEqualTo(expected);
        assertThat(Container.ofPath(slices + UNDERSCORED + ".slice/crio-" + ID + ".scope"))
                .isEqualTo(expected);
        assertThat(
                        Container.ofPath(
                                "/kubepods.slice/kubepods-pod"
                                        + UNDERSCORED
                                        + ".slice/docker-"
                                        + ID
                                        + ".scope"))
                .isEqualTo(expected);
    }

    @Test
    void systemdDriverSetOnOneSideOnlyIsReadToo() {
        String path =
                "/system.slice/containerd.service/kubepods-besteffort-pod"
                        + UNDERSCORED
                        + ".slice:cri-containerd:"
                        + ID;
        assertThat(Container.ofPath(path)).isEqualTo(new Container(ID, UID));
    }

    @Test
    void staticPodsHaveUidsWithoutHyphens() {
        String uid = "a1b2c3d4e5f60718293a4b5c6d7e8f90";
        assertThat(Container.ofPath("/kubepods/burstable/pod" + uid + '/' + ID))
                .isEqualTo(new Container(ID, uid));
        assertThat(Container.ofPath("/kubepods.slice/kubepods-pod" + uid + ".slice"))
                .isEqualTo(new Container("", uid));
    }

    @Test
    void innermostContainerCounts() {
        String path =
                "/docker/"
                        + OUTER
                        + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod"
                        + UNDERSCORED
                        + ".slice/cri-containerd-"
                        + ID
                        + ".scope/inner";
        assertThat(Container.ofPath(path)).isEqualTo(new Container(ID, UID));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/user.slice/user-1000.slice/session-3.scope",
                "/system.slice/crio-conmon-" + ID + ".scope",
                "/docker/" + ID + "0",
                "/docker/0" + ID,
                "/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
                "/xpod" + UID,
                "/pod" + UID + "0",
                "/podium/pod",
            })
    void othersAreNoContainers(String path) {
        assertThat(Container.ofPath(path)).isSameAs(Container.NONE);
    }

    @Test
    void hostilePathsCostNoMoreThanTheirLength() {
        String[] hostile = {
            "/" + "pod".repeat(1364),
            "/" + "a".repeat(63).concat("-").repeat(63),
            "/a".repeat(2047),
            "/" + "pod-".repeat(1023),
            "x".repeat(1_000_000)
        };
        long start = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            for (String path : hostile) {
                assertThat(Container.ofPath(path)).isSameAs(Container.NONE);
            }
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    }
}

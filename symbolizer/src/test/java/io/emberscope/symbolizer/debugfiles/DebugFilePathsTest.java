package io.emberscope.symbolizer.debugfiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class DebugFilePathsTest {
    private static final DebugFilePaths PATHS = DebugFilePaths.USUAL;
    private static final DebugLink LINK = new DebugLink("tool.debug", 1);

    @Test
    void aBuildIdIsAPathInEveryRoot() {
        DebugFilePaths two =
                new DebugFilePaths(List.of(Path.of("/usr/lib/debug"), Path.of("/opt/x/../debug")));
        assertThat(two.ofBuildId("abcdef01"))
                .containsExactly(
                        Path.of("/usr/lib/debug/.build-id/ab/cdef01.debug"),
                        Path.of("/opt/debug/.build-id/ab/cdef01.debug"));
    }

    @Test
    void whatIsNoBuildIdHasNoPath() {
        for (String id : List.of("", "ab", "abc", "ABCD", "../../../x", "ab/cd", "zzzz")) {
            assertThat(PATHS.ofBuildId(id)).as(id).isEmpty();
        }
    }

    @Test
    void aLinkIsLookedForAsGdbDoes() {
        assertThat(PATHS.ofLink(Path.of("/opt/bin/tool"), LINK))
                .containsExactly(
                        Path.of("/opt/bin/tool.debug"),
                        Path.of("/opt/bin/.debug/tool.debug"),
                        Path.of("/usr/lib/debug/opt/bin/tool.debug"));
        assertThat(PATHS.ofLink(Path.of("/tool"), LINK))
                .containsExactly(
                        Path.of("/tool.debug"),
                        Path.of("/.debug/tool.debug"),
                        Path.of("/usr/lib/debug/tool.debug"));
    }

    @Test
    void aBinaryIsNotItsOwnDebugFile() {
        assertThat(PATHS.ofLink(Path.of("/opt/bin/tool.debug"), LINK))
                .doesNotContain(Path.of("/opt/bin/tool.debug"))
                .hasSize(2);
    }

    @Test
    void aSupplementIsInARootOrBesideWhoSaysSo() {
        Path file = Path.of("/usr/lib/debug/.build-id/ab/cd.debug");
        Path byId = Path.of("/usr/lib/debug/.build-id/12/34.debug");
        assertThat(PATHS.ofSupplement(file, new SupplementLink("../../.dwz/common", "1234")))
                .containsExactly(byId, Path.of("/usr/lib/debug/.dwz/common"));
        assertThat(
                        PATHS.ofSupplement(
                                Path.of("/opt/tool"),
                                new SupplementLink("/usr/lib/debug/.dwz/common", "1234")))
                .containsExactly(byId, Path.of("/usr/lib/debug/.dwz/common"));
        assertThat(PATHS.ofSupplement(Path.of("/opt/tool"), new SupplementLink("common", "1234")))
                .containsExactly(byId, Path.of("/opt/common"));
    }

    @Test
    void aSupplementAnywhereElseIsNotLookedAt() {
        Path file = Path.of("/opt/tool");
        for (String name :
                List.of(
                        "/etc/shadow",
                        "../etc/shadow",
                        "/usr/lib/debug/../../../etc/shadow",
                        "/usr/lib/debugger",
                        "/proc/self/mem",
                        "x/../../etc/shadow",
                        "tool")) {
            assertThat(PATHS.ofSupplement(file, new SupplementLink(name, "1234")))
                    .as(name)
                    .containsExactly(Path.of("/usr/lib/debug/.build-id/12/34.debug"));
        }
    }

    @Test
    void aPackageIsBesideItsBinary() {
        assertThat(PATHS.ofSplitPackage(Path.of("/opt/bin/tool")))
                .containsExactly(Path.of("/opt/bin/tool.dwp"));
    }

    @Test
    void relativePathsAreRefused() {
        assertThatThrownBy(() -> new DebugFilePaths(List.of(Path.of("debug"))))
                .hasMessage("debug directory: debug (expected: an absolute path)");
        assertThatThrownBy(() -> PATHS.ofLink(Path.of("tool"), LINK))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

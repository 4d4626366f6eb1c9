package io.emberscope.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ProfileTypeTest {
    @Test
    void theFormWithColonsIsReadAndWritten() throws Exception {
        String id = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
        assertThat(ProfileType.parse(id)).isEqualTo(ProfileType.CPU).hasToString(id);
        assertThat(ProfileType.CPU.id()).isEqualTo(id);
        assertThat(ProfileType.parse("off_cpu:off_cpu:nanoseconds::").periodType()).isEmpty();
    }

    @Test
    void randomTypesComeBack() throws Exception {
        for (long seed = 0; seed < 1_000; seed++) {
            Random random = new Random(seed);
            ProfileType type =
                    new ProfileType(
                            "n" + part(random),
                            "t" + part(random),
                            part(random),
                            part(random),
                            part(random));
            assertThat(ProfileType.parse(type.id())).as("seed %d", seed).isEqualTo(type);
        }
    }

    @Test
    void anythingElseIsRefused() {
        String longest = "x".repeat(ProfileType.PART_LENGTH_MAX);
        String tooLong = longest + "x";
        String[] malformed = {
            "", "cpu", "a:b:c:d", "a:b:c:d:e:f", ":b:c:d:e", "a::c:d:e", "a:b:c:d:" + tooLong
        };
        for (String text : malformed) {
            assertThatThrownBy(() -> ProfileType.parse(text))
                    .as(text)
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessageStartingWith("profile type: ");
        }
        assertThatThrownBy(() -> ProfileType.of("a:b", "c", "d", "e"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ProfileType.of("a", "b", "c", tooLong))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(ProfileType.of("a", "b", "c", longest).periodUnit()).isEqualTo(longest);
    }

    @Test
    void typesAreNamedByWhatTheyCount() {
        assertThat(ProfileType.of("cpu", "nanoseconds", "cpu", "nanoseconds"))
                .isEqualTo(ProfileType.CPU);
        assertThat(ProfileType.of("samples", "count", "cpu", "nanoseconds").name())
                .isEqualTo("process_cpu");
        assertThat(ProfileType.of("samples", "count", "wall", "nanoseconds").name())
                .isEqualTo("wall");
        assertThat(ProfileType.of("samples", "count", "", "").name()).isEqualTo("samples");
        assertThat(ProfileType.of("inuse_space", "bytes", "space", "bytes").name())
                .isEqualTo("memory");
        assertThat(ProfileType.of("goroutine", "count", "goroutine", "count").name())
                .isEqualTo("goroutine");
        assertThat(ProfileType.of("events", "count", "", "").name()).isEqualTo("events");
    }

    private static String part(Random random) {
        return random.ints(random.nextInt(9), 'a', 'z' + 1)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}

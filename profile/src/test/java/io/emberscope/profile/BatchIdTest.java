package io.emberscope.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchIdTest {
    @Test
    void randomIdsComeBack() throws Exception {
        for (long seed = 0; seed < 1_000; seed++) {
            Random random = new Random(seed);
            BatchId id =
                    new BatchId(
                            "agent-" + random.nextInt() + "_x.y",
                            random.nextLong(1_000_000_000_000_000_000L),
                            random.nextLong(1_000_000_000_000_000_000L));
            assertThat(BatchId.parse(id.toString())).as("seed %d", seed).isEqualTo(id);
        }
    }

    @Test
    void anythingElseIsRefused() {
        String[] malformed = {
            "",
            "a",
            "a/1",
            "a/1/2/3",
            "/1/2",
            "a/-1/2",
            "a/1/+2",
            "a/1/2 ",
            "a b/1/2",
            "a/1/2\n",
            "../1/2/3",
            "x".repeat(65) + "/1/2",
            "a/1/1234567890123456789",
            "a/\u0661/2"
        };
        for (String text : malformed) {
            assertThatThrownBy(() -> BatchId.parse(text))
                    .as(text)
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessageStartingWith("emberscope-batch-id: malformed (expected: ");
        }
    }
}

package io.emberscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.cli.QueryOptions.Command;
import io.emberscope.cli.QueryOptions.Format;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryOptionsTest {
    @Test
    void everythingHasADefaultButTheCommand() throws Exception {
        QueryOptions options = QueryOptions.parse(List.of("top"), Map.of());
        assertThat(options.command()).isEqualTo(Command.TOP);
        assertThat(options.server()).isEqualTo(URI.create("http://127.0.0.1:4040"));
        assertThat(options.samples()).isEmpty();
        assertThat(options.output()).isEmpty();
        assertThat(options.format()).isEqualTo(Format.TABLE);
        assertThat(options.limit()).isEqualTo(30);
        assertThat(options.minShare()).isEqualTo(1);
        assertThat(options.color()).isTrue();
    }

    @Test
    void bothFormsOfAnOptionAreRead() throws Exception {
        QueryOptions options =
                QueryOptions.parse(
                        List.of(
                                "flamegraph",
                                "-s",
                                "{a=\"b\"}",
                                "--from=now-15m",
                                "--to",
                                "now",
                                "--type=x:y:z:a:b",
                                "--min-share=0.25",
                                "--format",
                                "folded"),
                        Map.of());
        assertThat(options.samples())
                .isEqualTo(
                        Map.of(
                                "selector", "{a=\"b\"}",
                                "from", "now-15m",
                                "to", "now",
                                "type", "x:y:z:a:b"));
        assertThat(options.minShare()).isEqualTo(0.25);
        assertThat(options.format()).isEqualTo(Format.FOLDED);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | command:  (expected: top, flamegraph, lines, quality, pprof)",
                "diff | command: diff (expected: top, flamegraph, lines, quality, pprof)",
                "lines | lines: of nothing (expected: the name of a function)",
                "lines f g x | g: unknown option",
                "top --limit 0 | --limit: 0 (expected: 1 to 100000)",
                "top --limit x | --limit: x (expected: 1 to 100000)",
                "top --limit | --limit: nothing (expected: a value after it)",
                "top --wide 1 | --wide: unknown option",
                "top -x 1 | -x: unknown option",
                "top --from 1 --from 2 | --from: given twice (expected: once)",
                "top --server 4040 | --server: 4040 (expected: a URL such as http://127.0.0.1:4040)",
                "top --format folded | --format: folded (expected: table, csv, json)",
                "quality --format tree | --format: tree (expected: table, csv, json)",
                "flamegraph --min-share 101 | --min-share: 101 (expected: 0 to 100, in per cent)"
            })
    void aWrongCommandLineIsRefused(String arguments, String message) {
        assertThatThrownBy(() -> QueryOptions.parse(List.of(arguments.split(" ", -1)), Map.of()))
                .isInstanceOf(QueryFailure.class)
                .hasMessage(message + "\nRun with --help for all options.");
    }
}

package io.emberscope.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Each benchmark runs twice, as its second round finds what the first left. What it measures then
/// means nothing.
class BenchmarksStartTest {
    @Test
    void eachRunsTwice() throws Exception {
        Set<BenchmarkListEntry> all =
                BenchmarkList.defaultList()
                        .getAll(
                                OutputFormatFactory.createFormatInstance(
                                        System.out, VerboseMode.SILENT),
                                List.of());
        Options twice =
                new OptionsBuilder()
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(2)
                        .measurementTime(TimeValue.milliseconds(1))
                        .verbosity(VerboseMode.EXTRA)
                        .shouldFailOnError(true)
                        .build();

        Collection<RunResult> results = new Runner(twice).run();

        assertThat(names(all)).hasSizeGreaterThanOrEqualTo(8);
        assertThat(results)
                .allSatisfy(result -> assertThat(result.getPrimaryResult().getScore()).isPositive())
                .extracting(result -> result.getParams().getBenchmark())
                .containsExactlyInAnyOrderElementsOf(names(all));
    }

    private static Set<String> names(Set<BenchmarkListEntry> entries) {
        return entries.stream().map(BenchmarkListEntry::getUsername).collect(Collectors.toSet());
    }
}

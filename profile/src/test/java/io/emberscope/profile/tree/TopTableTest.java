package io.emberscope.profile.tree;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.Profiles;
import io.emberscope.profile.tree.TopTable.Row;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopTableTest {
    @Test
    void rowsAreSortedBySelfThenTotal() {
        TopTable table = TopTable.of(Profiles.merge(Profiles.cpu()));
        assertThat(table.total()).isEqualTo(1_000_000_000);
        assertThat(table.rows())
                .extracting(row -> row.function().name() + " " + row.self() + " " + row.total())
                .containsExactly(
                        "work 600000000 600000000",
                        "rest 300000000 300000000",
                        "do_syscall_64 100000000 100000000",
                        "main 0 1000000000");
    }

    @Test
    void sumsEqualThoseOfTheFlameTreeAndRecursionCountsOnce() {
        for (long seed = 0; seed < 300; seed++) {
            MergedProfile profile = Profiles.merge(Profiles.random(seed));
            FlameTree tree = FlameTree.of(profile, FlameTree.NODES_MAX);
            Map<Function, Long> selves = new HashMap<>();
            Map<Function, Long> totals = new HashMap<>();
            List<Function> path = new ArrayList<>();
            for (int i = 0; i < tree.size(); i++) {
                Function function = tree.functions().get(tree.function(i));
                while (path.size() > tree.level(i)) {
                    path.removeLast();
                }
                selves.merge(function, tree.self(i), Long::sum);
                totals.merge(function, path.contains(function) ? 0 : tree.total(i), Long::sum);
                path.add(function);
            }
            TopTable table = TopTable.of(profile);
            assertThat(table.rows())
                    .as("seed %d", seed)
                    .hasSize(totals.size())
                    .allSatisfy(
                            row -> {
                                assertThat(row.self()).isEqualTo(selves.get(row.function()));
                                assertThat(row.total()).isEqualTo(totals.get(row.function()));
                            });
            assertThat(table.rows().stream().mapToLong(Row::self).sum())
                    .as("seed %d", seed)
                    .isEqualTo(profile.total());
            assertThat(new HashSet<>(table.rows())).hasSameSizeAs(table.rows());
        }
    }
}

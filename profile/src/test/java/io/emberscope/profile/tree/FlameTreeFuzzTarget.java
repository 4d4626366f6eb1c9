package io.emberscope.profile.tree;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.MalformedInputException;

/// Decodes a tree, and checks what must be true of any that comes out.
public final class FlameTreeFuzzTarget {
    private FlameTreeFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws MalformedInputException {
        FlameTree tree;
        try {
            tree = FlameTree.decode(bytes);
        } catch (MalformedInputException expected) {
            assertThat(expected).hasMessageContaining("(expected: ");
            return;
        }
        long[] left = new long[tree.size()];
        int[] path = new int[tree.size() + 1];
        for (int i = 0; i < tree.size(); i++) {
            int level = tree.level(i);
            path[level] = i;
            left[i] = tree.isHidden(i) ? 0 : tree.total(i) - tree.self(i);
            if (level > 0) {
                left[path[level - 1]] -= tree.total(i);
            }
            assertThat(tree.function(i)).isBetween(-1, tree.functions().size() - 1);
        }
        assertThat(left).containsOnly(new long[tree.size()]);
        assertThat(tree.total()).isNotNegative();
        assertThat(FlameTree.decode(tree.encode()).total()).isEqualTo(tree.total());
    }
}

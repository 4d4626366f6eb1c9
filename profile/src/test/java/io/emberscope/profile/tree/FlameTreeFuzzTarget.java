package io.emberscope.profile.tree;

import io.emberscope.base.bytes.MalformedInputException;

/// Decodes a tree, and checks what must be true of any that comes out.
public final class FlameTreeFuzzTarget {
    private FlameTreeFuzzTarget() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws MalformedInputException {
        FlameTree tree;
        try {
            tree = FlameTree.decode(bytes);
        } catch (MalformedInputException expected) {
            check(expected.getMessage().contains("(expected: "), expected.getMessage());
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
            int function = tree.function(i);
            check(function >= -1 && function < tree.functions().size(), "no such function");
            check(tree.file(i) >= 0 && tree.file(i) < tree.files().size(), "no such file");
            check(tree.line(i) >= 0 && tree.line(i) <= tree.lastLine(i), "lines in no order");
            check(tree.total(i) >= 0 && tree.self(i) >= 0, "a negative value");
        }
        for (long rest : left) {
            check(rest == 0, "a total is not the sum of its parts");
        }
        FlameTree again = FlameTree.decode(tree.encode());
        check(again.total() == tree.total() && again.size() == tree.size(), "not the same again");
    }

    private static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}

package io.emberscope.cli;

import io.emberscope.profile.tree.FlameTree;
import io.emberscope.profile.tree.Function;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A flame graph as text.
///
/// Each line is a function with its share of the whole, below what calls it. A function that is all
/// that its caller spends time in stands at the same depth as the caller, so that only branches
/// move to the right and deep stacks fit on a screen. What is smaller than a share that the reader
/// chose is counted, never dropped.
final class CallTree {
    private static final String BRANCH = "├─ ";
    private static final String LAST = "└─ ";
    private static final String CONTINUED = "│  ";
    private static final String NOTHING = "   ";
    private static final int NAME_WIDTH_MIN = 20;
    private static final int SHARE_WIDTH = 8;
    private static final int INDENT_MAX = 240;

    private final FlameTree tree;
    private final Colors colors;
    private final int width;
    private final double minTotal;
    private final int indentMax;
    private final int[] ends;
    private final StringBuilder out = new StringBuilder();

    /// @param minShare in per cent of the whole, below which a function is only counted
    /// @param width columns to fit into; names are cut for it
    private CallTree(FlameTree tree, double minShare, Colors colors, int width) {
        this.tree = tree;
        this.colors = colors;
        this.width = width;
        this.minTotal = tree.total() * minShare / 100;
        this.indentMax = Math.min(INDENT_MAX, width - SHARE_WIDTH - NAME_WIDTH_MIN);
        this.ends = ends(tree);
    }

    static String of(FlameTree tree, double minShare, Colors colors, int width) {
        CallTree text = new CallTree(tree, minShare, colors, width);
        text.write();
        return text.out.toString();
    }

    /// Stacks with their own value, one a line, outermost function first: the form that many tools
    /// read. What the tree hides is a stack that ends in `[N hidden]`.
    static String folded(FlameTree tree) {
        StringBuilder out = new StringBuilder();
        List<String> path = new ArrayList<>();
        for (int node = 0; node < tree.size(); node++) {
            while (path.size() > tree.level(node)) {
                path.removeLast();
            }
            path.add(
                    tree.isHidden(node)
                            ? "[" + tree.hidden(node) + " hidden]"
                            : foldedName(tree.functions().get(tree.function(node))));
            long value = tree.isHidden(node) ? tree.total(node) : tree.self(node);
            if (value > 0) {
                out.append(String.join(";", path)).append(' ').append(value).append('\n');
            }
        }
        return out.toString();
    }

    private static String foldedName(Function function) {
        return Texts.printable(function.name()).replace(';', ':');
    }

    /// What is still to be written: a node and how its line begins.
    private record Pending(int node, String indent, String marker) {}

    private void write() {
        String unit = tree.type().sampleUnit();
        out.append(share(tree.total())).append("  ");
        out.append(colors.bold("all"));
        out.append(colors.dim("  " + Texts.amount(tree.total(), unit))).append('\n');
        // A stack of our own and no recursion: depth is a stranger's to choose.
        List<Pending> pending = new ArrayList<>();
        pushChildren(pending, children(-1), "");
        while (!pending.isEmpty()) {
            Pending next = pending.removeLast();
            if (next.node < 0) {
                out.append(next.marker).append('\n');
                continue;
            }
            line(next);
            String below =
                    next.indent
                            + switch (next.marker) {
                                case BRANCH -> CONTINUED;
                                case LAST -> NOTHING;
                                default -> "";
                            };
            List<Integer> children = children(next.node);
            if (children.size() == 1
                    && tree.self(next.node) == 0
                    && tree.total(children.getFirst()) == tree.total(next.node)
                    && isShown(children.getFirst())) {
                pending.add(new Pending(children.getFirst(), below, ""));
            } else if (below.length() > indentMax) {
                pushDeeper(pending, next.node, below);
            } else {
                pushChildren(pending, children, below);
            }
        }
    }

    /// Puts the children where the first one is written next; the small ones become one line.
    private void pushChildren(List<Pending> pending, List<Integer> children, String indent) {
        List<Integer> shown = children.stream().filter(this::isShown).toList();
        long hiddenTotal = 0;
        long hiddenNodes = 0;
        for (int child : children) {
            if (!isShown(child)) {
                hiddenTotal += tree.total(child);
                hiddenNodes += nodesIn(child);
            }
        }
        if (hiddenNodes > 0) {
            String text = hiddenNodes + (hiddenNodes == 1 ? " smaller one" : " smaller ones");
            pending.add(
                    new Pending(
                            -1, "", share(hiddenTotal) + "  " + indent + LAST + colors.dim(text)));
        }
        for (int i = shown.size() - 1; i >= 0; i--) {
            boolean last = i == shown.size() - 1 && hiddenNodes == 0;
            pending.add(new Pending(shown.get(i), indent, last ? LAST : BRANCH));
        }
    }

    /// What has no room on the screen any more becomes one line.
    private void pushDeeper(List<Pending> pending, int node, String indent) {
        long nodes = nodesIn(node) - 1;
        if (nodes > 0) {
            pending.add(
                    new Pending(
                            -1,
                            "",
                            share(tree.total(node) - tree.self(node))
                                    + "  "
                                    + indent
                                    + LAST
                                    + colors.dim(nodes + " deeper ones")));
        }
    }

    private void line(Pending line) {
        Function function = tree.functions().get(tree.function(line.node));
        String share = share(tree.total(line.node));
        int room = Math.max(NAME_WIDTH_MIN, width - SHARE_WIDTH - line.indent.length() - 3);
        String name = Texts.fit(Texts.printable(function.name()), room);
        String binary = Texts.printable(function.binary());
        binary = binary.substring(binary.lastIndexOf('/') + 1);
        out.append(share).append("  ").append(line.indent).append(line.marker);
        out.append(colors.function(function.kind().text(), name));
        int left = room - name.codePointCount(0, name.length()) - 2;
        if (!binary.isEmpty() && left >= 4 && !name.startsWith(binary + "+0x")) {
            out.append("  ").append(colors.dim(Texts.fit(binary, left)));
        }
        out.append('\n');
    }

    private String share(long value) {
        double share = tree.total() == 0 ? 0 : value / (double) tree.total();
        return colors.share(share, String.format(Locale.ROOT, "%5.1f%%", 100 * share));
    }

    private boolean isShown(int node) {
        return !tree.isHidden(node) && tree.total(node) >= minTotal;
    }

    private long nodesIn(int node) {
        long nodes = 0;
        for (int i = node; i < ends[node]; i++) {
            nodes += tree.isHidden(i) ? tree.hidden(i) : 1;
        }
        return nodes;
    }

    /// The children of a node, or the roots for -1.
    private List<Integer> children(int node) {
        List<Integer> children = new ArrayList<>();
        int end = node < 0 ? tree.size() : ends[node];
        for (int child = node + 1; child < end; child = ends[child]) {
            children.add(child);
        }
        return children;
    }

    /// For each node, the first one after all that are below it.
    private static int[] ends(FlameTree tree) {
        int[] ends = new int[tree.size()];
        List<Integer> open = new ArrayList<>();
        for (int node = 0; node < tree.size(); node++) {
            while (open.size() > tree.level(node)) {
                ends[open.removeLast()] = node;
            }
            open.add(node);
        }
        while (!open.isEmpty()) {
            ends[open.removeLast()] = tree.size();
        }
        return ends;
    }
}

package io.emberscope.profile.tree;

import io.emberscope.profile.MemoryBudget;
import java.io.IOException;
import java.util.Arrays;

/// Keeps the largest nodes of a tree within a limit, and puts one node in the place of all that a
/// parent loses.
///
/// Nodes are ranked by total, then by their place in pre-order. A parent never has less than its
/// child and comes first, so the best ranked nodes always form a tree.
final class Pruning {
    private static final int NO_PARENT = -1;

    /// Memory for each node of the whole tree while it is pruned: parents, totals, marks and what
    /// is hidden.
    private static final int BYTES_EACH = 3 * Integer.BYTES + 2 * Long.BYTES + 2;

    private final Nodes all;
    private final int[] parents;
    private final long[] sortedTotals;

    private Pruning(Nodes all) {
        this.all = all;
        this.parents = all.parents();
        this.sortedTotals = all.copyOfTotals();
        Arrays.sort(sortedTotals);
    }

    /// The tree with as many of the largest nodes as fit; the nodes that stand for hidden ones
    /// count too. A tree that fits is returned as it is.
    static Nodes largest(Nodes all, int maxNodes, MemoryBudget budget) throws IOException {
        if (all.size() <= maxNodes) {
            return all;
        }
        long scratch = (long) all.size() * BYTES_EACH;
        budget.reserve(scratch + all.bytes(maxNodes));
        Nodes largest = new Pruning(all).largest(maxNodes);
        budget.release(scratch + all.bytes());
        return largest;
    }

    private Nodes largest(int maxNodes) {
        // One more node shown never makes the tree smaller: it may take away the node that stood
        // for it, but adds itself. So the largest number that fits is found by halving.
        boolean[] shown = new boolean[all.size()];
        int fits = 0;
        int tooMany = maxNodes;
        while (tooMany - fits > 1) {
            int middle = (fits + tooMany) >>> 1;
            if (show(middle, shown) <= maxNodes) {
                fits = middle;
            } else {
                tooMany = middle;
            }
        }
        return pruned(fits, show(fits, shown), shown);
    }

    /// Marks the best ranked nodes and returns the size of the tree they make.
    private int show(int count, boolean[] shown) {
        int size = all.size();
        long lowest = count == 0 ? Long.MAX_VALUE : sortedTotals[size - count];
        int lowestAllowed = 0;
        while (lowestAllowed < count && sortedTotals[size - count + lowestAllowed] == lowest) {
            lowestAllowed++;
        }
        for (int i = 0; i < size; i++) {
            long total = all.total(i);
            shown[i] = count > 0 && (total > lowest || (total == lowest && lowestAllowed-- > 0));
        }
        int standIns = 0;
        // Whether node i - 1 (the forest itself in place 0) has a stand-in already.
        boolean[] hasStandIn = new boolean[size + 1];
        for (int i = 0; i < size; i++) {
            int parent = parents[i];
            if (!shown[i] && isShown(parent, shown) && !hasStandIn[parent + 1]) {
                hasStandIn[parent + 1] = true;
                standIns++;
            }
        }
        return count + standIns;
    }

    private static boolean isShown(int node, boolean[] shown) {
        return node == NO_PARENT || shown[node];
    }

    private Nodes pruned(int count, int size, boolean[] shown) {
        // By parent + 1: how many nodes it hides, and the sum of those that are its children.
        int[] hiddenCount = new int[all.size() + 1];
        long[] hiddenSum = new long[all.size() + 1];
        int[] nearestShown = new int[all.size()];
        for (int i = 0; i < all.size(); i++) {
            int parent = parents[i];
            nearestShown[i] = isShown(parent, shown) ? parent : nearestShown[parent];
            if (!shown[i]) {
                hiddenCount[nearestShown[i] + 1]++;
                if (nearestShown[i] == parent) {
                    hiddenSum[parent + 1] += all.total(i);
                }
            }
        }
        Nodes pruned = new Nodes(size, all.hasSources());
        int[] path = new int[count + 1];
        path[0] = NO_PARENT;
        int pathLength = 1;
        for (int i = 0; i <= all.size(); i++) {
            if (i < all.size() && !shown[i]) {
                continue;
            }
            // Stand-ins come last among the children of their parent.
            int level = i < all.size() ? all.level(i) : -1;
            while (pathLength - 1 > level) {
                pathLength--;
                int left = path[pathLength];
                if (hiddenCount[left + 1] > 0) {
                    pruned.addHidden(pathLength, hiddenCount[left + 1], hiddenSum[left + 1]);
                }
            }
            if (i < all.size()) {
                path[pathLength++] = i;
                pruned.addCopy(all, i);
            }
        }
        return pruned;
    }
}

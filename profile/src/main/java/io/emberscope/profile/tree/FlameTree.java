package io.emberscope.profile.tree;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/// A flame graph: functions by the way they were called, in columns by node.
///
/// Nodes are in pre-order; level 0 holds the outermost functions, so there may be several roots.
/// Children follow their parent by total, the largest first, then by name. A node's total is its
/// self plus the totals of its children, always: where nodes are hidden to keep within a limit, one
/// last child stands for all that its parent hides, with their sum and their number.
public final class FlameTree {
    /// Most nodes that a tree may have.
    public static final int NODES_MAX = 1 << 20;

    private final ProfileType type;
    private final long startNanos;
    private final long durationNanos;
    private final List<Function> functions;
    private final List<String> files;
    private final Nodes nodes;

    FlameTree(
            ProfileType type,
            long startNanos,
            long durationNanos,
            List<Function> functions,
            List<String> files,
            Nodes nodes) {
        this.type = type;
        this.startNanos = startNanos;
        this.durationNanos = durationNanos;
        this.functions = List.copyOf(functions);
        this.files = List.copyOf(files);
        this.nodes = nodes;
    }

    /// The tree of a profile, with the largest nodes that fit. Inlined functions are nodes of their
    /// own. Stacks with value 0 are left out; a sample without a stack is under `[no stack]`.
    ///
    /// @param maxNodes most nodes, those that stand for hidden ones included: 1..[#NODES_MAX]
    /// @throws IllegalArgumentException if `maxNodes` is out of range, a value is negative, or the
    ///   sum of the values is 2^63 or more
    public static FlameTree of(MergedProfile profile, int maxNodes) {
        return MemoryBudget.unlimited(budget -> of(profile, maxNodes, budget));
    }

    /// The same within a budget of memory, which the whole tree needs before nodes are hidden.
    ///
    /// @throws IOException if the budget is too small
    public static FlameTree of(MergedProfile profile, int maxNodes, MemoryBudget budget)
            throws IOException {
        if (maxNodes < 1 || maxNodes > NODES_MAX) {
            throw new IllegalArgumentException(
                    "maxNodes: " + maxNodes + " (expected: 1.." + NODES_MAX + ")");
        }
        budget.reserve(Functions.bytes(profile.frames()));
        Functions functions = new Functions(profile.frames());
        budget.reserve(Sources.bytes(functions.places()));
        Sources sources = new Sources(profile.frames(), functions);
        Nodes all = new TreeBuilder(profile, functions, sources, budget).build();
        Nodes shown = Pruning.largest(all, maxNodes, budget);
        return new FlameTree(
                profile.type(),
                profile.startNanos(),
                profile.durationNanos(),
                shown.renumberFunctions(functions),
                shown.renumberFiles(sources.files()),
                shown);
    }

    /// What the values count.
    public ProfileType type() {
        return type;
    }

    /// Start of the time asked for, in nanoseconds since the Unix epoch.
    public long startNanos() {
        return startNanos;
    }

    /// Length of the time asked for.
    public long durationNanos() {
        return durationNanos;
    }

    /// Number of nodes, those that stand for hidden ones included.
    public int size() {
        return nodes.size();
    }

    /// Number of nodes that the tree would have with none hidden.
    public long fullSize() {
        long full = 0;
        for (int i = 0; i < size(); i++) {
            full += isHidden(i) ? hidden(i) : 1;
        }
        return full;
    }

    /// Sum of all values.
    public long total() {
        long total = 0;
        for (int i = 0; i < size(); i++) {
            if (level(i) == 0) {
                total += total(i);
            }
        }
        return total;
    }

    /// Distance of a node from the roots, which have 0.
    public int level(int node) {
        return nodes.level(node);
    }

    /// Sum of the values of all stacks through a node.
    public long total(int node) {
        return nodes.total(node);
    }

    /// Sum of the values of the stacks that end in a node; 0 for a node that stands for hidden
    /// ones.
    public long self(int node) {
        return nodes.self(node);
    }

    /// Number of nodes that this one stands for, or 0 if it is a node like any other.
    public int hidden(int node) {
        return nodes.hidden(node);
    }

    /// Whether a node stands for hidden ones, and so has no function.
    public boolean isHidden(int node) {
        return nodes.hidden(node) > 0;
    }

    /// Index into [#functions] of a node, or -1 if it stands for hidden ones.
    public int function(int node) {
        return nodes.function(node);
    }

    /// The functions of the nodes, each once, in the order of their first node.
    public List<Function> functions() {
        return functions;
    }

    /// The files that nodes are in, each once, the first one empty.
    public List<String> files() {
        return files;
    }

    /// Index into [#files] of the source file that a node is in; 0 if none is known or there are
    /// several, and for a node that stands for hidden ones.
    public int file(int node) {
        return nodes.file(node);
    }

    /// Lowest line of that file which stacks go through in a node, from 1; 0 if none is known.
    public int line(int node) {
        return nodes.line(node);
    }

    /// Highest such line.
    public int lastLine(int node) {
        return nodes.lastLine(node);
    }

    /// Whether a node's function was inlined there.
    public Inlining inlining(int node) {
        return nodes.inlining(node);
    }

    /// The tree in the form of `docs/formats/flamegraph.md`.
    public byte[] encode() {
        return FlameFormat.encode(this);
    }

    /// Reads the form of `docs/formats/flamegraph.md`. Memory is bounded by the size of the input.
    ///
    /// @throws MalformedInputException if it is not such a form
    public static FlameTree decode(byte[] encoded) throws MalformedInputException {
        return FlameReader.decode(Objects.requireNonNull(encoded));
    }
}

package io.emberscope.symbolizer.demangle;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What template parameters (`T_`) stand for where a name is being read: the arguments of the
/// template around it, and, in a lambda that is one, its own parameters.
final class TemplateScope {
    private static final String[] INVENTED = {"$T", "$N", "$TT"};
    static final int TYPE = 0;
    static final int VALUE = 1;
    static final int TEMPLATE = 2;

    /// Arguments by level, from the outermost on. A level may be known to be there, and nothing of
    /// it.
    private List<@Nullable List<Node>> levels = new ArrayList<>();

    /// The outermost level. It is filled while template arguments are read.
    private List<Node> outermost = new ArrayList<>();

    /// Parameters whose arguments are not known yet.
    final List<TemplateNodes.Forward> forwards = new ArrayList<>();

    /// How many parameters of each kind have an invented name.
    private final int[] invented = new int[INVENTED.length];

    /// Whether arguments may come later: in the type of a conversion operator.
    boolean permitsForward;

    /// Whether levels are not known well enough to tell what is meant: in a constraint.
    boolean isIncomplete;

    /// At this level, parameters of a lambda are `auto`; -1 is no level.
    int lambdaLevel = -1;

    record Saved(List<@Nullable List<Node>> levels, List<Node> outermost) {}

    /// Begins a name that has nothing to do with the arguments around it.
    Saved enter() {
        Saved saved = new Saved(levels, outermost);
        levels = new ArrayList<>(1);
        outermost = new ArrayList<>(2);
        return saved;
    }

    void leave(Saved saved) {
        levels = saved.levels();
        outermost = saved.outermost();
    }

    /// Begins the innermost template arguments of a name.
    void beginArguments() {
        levels.clear();
        outermost = new ArrayList<>();
        levels.add(outermost);
    }

    void addArgument(Node argument) {
        List<Node> innermost = levels.isEmpty() ? null : levels.getLast();
        if (innermost == null) {
            throw new Refused();
        }
        innermost.add(argument);
    }

    void clear() {
        levels.clear();
    }

    int depth() {
        return levels.size();
    }

    List<Node> beginLevel() {
        List<Node> level = new ArrayList<>();
        levels.add(level);
        return level;
    }

    void endLevelsAt(int depth) {
        while (levels.size() > depth) {
            levels.removeLast();
        }
    }

    Node invent(int kind) {
        int number = invented[kind]++;
        return new NameNodes.Fixed(number == 0 ? INVENTED[kind] : INVENTED[kind] + (number - 1));
    }

    /// What a parameter stands for.
    Node argument(int level, int index) {
        if (permitsForward && level == 0) {
            TemplateNodes.Forward forward = new TemplateNodes.Forward(index);
            forwards.add(forward);
            return forward;
        }
        List<Node> arguments = level < levels.size() ? levels.get(level) : null;
        if (arguments != null && index < arguments.size()) {
            return arguments.get(index);
        }
        if (lambdaLevel == level && level <= levels.size()) {
            if (level == levels.size()) {
                levels.add(null);
            }
            return new NameNodes.Fixed("auto");
        }
        throw new Refused();
    }

    /// Finds what those parameters stand for that are not known since there were `from` of them.
    void resolveForwards(int from) {
        List<Node> arguments = levels.isEmpty() ? null : levels.getFirst();
        for (int i = from; i < forwards.size(); i++) {
            TemplateNodes.Forward forward = forwards.get(i);
            if (arguments == null || forward.index >= arguments.size()) {
                throw new Refused();
            }
            forward.resolve(arguments.get(forward.index));
        }
        while (forwards.size() > from) {
            forwards.removeLast();
        }
    }
}

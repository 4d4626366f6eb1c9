package io.emberscope.symbolizer.demangle;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The part of the Itanium ABI's grammar that is about names.
final class ItaniumNames {
    private final Mangled in;
    private final ItaniumTypes types;

    ItaniumNames(Mangled in, ItaniumTypes types) {
        this.in = in;
        this.types = types;
    }

    /// What a function's name says of how its type is mangled.
    private static final class NameState {
        boolean isConstructorOrConversion;
        boolean endsWithArguments;
        boolean hasExplicitObject;
        int qualifiers;
    }

    /// A function with its type, a variable, or what a compiler made for something.
    Node encoding() {
        in.enter();
        TemplateScope.Saved saved = in.templates.enter();
        Node encoding =
                in.peek() == 'G' || in.peek() == 'T'
                        ? new SpecialNames(in, this, types).name()
                        : function();
        in.templates.leave(saved);
        in.leave();
        return encoding;
    }

    private boolean isEndOfEncoding() {
        int c = in.peek();
        return c == 0 || c == 'E' || c == '.' || c == '_';
    }

    private Node function() {
        NameState state = new NameState();
        int forwards = in.templates.forwards.size();
        Node name = name(state);
        in.templates.resolveForwards(forwards);
        if (isEndOfEncoding()) {
            return name;
        }
        Node attributes = null;
        if (in.eat("Ua9enable_ifI")) {
            List<Node> conditions = new ArrayList<>();
            while (!in.eat('E')) {
                conditions.add(types.templateArgument());
            }
            attributes = new NameNodes.EnableIf(conditions.toArray(Node.NONE));
        }
        Node returns =
                state.endsWithArguments && !state.isConstructorOrConversion ? types.type() : null;
        Node[] parameters = Node.NONE;
        if (!in.eat('v')) {
            List<Node> list = new ArrayList<>();
            do {
                list.add(types.type());
            } while (!isEndOfEncoding() && in.peek() != 'Q');
            parameters = list.toArray(Node.NONE);
        }
        Node constraint = in.eat('Q') ? types.constraint() : null;
        return new NameNodes.Function(
                returns,
                name,
                parameters,
                state.hasExplicitObject,
                attributes,
                constraint,
                state.qualifiers);
    }

    Node name() {
        return name(null);
    }

    private Node name(@Nullable NameState state) {
        return switch (in.peek()) {
            case 'N' -> nested(state);
            case 'Z' -> local(state);
            default -> unscopedOrSpecialized(state);
        };
    }

    private Node unscopedOrSpecialized(@Nullable NameState state) {
        int start = in.at;
        Node name = unscoped(state);
        boolean substituted = isSubstitution(start);
        if (in.peek() == 'I') {
            if (!substituted) {
                in.substitutable(name);
            }
            Node arguments = types.templateArguments(state != null);
            if (state != null) {
                state.endsWithArguments = true;
            }
            return new NameNodes.Specialized(name, arguments);
        }
        if (substituted) {
            throw new Refused();
        }
        return name;
    }

    /// Whether what [#unscoped] read from `start` on was a substitution, and nothing more.
    boolean isSubstitution(int start) {
        return lastWasSubstitution && start < in.at;
    }

    private boolean lastWasSubstitution;

    /// A name in no scope or in `std`, or a substitution.
    Node unscoped() {
        return unscoped(null);
    }

    private Node unscoped(@Nullable NameState state) {
        Node scope = in.eat('S', 't') ? new NameNodes.Fixed("std") : null;
        Node module = null;
        if (in.peek() == 'S') {
            Node substitution = substitution();
            if (substitution instanceof NameNodes.ModuleName) {
                module = substitution;
            } else if (scope == null) {
                lastWasSubstitution = true;
                return substitution;
            } else {
                throw new Refused();
            }
        }
        Node name = unqualified(state, scope, module);
        lastWasSubstitution = false;
        return name;
    }

    private Node local(@Nullable NameState state) {
        in.expect('Z');
        Node function = encoding();
        in.expect('E');
        if (in.eat('s')) {
            discriminator();
            return new NameNodes.Scoped(function, new NameNodes.Fixed("string literal"));
        }
        TemplateScope.Saved saved = in.templates.enter();
        Node entity;
        if (in.eat('d')) {
            in.signed();
            in.expect('_');
            entity = name(state);
        } else {
            entity = name(state);
            discriminator();
        }
        // The type of a function template that is local refers to its own arguments.
        if (state == null || !state.endsWithArguments) {
            in.templates.leave(saved);
        }
        return new NameNodes.Scoped(function, entity);
    }

    /// Skips what tells entities of one name apart.
    private void discriminator() {
        if (in.peek() == '_') {
            if (Mangled.isDigit(in.peek(1))) {
                in.at += 2;
            } else if (in.peek(1) == '_') {
                int back = in.at;
                in.at += 2;
                in.digits();
                if (!in.eat('_')) {
                    in.at = back;
                }
            }
        } else if (Mangled.isDigit(in.peek())) {
            int back = in.at;
            in.digits();
            if (in.peek() != 0) {
                in.at = back;
            }
        }
    }

    private Node nested(@Nullable NameState state) {
        in.expect('N');
        if (in.eat('H')) {
            if (state != null) {
                state.hasExplicitObject = true;
            }
        } else {
            int qualifiers = types.qualifiers();
            qualifiers |= in.eat('O') ? TypeNodes.RVALUE : in.eat('R') ? TypeNodes.LVALUE : 0;
            if (state != null) {
                state.qualifiers = qualifiers;
            }
        }
        Node name = null;
        while (!in.eat('E')) {
            if (state != null) {
                state.endsWithArguments = false;
            }
            Node module = null;
            switch (in.peek()) {
                case 'T' -> {
                    refuse(name != null);
                    name = types.templateParameter();
                }
                case 'I' -> {
                    refuse(name == null || name instanceof NameNodes.Specialized);
                    Node arguments = types.templateArguments(state != null);
                    if (state != null) {
                        state.endsWithArguments = true;
                    }
                    name = new NameNodes.Specialized(required(name), arguments);
                }
                case 'S' -> {
                    Node found = in.eat('S', 't') ? new NameNodes.Fixed("std") : substitution();
                    if (found instanceof NameNodes.ModuleName) {
                        module = found;
                        name = unqualified(state, name, module);
                    } else {
                        refuse(name != null);
                        name = found;
                        continue; // has been remembered before
                    }
                }
                default -> {
                    boolean decltype = in.peek() == 'D' && (in.peek(1) == 't' || in.peek(1) == 'T');
                    refuse(decltype && name != null);
                    name = decltype ? types.decltype() : unqualified(state, name, null);
                }
            }
            in.substitutable(name);
            in.eat('M'); // the initializer of a member, in which a lambda is
        }
        if (name == null || in.substitutions.isEmpty()) {
            throw new Refused();
        }
        in.substitutions.removeLast(); // whoever asked for it remembers it
        return name;
    }

    private static void refuse(boolean condition) {
        if (condition) {
            throw new Refused();
        }
    }

    private static Node required(@Nullable Node node) {
        if (node == null) {
            throw new Refused();
        }
        return node;
    }

    private Node unqualified(
            @Nullable NameState state, @Nullable Node scope, @Nullable Node moduleBefore) {
        Node module = module(moduleBefore);
        boolean isFriend = scope != null && in.eat('F');
        in.eat('L'); // of internal linkage
        int c = in.peek();
        Node name;
        if (c >= '1' && c <= '9') {
            name = in.sourceName();
        } else if (c == 'U') {
            name = unnamed(state);
        } else if (in.eat('D', 'C')) {
            List<Node> names = new ArrayList<>();
            do {
                names.add(in.sourceName());
            } while (!in.eat('E'));
            name = new NameNodes.StructuredBinding(names.toArray(Node.NONE));
        } else if (c == 'C' || c == 'D') {
            refuse(module != null);
            Node type = required(scope);
            if (type instanceof NameNodes.Standard standard) {
                scope = standard.expanded();
            }
            name = constructor(state, required(scope));
        } else {
            name = operator(state);
        }
        if (module != null) {
            name = new NameNodes.Attached(name, module);
        }
        name = tagged(name);
        if (isFriend) {
            return new NameNodes.Friend(required(scope), name);
        }
        return scope == null ? name : new NameNodes.Scoped(scope, name);
    }

    @Nullable Node module(@Nullable Node before) {
        Node module = before;
        while (in.eat('W')) {
            boolean isPartition = in.eat('P');
            module = new NameNodes.ModuleName(module, in.sourceName(), isPartition);
            in.substitutable(module);
        }
        return module;
    }

    private Node tagged(Node name) {
        Node tagged = name;
        while (in.eat('B')) {
            tagged = new NameNodes.Tagged(tagged, in.bareName());
        }
        return tagged;
    }

    private Node constructor(@Nullable NameState state, Node type) {
        boolean isDestructor = in.next() == 'D';
        boolean isInherited = !isDestructor && in.eat('I');
        int variant = in.next() - '0';
        refuse(variant < 0 || variant > 5 || variant == (isDestructor ? 3 : 0));
        if (state != null) {
            state.isConstructorOrConversion = true;
        }
        if (isInherited) {
            in.enter();
            name(state); // the base from which it is inherited
            in.leave();
        }
        return new NameNodes.Constructor(type, isDestructor);
    }

    Node operator() {
        return operator(null);
    }

    private Node operator(@Nullable NameState state) {
        Operator operator = Operator.read(in);
        if (operator != null) {
            if (operator.kind() == Operator.Kind.CAST) {
                return conversion(state);
            }
            refuse(operator.name().isEmpty());
            return new NameNodes.Fixed("operator" + operator.name());
        }
        if (in.eat('l', 'i')) {
            return new NameNodes.LiteralOperator(in.sourceName());
        }
        in.expect('v'); // of one compiler
        refuse(!Mangled.isDigit(in.next()));
        return new NameNodes.Conversion(in.sourceName());
    }

    /// The type to which an operator converts. Where the operator is a template, its arguments come
    /// later.
    private Node conversion(@Nullable NameState state) {
        in.enter();
        boolean arguments = types.readsArguments;
        boolean forward = in.templates.permitsForward;
        types.readsArguments = false;
        in.templates.permitsForward |= state != null;
        Node type = types.type();
        types.readsArguments = arguments;
        in.templates.permitsForward = forward;
        in.leave();
        if (state != null) {
            state.isConstructorOrConversion = true;
        }
        return new NameNodes.Conversion(type);
    }

    Node unnamed() {
        return unnamed(null);
    }

    private Node unnamed(@Nullable NameState state) {
        if (state != null) {
            in.templates.clear();
        }
        if (in.eat('U', 't')) {
            int ordinal = ordinal();
            Node number = in.digits();
            in.expect('_');
            return new NameNodes.Unnamed(number, ordinal);
        }
        if (in.eat('U', 'l')) {
            return lambda();
        }
        if (in.eat('U', 'b')) {
            in.digits();
            in.expect('_');
            return new NameNodes.Fixed(in.out.simplified ? "{block}" : "'block-literal'");
        }
        throw new Refused();
    }

    /// The number that follows, as people count; it is not read.
    private int ordinal() {
        int start = in.at;
        int ordinal = Mangled.isDigit(in.peek()) ? in.count() + 2 : 1;
        in.at = start;
        return ordinal;
    }

    private Node lambda() {
        in.enter();
        TemplateScope templates = in.templates;
        int outerLevel = templates.lambdaLevel;
        int depth = templates.depth();
        templates.lambdaLevel = depth;
        List<Node> level = templates.beginLevel();
        List<Node> declared = new ArrayList<>();
        while (types.isTemplateParameterDeclaration()) {
            declared.add(types.templateParameterDeclaration(level));
        }
        if (declared.isEmpty()) {
            templates.endLevelsAt(depth);
        }
        Node templateConstraint = in.eat('Q') ? types.constraint() : null;
        List<Node> parameters = new ArrayList<>();
        if (!in.eat('v')) {
            do {
                parameters.add(types.type());
            } while (in.peek() != 'E' && in.peek() != 'Q');
        }
        Node constraint = in.eat('Q') ? types.constraint() : null;
        in.expect('E');
        int ordinal = ordinal();
        Node number = in.digits();
        in.expect('_');
        templates.endLevelsAt(depth);
        templates.lambdaLevel = outerLevel;
        in.leave();
        return new NameNodes.Lambda(
                number,
                ordinal,
                declared.toArray(Node.NONE),
                templateConstraint,
                parameters.toArray(Node.NONE),
                constraint);
    }

    /// Something that was named before, or a name of the standard library.
    Node substitution() {
        in.expect('S');
        Node standard =
                switch (in.peek()) {
                    case 'a' -> new NameNodes.Standard("allocator", "");
                    case 'b' -> new NameNodes.Standard("basic_string", "");
                    case 's' -> STRING;
                    case 'i' -> INPUT;
                    case 'o' -> OUTPUT;
                    case 'd' -> BOTH;
                    default -> null;
                };
        if (standard != null) {
            in.at++;
            return in.peek() == 'B' ? in.substitutable(tagged(standard)) : standard;
        }
        int index = in.sequenceNumber();
        refuse(index >= in.substitutions.size());
        return in.substitutions.get(index);
    }

    private static final String TRAITS = "<char, std::char_traits<char>";
    private static final NameNodes.Standard STRING =
            new NameNodes.Standard("string", TRAITS + ", std::allocator<char>>");
    private static final NameNodes.Standard INPUT = new NameNodes.Standard("istream", TRAITS + '>');
    private static final NameNodes.Standard OUTPUT =
            new NameNodes.Standard("ostream", TRAITS + '>');
    private static final NameNodes.Standard BOTH = new NameNodes.Standard("iostream", TRAITS + '>');
}

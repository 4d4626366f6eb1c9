package io.emberscope.symbolizer.demangle;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The part of the Itanium ABI's grammar that is about types, and template arguments and
/// parameters.
final class ItaniumTypes {
    private final Mangled in;
    private final ItaniumNames names;
    private final ItaniumExpressions expressions;

    /// Whether template arguments after a template parameter belong to it. Those after the type of
    /// a conversion operator are the operator's.
    boolean readsArguments = true;

    ItaniumTypes(Mangled in) {
        this.in = in;
        this.names = new ItaniumNames(in, this);
        this.expressions = new ItaniumExpressions(in, names, this);
    }

    /// Writes a name of C++.
    ///
    /// @param mark where the `Z` is
    static void write(byte[] bytes, int mark, Text out) {
        Mangled in = new Mangled(bytes, mark + 1, out);
        Node name = new ItaniumTypes(in).names.encoding();
        if (mark > 2) {
            if (!in.eat("_block_invoke")) {
                throw new Refused();
            }
            boolean numbered = in.eat('_');
            int start = in.at;
            in.digits();
            if (numbered && in.at == start) {
                throw new Refused();
            }
            name = new NameNodes.Special("invocation function for block in ", name);
            if (in.peek() == '.') {
                in.at = bytes.length;
            }
        } else if (in.peek() == '.') {
            name = new NameNodes.WithSuffix(name, bytes, in.at);
            in.at = bytes.length;
        }
        if (in.at < bytes.length) {
            throw new Refused();
        }
        out.write(name);
    }

    int qualifiers() {
        int qualifiers = in.eat('r') ? TypeNodes.RESTRICT : 0;
        qualifiers |= in.eat('V') ? TypeNodes.VOLATILE : 0;
        qualifiers |= in.eat('K') ? TypeNodes.CONST : 0;
        return qualifiers;
    }

    Node type() {
        in.enter();
        Node basic = BasicTypes.read(in);
        Node type = basic == null ? composite() : basic;
        in.leave();
        return type;
    }

    private Node composite() {
        return switch (in.peek()) {
            case 'r', 'V', 'K' -> in.substitutable(isFunction() ? function() : qualified());
            case 'U' -> in.substitutable(qualified());
            case 'u' -> in.substitutable(vendor());
            case 'D' -> afterD();
            case 'F' -> in.substitutable(function());
            case 'A' -> in.substitutable(array());
            case 'M' -> {
                in.at++;
                Node type = type();
                yield in.substitutable(new TypeNodes.MemberPointer(type, type()));
            }
            case 'T' -> parameterOrElaborated();
            case 'P' -> {
                in.at++;
                yield in.substitutable(new TypeNodes.Pointer(type()));
            }
            case 'R', 'O' -> {
                boolean isRvalue = in.next() == 'O';
                yield in.substitutable(new TypeNodes.Reference(type(), isRvalue));
            }
            case 'C', 'G' -> {
                String suffix = in.next() == 'C' ? " complex" : " imaginary";
                yield in.substitutable(new TypeNodes.Affixed("", type(), suffix));
            }
            case 'S' -> in.peek(1) == 't' ? in.substitutable(names.name()) : substituted();
            default -> in.substitutable(names.name());
        };
    }

    /// Whether a function's type follows, after qualifiers.
    private boolean isFunction() {
        int ahead = 0;
        ahead += in.peek(ahead) == 'r' ? 1 : 0;
        ahead += in.peek(ahead) == 'V' ? 1 : 0;
        ahead += in.peek(ahead) == 'K' ? 1 : 0;
        int c = in.peek(ahead);
        return c == 'F' || (c == 'D' && "oOwx".indexOf(in.peek(ahead + 1)) >= 0);
    }

    private Node afterD() {
        return switch (in.peek(1)) {
            case 't', 'T' -> in.substitutable(decltype());
            case 'v' -> in.substitutable(vector());
            case 'p' -> {
                in.at += 2;
                yield in.substitutable(new TemplateNodes.Expansion(type()));
            }
            case 'o', 'O', 'w', 'x' -> in.substitutable(function());
            case 'F' -> {
                in.at += 2;
                yield floating();
            }
            case 'B', 'U' -> in.substitutable(bitInt());
            case 'k', 'K' -> {
                String placeholder = in.peek(1) == 'k' ? " auto" : " decltype(auto)";
                in.at += 2;
                yield new TypeNodes.Constrained(names.name(), placeholder);
            }
            default -> throw new Refused();
        };
    }

    private Node floating() {
        if (in.eat("16b")) {
            return new NameNodes.Fixed("std::bfloat16_t");
        }
        Node bits = in.digits();
        boolean isExtended = in.eat('x');
        if (!isExtended) {
            in.expect('_');
        }
        return new TypeNodes.Affixed("_Float", bits, isExtended ? "x" : "");
    }

    private Node bitInt() {
        boolean isSigned = in.peek(1) == 'B';
        in.at += 2;
        Node bits = Mangled.isDigit(in.peek()) ? in.digits() : expressions.expression();
        in.expect('_');
        return new TypeNodes.BitInt(bits, isSigned);
    }

    private Node vendor() {
        in.expect('u');
        Node name = in.bareName();
        if (in.eat('I')) {
            Node type = type();
            in.expect('E');
            return new TypeNodes.Transformed(name, type);
        }
        return name;
    }

    private Node qualified() {
        if (!in.eat('U')) {
            int qualifiers = qualifiers();
            Node type = type();
            return qualifiers == 0 ? type : new TypeNodes.Qualified(type, qualifiers);
        }
        in.enter();
        int start = in.at;
        Node name = in.bareName();
        Node protocol = Objective.protocol(in, start);
        Node type;
        if (protocol != null) {
            Node object = qualified();
            type = new TypeNodes.Protocol(object, protocol, Objective.isObject(object));
        } else {
            Node arguments = in.peek() == 'I' ? templateArguments(false) : null;
            type = new TypeNodes.Extended(qualified(), name, arguments);
        }
        in.leave();
        return type;
    }

    private Node function() {
        int qualifiers = qualifiers();
        Node exceptions = null;
        if (in.eat('D', 'o')) {
            exceptions = new NameNodes.Fixed("noexcept");
        } else if (in.eat('D', 'O')) {
            exceptions =
                    new ExpressionNodes.Enclosed(
                            "noexcept", expressions.expression(), Node.PRIMARY);
            in.expect('E');
        } else if (in.eat('D', 'w')) {
            List<Node> types = new ArrayList<>();
            while (!in.eat('E')) {
                types.add(type());
            }
            exceptions = new TypeNodes.Throws(types.toArray(Node.NONE));
        }
        in.eat('D', 'x'); // transaction-safe
        in.expect('F');
        in.eat('Y'); // extern "C"
        Node returns = type();
        List<Node> parameters = new ArrayList<>();
        while (!in.eat('E')) {
            if (in.eat('R', 'E')) {
                qualifiers |= TypeNodes.LVALUE;
                break;
            } else if (in.eat('O', 'E')) {
                qualifiers |= TypeNodes.RVALUE;
                break;
            } else if (!in.eat('v')) {
                parameters.add(type());
            }
        }
        return new TypeNodes.FunctionType(
                returns, parameters.toArray(Node.NONE), qualifiers, exceptions);
    }

    private Node array() {
        in.expect('A');
        Node size = null;
        if (Mangled.isDigit(in.peek())) {
            size = in.digits();
            in.expect('_');
        } else if (!in.eat('_')) {
            size = expressions.expression();
            in.expect('_');
        }
        return new TypeNodes.Array(type(), size);
    }

    private Node vector() {
        in.at += 2;
        Node size = null;
        if (in.peek() >= '1' && in.peek() <= '9') {
            size = in.digits();
            in.expect('_');
            if (in.eat('p')) {
                return new TypeNodes.PixelVector(size);
            }
        } else if (!in.eat('_')) {
            size = expressions.expression();
            in.expect('_');
        }
        return new TypeNodes.Vector(type(), size);
    }

    Node decltype() {
        in.expect('D');
        in.at++;
        Node expression = expressions.expression();
        in.expect('E');
        return new ExpressionNodes.Enclosed("decltype", expression, Node.PRIMARY);
    }

    private Node parameterOrElaborated() {
        String kind =
                switch (in.peek(1)) {
                    case 's' -> "struct ";
                    case 'u' -> "union ";
                    case 'e' -> "enum ";
                    default -> "";
                };
        if (!kind.isEmpty()) {
            in.at += 2;
            return in.substitutable(new TypeNodes.Elaborated(kind, names.name()));
        }
        Node parameter = templateParameter();
        in.substitutable(parameter);
        if (readsArguments && in.peek() == 'I') {
            return in.substitutable(new NameNodes.Specialized(parameter, templateArguments(false)));
        }
        return parameter;
    }

    private Node substituted() {
        int start = in.at;
        Node name = names.unscoped();
        boolean substitution = names.isSubstitution(start);
        if (in.peek() == 'I' && (!substitution || readsArguments)) {
            if (!substitution) {
                in.substitutable(name);
            }
            return in.substitutable(new NameNodes.Specialized(name, templateArguments(false)));
        }
        return substitution ? name : in.substitutable(name);
    }

    // Template parameters and arguments.

    Node templateParameter() {
        int start = in.at;
        in.expect('T');
        int level = 0;
        if (in.eat('L')) {
            level = in.count() + 1;
            in.expect('_');
        }
        int index = in.index();
        if (in.templates.isIncomplete) {
            return new NameNodes.Word(in.bytes, start, in.at - 1);
        }
        return in.templates.argument(level, index);
    }

    /// @param named whether template parameters that follow refer to these
    Node templateArguments(boolean named) {
        in.expect('I');
        if (named) {
            in.templates.beginArguments();
        }
        List<Node> arguments = new ArrayList<>();
        while (!in.eat('E')) {
            Node argument = templateArgument();
            arguments.add(argument);
            if (named) {
                in.templates.addArgument(
                        switch (argument) {
                            case TemplateNodes.PackArgument(var elements) ->
                                    new TemplateNodes.Pack(elements);
                            case TemplateNodes.DeclaredArgument(var declared) -> declared;
                            default -> argument;
                        });
            }
            if (in.eat('Q')) {
                constraint();
                in.expect('E');
                break;
            }
        }
        return new NameNodes.TemplateArguments(arguments.toArray(Node.NONE));
    }

    Node templateArgument() {
        return switch (in.peek()) {
            case 'X' -> {
                in.at++;
                Node expression = expressions.expression();
                in.expect('E');
                yield expression;
            }
            case 'J' -> pack();
            case 'L' -> {
                if (in.peek(1) != 'Z') {
                    yield expressions.primary();
                }
                in.at += 2;
                Node encoding = names.encoding();
                in.expect('E');
                yield encoding;
            }
            default -> isTemplateParameterDeclaration() ? declaredArgument() : type();
        };
    }

    private Node pack() {
        in.enter();
        in.expect('J');
        List<Node> elements = new ArrayList<>();
        while (!in.eat('E')) {
            elements.add(templateArgument());
        }
        in.leave();
        return new TemplateNodes.PackArgument(elements.toArray(Node.NONE));
    }

    private Node declaredArgument() {
        in.enter();
        templateParameterDeclaration(null);
        Node argument = templateArgument();
        in.leave();
        return new TemplateNodes.DeclaredArgument(argument);
    }

    boolean isTemplateParameterDeclaration() {
        return in.peek() == 'T' && "yptnk".indexOf(in.peek(1)) >= 0 && in.peek(1) != 0;
    }

    /// @param level to which the parameter is added
    Node templateParameterDeclaration(@Nullable List<Node> level) {
        in.enter();
        in.expect('T');
        Node declared;
        switch (in.next()) {
            case 'y' ->
                    declared =
                            new TemplateNodes.Declared(
                                    new NameNodes.Fixed("typename "),
                                    invent(TemplateScope.TYPE, level));
            case 'k' -> {
                Node concept = names.name();
                declared =
                        new TemplateNodes.Declared(
                                new TypeNodes.Constrained(concept, " "),
                                invent(TemplateScope.TYPE, level));
            }
            case 'n' -> {
                Node name = invent(TemplateScope.VALUE, level);
                declared = new TemplateNodes.DeclaredValue(type(), name);
            }
            case 't' -> declared = declaredTemplate(invent(TemplateScope.TEMPLATE, level));
            case 'p' ->
                    declared = new TemplateNodes.DeclaredPack(templateParameterDeclaration(level));
            default -> throw new Refused();
        }
        in.leave();
        return declared;
    }

    private Node declaredTemplate(Node name) {
        int depth = in.templates.depth();
        List<Node> inner = in.templates.beginLevel();
        List<Node> parameters = new ArrayList<>();
        Node constraint = null;
        while (!in.eat('E')) {
            parameters.add(templateParameterDeclaration(inner));
            if (in.eat('Q')) {
                constraint = constraint();
                in.expect('E');
                break;
            }
        }
        in.templates.endLevelsAt(depth);
        return new TemplateNodes.DeclaredTemplate(parameters.toArray(Node.NONE), name, constraint);
    }

    private Node invent(int kind, @Nullable List<Node> level) {
        Node name = in.templates.invent(kind);
        if (level != null) {
            level.add(name);
        }
        return name;
    }

    /// What comes after `requires`.
    Node constraint() {
        boolean outer = in.templates.isIncomplete;
        in.templates.isIncomplete = true;
        Node constraint = expressions.expression();
        in.templates.isIncomplete = outer;
        return constraint;
    }
}

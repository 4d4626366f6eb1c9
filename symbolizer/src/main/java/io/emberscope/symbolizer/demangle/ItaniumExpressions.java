package io.emberscope.symbolizer.demangle;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The part of the Itanium ABI's grammar that is about expressions.
final class ItaniumExpressions {
    private final Mangled in;
    private final ItaniumNames names;
    private final ItaniumTypes types;

    ItaniumExpressions(Mangled in, ItaniumNames names, ItaniumTypes types) {
        this.in = in;
        this.names = names;
        this.types = types;
    }

    Node expression() {
        in.enter();
        boolean isGlobal = in.eat('g', 's');
        Operator operator = Operator.read(in);
        Node expression = operator == null ? other(isGlobal) : operation(operator, isGlobal);
        in.leave();
        return expression;
    }

    private Node[] expressionsUpTo(char end) {
        List<Node> expressions = new ArrayList<>();
        while (!in.eat(end)) {
            expressions.add(expression());
        }
        return expressions.toArray(Node.NONE);
    }

    private Node operation(Operator operator, boolean isGlobal) {
        String text = operator.text();
        int precedence = operator.precedence();
        return switch (operator.kind()) {
            case PREFIX -> new ExpressionNodes.Prefix(text, expression(), precedence);
            case PREFIX_OR_POSTFIX ->
                    in.eat('_')
                            ? new ExpressionNodes.Prefix(text, expression(), precedence)
                            : new ExpressionNodes.Postfix(expression(), text, precedence);
            case BINARY -> {
                Node left = expression();
                yield new ExpressionNodes.Binary(left, text, expression(), precedence);
            }
            case SUBSCRIPT -> {
                Node array = expression();
                yield new ExpressionNodes.Subscript(array, expression(), precedence);
            }
            case MEMBER -> {
                Node object = expression();
                yield new ExpressionNodes.Member(object, text, expression(), precedence);
            }
            case NEW -> newOperation(isGlobal, !text.isEmpty(), precedence);
            case DELETE ->
                    new ExpressionNodes.Delete(expression(), isGlobal, !text.isEmpty(), precedence);
            case CALL -> {
                Node function = expression();
                yield new ExpressionNodes.Call(function, expressionsUpTo('E'), precedence);
            }
            case CAST -> cast(precedence);
            case CONDITIONAL -> {
                Node condition = expression();
                Node then = expression();
                yield new ExpressionNodes.Conditional(condition, then, expression(), precedence);
            }
            case NAMED_CAST -> {
                Node type = types.type();
                yield new ExpressionNodes.NamedCast(text, type, expression(), precedence);
            }
            case OF_TYPE -> new ExpressionNodes.Enclosed(text, types.type(), precedence);
            case OF_EXPRESSION -> new ExpressionNodes.Enclosed(text, expression(), precedence);
        };
    }

    private Node newOperation(boolean isGlobal, boolean isArray, int precedence) {
        Node[] placement = expressionsUpTo('_');
        Node type = types.type();
        Node[] initializers = Node.NONE;
        if (in.eat('p', 'i')) {
            initializers = expressionsUpTo('E');
        } else {
            in.expect('E');
        }
        return new ExpressionNodes.New(
                placement, type, initializers, isGlobal, isArray, precedence);
    }

    private Node cast(int precedence) {
        boolean arguments = types.readsArguments;
        types.readsArguments = false;
        Node type = types.type();
        types.readsArguments = arguments;
        Node[] operands = in.eat('_') ? expressionsUpTo('E') : new Node[] {expression()};
        return new ExpressionNodes.Cast(type, operands, precedence);
    }

    /// What does not begin with an operator.
    private Node other(boolean isGlobal) {
        int c = in.peek();
        int d = in.peek(1);
        if (c == 'L') {
            return primary();
        }
        if (c == 'T') {
            return types.templateParameter();
        }
        if (c == 'f') {
            return d == 'p' || (d == 'L' && Mangled.isDigit(in.peek(2))) ? parameter() : fold();
        }
        if (in.eat('i', 'l')) {
            return new ExpressionNodes.Initializers(null, initializers());
        }
        if (in.eat('t', 'l')) {
            Node type = types.type();
            return new ExpressionNodes.Initializers(type, initializers());
        }
        if (in.eat('m', 'c')) {
            return memberConversion();
        }
        if (in.eat('s', 'o')) {
            return subobject();
        }
        if (in.eat('s', 'p')) {
            return new TemplateNodes.Expansion(expression());
        }
        if (in.eat('s', 'Z')) {
            return in.peek() == 'T'
                    ? new ExpressionNodes.PackSize(types.templateParameter())
                    : new ExpressionNodes.Enclosed("sizeof... ", parameter(), Node.PRIMARY);
        }
        if (in.eat('s', 'P')) {
            List<Node> arguments = new ArrayList<>();
            while (!in.eat('E')) {
                arguments.add(types.templateArgument());
            }
            Node pack = new ExpressionNodes.PackArguments(arguments.toArray(Node.NONE));
            return new ExpressionNodes.Enclosed("sizeof... ", pack, Node.PRIMARY);
        }
        if (in.eat('t', 'r')) {
            return new NameNodes.Fixed("throw");
        }
        if (in.eat('t', 'w')) {
            return new ExpressionNodes.Throw(expression());
        }
        if (c == 'r' && (d == 'q' || d == 'Q')) {
            return requires();
        }
        if (in.eat('u')) {
            return vendor();
        }
        return unresolved(isGlobal);
    }

    private Node vendor() {
        boolean isUuid = in.eat("8__uuidof");
        Node name = isUuid ? new NameNodes.Fixed("__uuidof") : in.sourceName();
        List<Node> arguments = new ArrayList<>();
        if (isUuid && in.eat('t')) {
            arguments.add(types.type());
        } else if (isUuid && in.eat('z')) {
            arguments.add(expression());
        } else {
            while (!in.eat('E')) {
                arguments.add(types.templateArgument());
            }
        }
        return new ExpressionNodes.Call(name, arguments.toArray(Node.NONE), Node.POSTFIX);
    }

    private Node memberConversion() {
        Node type = types.type();
        Node member = expression();
        in.signed();
        in.expect('E');
        return new ExpressionNodes.MemberConversion(type, member, Node.CAST);
    }

    private Node subobject() {
        Node type = types.type();
        Node object = expression();
        boolean hasOffset = Mangled.isDigit(in.peek(in.peek() == 'n' ? 1 : 0));
        Node offset = in.signed();
        if (!hasOffset) {
            offset = new NameNodes.Fixed("0");
        }
        while (in.eat('_')) {
            in.digits(); // which member of a union
        }
        in.eat('p'); // one past the end
        in.expect('E');
        return new ExpressionNodes.Subobject(type, object, offset);
    }

    private Node parameter() {
        if (in.eat("fpT")) {
            return new NameNodes.Fixed("this");
        }
        if (in.eat('f', 'L')) {
            in.digits();
            in.expect('p');
        } else if (!in.eat('f', 'p')) {
            throw new Refused();
        }
        types.qualifiers();
        Node number = in.digits();
        in.expect('_');
        return new ExpressionNodes.Parameter(number);
    }

    private Node fold() {
        in.expect('f');
        int kind = in.next();
        boolean isLeft = kind == 'l' || kind == 'L';
        boolean hasInitial = kind == 'L' || kind == 'R';
        if (!isLeft && !hasInitial && kind != 'r') {
            throw new Refused();
        }
        Operator operator = Operator.read(in);
        if (operator == null
                || (operator.kind() != Operator.Kind.BINARY
                        && (operator.kind() != Operator.Kind.MEMBER
                                || !operator.text().endsWith("*")))) {
            throw new Refused();
        }
        Node first = expression();
        Node second = hasInitial ? expression() : null;
        return isLeft && second != null
                ? new ExpressionNodes.Fold(true, operator.text(), second, first)
                : new ExpressionNodes.Fold(isLeft, operator.text(), first, second);
    }

    private Node[] initializers() {
        List<Node> initializers = new ArrayList<>();
        while (!in.eat('E')) {
            initializers.add(initializer());
        }
        return initializers.toArray(Node.NONE);
    }

    private Node initializer() {
        if (in.peek() != 'd') {
            return expression();
        }
        in.enter();
        Node initializer;
        if (in.eat('d', 'i')) {
            Node field = in.sourceName();
            initializer = new ExpressionNodes.Designated(field, null, initializer(), false);
        } else if (in.eat('d', 'x')) {
            Node index = expression();
            initializer = new ExpressionNodes.Designated(index, null, initializer(), true);
        } else if (in.eat('d', 'X')) {
            Node from = expression();
            Node to = expression();
            initializer = new ExpressionNodes.Designated(from, to, initializer(), true);
        } else {
            initializer = expression();
        }
        in.leave();
        return initializer;
    }

    private Node requires() {
        in.at++;
        Node[] parameters = Node.NONE;
        if (in.next() == 'Q') {
            List<Node> list = new ArrayList<>();
            while (!in.eat('_')) {
                list.add(types.type());
            }
            parameters = list.toArray(Node.NONE);
        }
        List<Node> requirements = new ArrayList<>();
        do {
            requirements.add(requirement());
        } while (!in.eat('E'));
        return new ExpressionNodes.Requires(parameters, requirements.toArray(Node.NONE));
    }

    private Node requirement() {
        return switch (in.next()) {
            case 'X' -> {
                Node expression = expression();
                boolean isNoexcept = in.eat('N');
                Node constraint = in.eat('R') ? names.name() : null;
                yield new ExpressionNodes.RequiredExpression(expression, isNoexcept, constraint);
            }
            case 'T' -> new ExpressionNodes.Required(" typename ", types.type());
            case 'Q' -> new ExpressionNodes.Required(" requires ", expression());
            default -> throw new Refused();
        };
    }

    // Names that are looked up when a template is instantiated.

    private Node unresolved(boolean isGlobal) {
        if (in.eat("srN")) {
            Node scope = withArguments(unresolvedType());
            while (!in.eat('E')) {
                scope = new NameNodes.Scoped(scope, simpleName());
            }
            return new NameNodes.Scoped(scope, lastUnresolved());
        }
        if (!in.eat('s', 'r')) {
            Node name = lastUnresolved();
            return isGlobal ? new NameNodes.Global(name) : name;
        }
        Node scope;
        if (Mangled.isDigit(in.peek())) {
            scope = simpleName();
            scope = isGlobal ? new NameNodes.Global(scope) : scope;
            boolean isDeep = in.peek() != 'E';
            while (!in.eat('E')) {
                scope = new NameNodes.Scoped(scope, simpleName());
            }
            if (isDeep && in.peek() == 'E') {
                in.at--; // of what is around it; GCC leaves out the one before the last name
                return scope;
            }
        } else {
            scope = withArguments(unresolvedType());
        }
        return new NameNodes.Scoped(scope, lastUnresolved());
    }

    private Node unresolvedType() {
        return switch (in.peek()) {
            case 'T' -> in.substitutable(types.templateParameter());
            case 'D' -> {
                if (in.peek(1) != 't' && in.peek(1) != 'T') {
                    throw new Refused();
                }
                yield in.substitutable(types.decltype());
            }
            default -> names.substitution();
        };
    }

    private Node simpleName() {
        return withArguments(in.sourceName());
    }

    private Node withArguments(Node name) {
        return in.peek() == 'I'
                ? new NameNodes.Specialized(name, types.templateArguments(false))
                : name;
    }

    private Node lastUnresolved() {
        if (Mangled.isDigit(in.peek())) {
            return simpleName();
        }
        if (in.eat('d', 'n')) {
            Node type = Mangled.isDigit(in.peek()) ? simpleName() : unresolvedType();
            return new NameNodes.Destructor(type);
        }
        in.eat('o', 'n');
        return withArguments(names.operator());
    }

    // Literals.

    Node primary() {
        in.expect('L');
        int c = in.peek();
        String type = literalType(c);
        if (type != null) {
            in.at++;
            boolean isSuffix = type.length() <= 3;
            return new ExpressionNodes.IntegerLiteral(
                    isSuffix ? "" : type, value(), isSuffix ? type : "");
        }
        switch (c) {
            case 'b' -> {
                in.at++;
                int value = in.next();
                in.expect('E');
                if (value != '0' && value != '1') {
                    throw new Refused();
                }
                return new NameNodes.Fixed(value == '0' ? "false" : "true");
            }
            case 'f', 'd', 'e' -> {
                in.at++;
                return FloatLiteral.read(in, (char) c);
            }
            case '_' -> {
                if (!in.eat("_Z")) {
                    throw new Refused();
                }
                Node encoding = names.encoding();
                in.expect('E');
                return encoding;
            }
            case 'A' -> {
                Node array = types.type();
                in.expect('E');
                return new ExpressionNodes.StringLiteral(array);
            }
            case 'T' -> throw new Refused();
            case 'U' -> {
                if (in.peek(1) != 'l') {
                    throw new Refused();
                }
                Node lambda = names.unnamed();
                in.expect('E');
                return new ExpressionNodes.LambdaLiteral(lambda);
            }
            default -> {}
        }
        if (in.eat('D', 'n')) {
            in.eat('0');
            in.expect('E');
            return new NameNodes.Fixed("nullptr");
        }
        Node named = types.type();
        return new ExpressionNodes.Enumerator(named, value());
    }

    private Node value() {
        int start = in.at;
        Node value = in.signed();
        if (in.at == start || in.bytes[in.at - 1] == 'n') {
            throw new Refused();
        }
        in.expect('E');
        return value;
    }

    /// How the type of an integer literal is told, by the type's letter; null if it is another
    /// type.
    private static @Nullable String literalType(int letter) {
        return switch (letter) {
            case 'w' -> "wchar_t";
            case 'c' -> "char";
            case 'a' -> "signed char";
            case 'h' -> "unsigned char";
            case 's' -> "short";
            case 't' -> "unsigned short";
            case 'i' -> "";
            case 'j' -> "u";
            case 'l' -> "l";
            case 'm' -> "ul";
            case 'x' -> "ll";
            case 'y' -> "ull";
            case 'n' -> "__int128";
            case 'o' -> "unsigned __int128";
            default -> null;
        };
    }
}

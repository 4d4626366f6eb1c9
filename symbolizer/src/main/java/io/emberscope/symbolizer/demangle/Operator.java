package io.emberscope.symbolizer.demangle;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An operator of C++, by its two letters.
///
/// @param text as it stands between operands, or before or after them
/// @param name as a function is called that overloads it; empty if none can
record Operator(Kind kind, String text, String name, int precedence) {
    enum Kind {
        PREFIX,
        /// Before its operand, with an underscore in the mangled name, or else behind it.
        PREFIX_OR_POSTFIX,
        BINARY,
        SUBSCRIPT,
        MEMBER,
        NEW,
        DELETE,
        CALL,
        CAST,
        CONDITIONAL,
        NAMED_CAST,
        /// Of a type.
        OF_TYPE,
        /// Of an expression.
        OF_EXPRESSION
    }

    private static final Map<Integer, Operator> BY_CODE = new HashMap<>();

    static {
        binary("aN", "&=", Node.ASSIGN);
        binary("aS", "=", Node.ASSIGN);
        binary("aa", "&&", Node.AND_IF);
        prefix("ad", "&", "&");
        binary("an", "&", Node.AND);
        put("at", Kind.OF_TYPE, "alignof ", "", Node.UNARY);
        prefix("aw", "co_await ", " co_await");
        put("az", Kind.OF_EXPRESSION, "alignof ", "", Node.UNARY);
        put("cc", Kind.NAMED_CAST, "const_cast", "", Node.POSTFIX);
        put("cl", Kind.CALL, "()", "()", Node.POSTFIX);
        binary("cm", ",", Node.COMMA);
        prefix("co", "~", "~");
        put("cp", Kind.CALL, "()", "()", Node.POSTFIX);
        put("cv", Kind.CAST, "", " ", Node.CAST);
        binary("dV", "/=", Node.ASSIGN);
        put("da", Kind.DELETE, "[]", " delete[]", Node.UNARY);
        put("dc", Kind.NAMED_CAST, "dynamic_cast", "", Node.POSTFIX);
        prefix("de", "*", "*");
        put("dl", Kind.DELETE, "", " delete", Node.UNARY);
        put("ds", Kind.MEMBER, ".*", "", Node.MEMBER_POINTER);
        put("dt", Kind.MEMBER, ".", "", Node.POSTFIX);
        binary("dv", "/", Node.ASSIGN); // as LLVM has it; of multiplication it has the usual
        binary("eO", "^=", Node.ASSIGN);
        binary("eo", "^", Node.XOR);
        binary("eq", "==", Node.EQUALITY);
        binary("ge", ">=", Node.RELATIONAL);
        binary("gt", ">", Node.RELATIONAL);
        put("ix", Kind.SUBSCRIPT, "[]", "[]", Node.POSTFIX);
        binary("lS", "<<=", Node.ASSIGN);
        binary("le", "<=", Node.RELATIONAL);
        binary("ls", "<<", Node.SHIFT);
        binary("lt", "<", Node.RELATIONAL);
        binary("mI", "-=", Node.ASSIGN);
        binary("mL", "*=", Node.ASSIGN);
        binary("mi", "-", Node.ADDITIVE);
        binary("ml", "*", Node.MULTIPLICATIVE);
        put("mm", Kind.PREFIX_OR_POSTFIX, "--", "--", Node.POSTFIX);
        put("na", Kind.NEW, "[]", " new[]", Node.UNARY);
        binary("ne", "!=", Node.EQUALITY);
        prefix("ng", "-", "-");
        prefix("nt", "!", "!");
        put("nw", Kind.NEW, "", " new", Node.UNARY);
        put("nx", Kind.OF_EXPRESSION, "noexcept ", "", Node.UNARY);
        binary("oR", "|=", Node.ASSIGN);
        binary("oo", "||", Node.OR_IF);
        binary("or", "|", Node.OR);
        binary("pL", "+=", Node.ASSIGN);
        binary("pl", "+", Node.ADDITIVE);
        put("pm", Kind.MEMBER, "->*", "", Node.MEMBER_POINTER);
        put("pp", Kind.PREFIX_OR_POSTFIX, "++", "++", Node.POSTFIX);
        prefix("ps", "+", "+");
        put("pt", Kind.MEMBER, "->", "->", Node.POSTFIX);
        put("qu", Kind.CONDITIONAL, "?", "?", Node.CONDITIONAL);
        binary("rM", "%=", Node.ASSIGN);
        binary("rS", ">>=", Node.ASSIGN);
        put("rc", Kind.NAMED_CAST, "reinterpret_cast", "", Node.POSTFIX);
        binary("rm", "%", Node.MULTIPLICATIVE);
        binary("rs", ">>", Node.SHIFT);
        put("sc", Kind.NAMED_CAST, "static_cast", "", Node.POSTFIX);
        binary("ss", "<=>", Node.SPACESHIP);
        put("st", Kind.OF_TYPE, "sizeof ", "", Node.UNARY);
        put("sz", Kind.OF_EXPRESSION, "sizeof ", "", Node.UNARY);
        put("te", Kind.OF_EXPRESSION, "typeid ", "", Node.POSTFIX);
        put("ti", Kind.OF_TYPE, "typeid ", "", Node.POSTFIX);
    }

    private static void binary(String code, String text, int precedence) {
        put(code, Kind.BINARY, text, text, precedence);
    }

    private static void prefix(String code, String text, String name) {
        put(code, Kind.PREFIX, text, name, Node.UNARY);
    }

    private static void put(String code, Kind kind, String text, String name, int precedence) {
        BY_CODE.put(
                code.charAt(0) << 8 | code.charAt(1), new Operator(kind, text, name, precedence));
    }

    /// The operator at the place of a name, after which the place then is; null if there is none.
    static @Nullable Operator read(Mangled name) {
        Operator found = BY_CODE.get(name.peek() << 8 | name.peek(1));
        if (found != null) {
            name.at += 2;
        }
        return found;
    }
}

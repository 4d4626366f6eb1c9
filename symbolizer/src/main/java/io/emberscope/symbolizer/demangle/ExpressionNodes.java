package io.emberscope.symbolizer.demangle;

import org.jspecify.annotations.Nullable;

/// Expressions: arguments of templates that are values, what `decltype` is of, constraints.
final class ExpressionNodes {
    private ExpressionNodes() {}

    record Binary(Node left, String operator, Node right, int precedence) implements Node {
        @Override
        public void left(Text out) {
            boolean closes = operator.equals(">") || operator.equals(">>");
            boolean inParentheses = closes && out.parentheses == 0;
            if (inParentheses) {
                out.open();
            }
            boolean isAssignment = precedence == ASSIGN;
            out.operand(left, isAssignment ? OR_IF : precedence + 1);
            out.add(operator.equals(",") ? "" : " ").add(operator).add(' ');
            out.operand(right, isAssignment ? precedence + 1 : precedence);
            if (inParentheses) {
                out.close();
            }
        }
    }

    record Prefix(String operator, Node operand, int precedence) implements Node {
        @Override
        public void left(Text out) {
            out.add(operator);
            out.operand(operand, precedence);
        }
    }

    record Postfix(Node operand, String operator, int precedence) implements Node {
        @Override
        public void left(Text out) {
            out.operand(operand, precedence + 1);
            out.add(operator);
        }
    }

    record Subscript(Node array, Node index, int precedence) implements Node {
        @Override
        public void left(Text out) {
            out.operand(array, precedence);
            out.add('[').parentheses++;
            out.operand(index, ANY);
            out.add(']').parentheses--;
        }
    }

    record Member(Node object, String operator, Node member, int precedence) implements Node {
        @Override
        public void left(Text out) {
            out.operand(object, precedence + 1);
            out.add(operator);
            out.operand(member, precedence);
        }
    }

    record Conditional(Node condition, Node then, Node otherwise, int precedence) implements Node {
        @Override
        public void left(Text out) {
            out.operand(condition, precedence);
            out.add(" ? ");
            out.operand(then, ANY);
            out.add(" : ");
            out.operand(otherwise, ASSIGN + 1);
        }
    }

    /// `sizeof (x)`, `decltype(x)`.
    record Enclosed(String before, Node inner, int precedence) implements Node {
        @Override
        public void left(Text out) {
            if (out.simplified) {
                out.add(before).add("(...)");
            } else {
                out.add(before).open().write(inner).close();
            }
        }
    }

    /// `static_cast<type>(x)`.
    record NamedCast(String cast, Node type, Node operand, int precedence) implements Node {
        @Override
        public void left(Text out) {
            int outer = out.parentheses;
            out.parentheses = 0;
            out.add(cast).add('<').left(type);
            out.add('>').parentheses = outer;
            out.open();
            out.operand(operand, ANY);
            out.close();
        }
    }

    /// `(type)(x)`.
    record Cast(Node type, Node[] operands, int precedence) implements Node {
        @Override
        public void left(Text out) {
            out.open().write(type).close();
            out.open().list(operands).close();
        }
    }

    record Call(Node function, Node[] arguments, int precedence) implements Node {
        @Override
        public void left(Text out) {
            out.write(function).open().list(arguments).close();
        }
    }

    record New(
            Node[] placement,
            Node type,
            Node[] initializers,
            boolean isGlobal,
            boolean isArray,
            int precedence)
            implements Node {
        @Override
        public void left(Text out) {
            out.add(isGlobal ? "::new" : "new").add(isArray ? "[]" : "");
            if (placement.length > 0) {
                out.open().list(placement).close();
            }
            out.add(' ').write(type);
            if (initializers.length > 0) {
                out.open().list(initializers).close();
            }
        }
    }

    record Delete(Node operand, boolean isGlobal, boolean isArray, int precedence) implements Node {
        @Override
        public void left(Text out) {
            out.add(isGlobal ? "::delete" : "delete").add(isArray ? "[] " : " ").write(operand);
        }
    }

    record Throw(Node operand) implements Node {
        @Override
        public void left(Text out) {
            out.add("throw ").write(operand);
        }
    }

    /// `fp0`: a parameter of the function whose type this is part of.
    record Parameter(Node number) implements Node {
        @Override
        public void left(Text out) {
            out.add("fp").write(number);
        }
    }

    record Initializers(@Nullable Node type, Node[] initializers) implements Node {
        @Override
        public void left(Text out) {
            if (type != null) {
                out.write(type);
            }
            out.add('{').list(initializers).add('}');
        }
    }

    /// `.x = 1`, `[2] = 1`, `[2 ... 3] = 1`.
    ///
    /// @param to the end of a range, if this is one
    record Designated(Node from, @Nullable Node to, Node value, boolean isIndex) implements Node {
        @Override
        public void left(Text out) {
            out.add(isIndex ? '[' : '.').write(from);
            if (to != null) {
                out.add(" ... ").write(to);
            }
            out.add(isIndex ? "]" : "").add(value instanceof Designated ? "" : " = ").write(value);
        }
    }

    record Fold(boolean isLeft, String operator, Node pack, @Nullable Node initial)
            implements Node {
        @Override
        public void left(Text out) {
            out.open();
            if (isLeft) {
                if (initial != null) {
                    out.operand(initial, CAST + 1);
                    out.add(' ').add(operator).add(' ');
                }
                out.add("... ").add(operator).add(' ');
                pack(out);
            } else {
                pack(out);
                out.add(' ').add(operator).add(" ...");
                if (initial != null) {
                    out.add(' ').add(operator).add(' ');
                    out.operand(initial, CAST + 1);
                }
            }
            out.close();
        }

        private void pack(Text out) {
            out.open().write(new TemplateNodes.Expansion(pack)).close();
        }
    }

    /// `sizeof...(x)` of a template parameter.
    record PackSize(Node pack) implements Node {
        @Override
        public void left(Text out) {
            out.add("sizeof...").open().write(new TemplateNodes.Expansion(pack)).close();
        }
    }

    record PackArguments(Node[] arguments) implements Node {
        @Override
        public void left(Text out) {
            out.list(arguments);
        }
    }

    /// A conversion of a pointer to a member, or a part of an object, as template argument.
    record MemberConversion(Node type, Node member, int precedence) implements Node {
        @Override
        public void left(Text out) {
            out.open().write(type).close().open().write(member).close();
        }
    }

    record Subobject(Node type, Node object, Node offset) implements Node {
        @Override
        public void left(Text out) {
            out.write(object).add(".<").write(type).add(" at offset ").write(offset).add('>');
        }
    }

    // Literals.

    /// @param suffix what tells the type of a small literal, if there is something
    record IntegerLiteral(String type, Node value, String suffix) implements Node {
        @Override
        public void left(Text out) {
            if (!type.isEmpty()) {
                out.open().add(type).close();
            }
            out.write(value).add(suffix);
        }
    }

    record Enumerator(Node type, Node value) implements Node {
        @Override
        public void left(Text out) {
            out.open().write(type).close().write(value);
        }
    }

    record StringLiteral(Node type) implements Node {
        @Override
        public void left(Text out) {
            out.add("\"<").write(type).add(">\"");
        }
    }

    record LambdaLiteral(Node type) implements Node {
        @Override
        public void left(Text out) {
            out.add("[]");
            if (type instanceof NameNodes.Lambda lambda) {
                lambda.declarator(out);
            }
            out.add("{...}");
        }
    }

    // Requirements.

    record Requires(Node[] parameters, Node[] requirements) implements Node {
        @Override
        public void left(Text out) {
            out.add("requires");
            if (parameters.length > 0) {
                out.add(' ').open().list(parameters).close();
            }
            out.add(" {").parentheses++;
            for (Node requirement : requirements) {
                out.write(requirement);
            }
            out.add(" }").parentheses--;
        }
    }

    record RequiredExpression(Node expression, boolean isNoexcept, @Nullable Node constraint)
            implements Node {
        @Override
        public void left(Text out) {
            boolean braces = isNoexcept || constraint != null;
            out.add(' ');
            if (braces) {
                out.add('{').parentheses++;
            }
            out.write(expression);
            if (braces) {
                out.add('}').parentheses--;
            }
            out.add(isNoexcept ? " noexcept" : "");
            if (constraint != null) {
                out.add(" -> ").write(constraint);
            }
            out.add(';');
        }
    }

    record Required(String what, Node of) implements Node {
        @Override
        public void left(Text out) {
            out.add(what).write(of).add(';');
        }
    }
}

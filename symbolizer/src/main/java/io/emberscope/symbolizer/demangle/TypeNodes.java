package io.emberscope.symbolizer.demangle;

import org.jspecify.annotations.Nullable;

/// Types, and template parameters and their packs.
final class TypeNodes {
    static final int CONST = 1;
    static final int VOLATILE = 2;
    static final int RESTRICT = 4;
    static final int LVALUE = 8;
    static final int RVALUE = 16;

    private TypeNodes() {}

    static void qualifiers(int qualifiers, Text out) {
        out.add((qualifiers & CONST) != 0 ? " const" : "");
        out.add((qualifiers & VOLATILE) != 0 ? " volatile" : "");
        out.add((qualifiers & RESTRICT) != 0 ? " restrict" : "");
        out.add((qualifiers & LVALUE) != 0 ? " &" : "");
        out.add((qualifiers & RVALUE) != 0 ? " &&" : "");
    }

    /// A type with `const` and its like.
    record Qualified(Node type, int qualifiers) implements Node {
        @Override
        public void left(Text out) {
            out.left(type);
            TypeNodes.qualifiers(qualifiers, out);
        }

        @Override
        public void right(Text out) {
            out.right(type);
        }

        @Override
        public boolean hasRight(Text out) {
            return out.hasRight(type);
        }

        @Override
        public boolean isArray(Text out) {
            return out.isArray(type);
        }

        @Override
        public boolean isFunction(Text out) {
            return out.isFunction(type);
        }
    }

    record Pointer(Node to) implements Node {
        @Override
        public void left(Text out) {
            if (isObjectiveC()) {
                out.add("id<").write(((Protocol) to).protocol()).add('>');
                return;
            }
            out.left(to);
            boolean array = out.isArray(to);
            out.add(array ? " " : "").add(array || out.isFunction(to) ? "(" : "").add('*');
        }

        @Override
        public void right(Text out) {
            if (!isObjectiveC()) {
                out.add(out.isArray(to) || out.isFunction(to) ? ")" : "");
                out.right(to);
            }
        }

        private boolean isObjectiveC() {
            return to instanceof Protocol protocol && protocol.isObject();
        }

        @Override
        public boolean hasRight(Text out) {
            return out.hasRight(to);
        }
    }

    /// A reference. References to references, which substitution makes, are one: to an rvalue only
    /// if all are.
    static final class Reference implements Node {
        private final Node to;
        private final boolean isRvalue;
        private boolean writing;

        Reference(Node to, boolean isRvalue) {
            this.to = to;
            this.isRvalue = isRvalue;
        }

        /// What the innermost reference refers to.
        private Node target(Text out) {
            Node target = out.resolved(to);
            Node last = to;
            while (target instanceof Reference inner) {
                out.step();
                last = inner.to;
                target = out.resolved(last);
            }
            return last;
        }

        private boolean isRvalue(Text out) {
            boolean all = isRvalue;
            Node target = out.resolved(to);
            while (target instanceof Reference inner) {
                out.step();
                all &= inner.isRvalue;
                target = out.resolved(inner.to);
            }
            return all;
        }

        @Override
        public void left(Text out) {
            if (writing) {
                return;
            }
            writing = true;
            Node target = target(out);
            out.left(target);
            boolean array = out.isArray(target);
            out.add(array ? " " : "").add(array || out.isFunction(target) ? "(" : "");
            out.add(isRvalue(out) ? "&&" : "&");
            writing = false;
        }

        @Override
        public void right(Text out) {
            if (writing) {
                return;
            }
            writing = true;
            Node target = target(out);
            out.add(out.isArray(target) || out.isFunction(target) ? ")" : "");
            out.right(target);
            writing = false;
        }

        @Override
        public boolean hasRight(Text out) {
            return out.hasRight(to);
        }
    }

    record MemberPointer(Node type, Node member) implements Node {
        @Override
        public void left(Text out) {
            out.left(member);
            out.add(out.isArray(member) || out.isFunction(member) ? "(" : " ");
            out.write(type).add("::*");
        }

        @Override
        public void right(Text out) {
            out.add(out.isArray(member) || out.isFunction(member) ? ")" : "");
            out.right(member);
        }

        @Override
        public boolean hasRight(Text out) {
            return out.hasRight(member);
        }
    }

    record Array(Node element, @Nullable Node size) implements Node {
        @Override
        public void left(Text out) {
            out.left(element);
        }

        @Override
        public void right(Text out) {
            out.add(out.last() == ']' ? "[" : " [");
            if (size != null) {
                out.write(size);
            }
            out.add(']');
            out.right(element);
        }

        @Override
        public boolean hasRight(Text out) {
            return true;
        }

        @Override
        public boolean isArray(Text out) {
            return true;
        }
    }

    record FunctionType(Node returns, Node[] parameters, int qualifiers, @Nullable Node exceptions)
            implements Node {
        @Override
        public void left(Text out) {
            out.left(returns);
            out.add(' ');
        }

        @Override
        public void right(Text out) {
            out.open().list(parameters).close();
            out.right(returns);
            TypeNodes.qualifiers(qualifiers, out);
            if (exceptions != null) {
                out.add(' ').write(exceptions);
            }
        }

        @Override
        public boolean hasRight(Text out) {
            return true;
        }

        @Override
        public boolean isFunction(Text out) {
            return true;
        }
    }

    /// `throw(A, B)`.
    record Throws(Node[] types) implements Node {
        @Override
        public void left(Text out) {
            out.add("throw").open().list(types).close();
        }
    }

    /// A type with something before or after it.
    record Affixed(String prefix, Node type, String suffix) implements Node {
        @Override
        public void left(Text out) {
            out.add(prefix).left(type);
            out.add(suffix);
        }
    }

    /// `struct name`, where the kind of type is mangled.
    record Elaborated(String kind, Node name) implements Node {
        @Override
        public void left(Text out) {
            out.add(kind).write(name);
        }
    }

    /// A type with a qualifier of one compiler.
    record Extended(Node type, Node qualifier, @Nullable Node arguments) implements Node {
        @Override
        public void left(Text out) {
            out.write(type).add(' ').write(qualifier);
            if (arguments != null) {
                out.write(arguments);
            }
        }
    }

    /// A type made of another by a trait that is built into a compiler.
    record Transformed(Node trait, Node type) implements Node {
        @Override
        public void left(Text out) {
            out.write(trait).add('(').write(type).add(')');
        }
    }

    /// An object of Objective-C that has a protocol.
    record Protocol(Node type, Node protocol, boolean isObject) implements Node {
        @Override
        public void left(Text out) {
            out.write(type).add('<').write(protocol).add('>');
        }
    }

    record Vector(Node element, @Nullable Node size) implements Node {
        @Override
        public void left(Text out) {
            out.write(element).add(" vector[");
            if (size != null) {
                out.write(size);
            }
            out.add(']');
        }
    }

    record PixelVector(Node size) implements Node {
        @Override
        public void left(Text out) {
            out.add("pixel vector[").write(size).add(']');
        }
    }

    record BitInt(Node bits, boolean isSigned) implements Node {
        @Override
        public void left(Text out) {
            out.add(isSigned ? "" : "unsigned ").add("_BitInt").open().write(bits).close();
        }
    }

    /// `Concept auto`.
    record Constrained(Node concept, String placeholder) implements Node {
        @Override
        public void left(Text out) {
            out.write(concept).add(placeholder);
        }
    }
}

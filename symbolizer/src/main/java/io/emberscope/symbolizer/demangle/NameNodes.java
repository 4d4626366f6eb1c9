package io.emberscope.symbolizer.demangle;

import org.jspecify.annotations.Nullable;

/// Names and what they are made of.
final class NameNodes {
    private NameNodes() {}

    /// A word of the mangled name.
    record Word(byte[] bytes, int start, int end) implements Node {
        @Override
        public void left(Text out) {
            out.add(bytes, start, end);
        }

        @Override
        public void constructor(Text out) {
            left(out);
        }
    }

    /// Text that stands in no mangled name.
    record Fixed(String text) implements Node {
        @Override
        public void left(Text out) {
            out.add(text);
        }

        @Override
        public void constructor(Text out) {
            left(out);
        }
    }

    /// `scope::name`; the scope of what is declared in a function is the function.
    record Scoped(Node scope, Node name) implements Node {
        @Override
        public void left(Text out) {
            out.write(scope).add("::").write(name);
        }

        @Override
        public Node lastPart() {
            return name;
        }
    }

    /// A friend that is a member of the class for its constraints.
    record Friend(Node scope, Node name) implements Node {
        @Override
        public void left(Text out) {
            out.write(scope).add("::friend ").write(name);
        }

        @Override
        public Node lastPart() {
            return name;
        }
    }

    /// `::name`.
    record Global(Node name) implements Node {
        @Override
        public void left(Text out) {
            out.add("::").write(name);
        }

        @Override
        public Node lastPart() {
            return name;
        }
    }

    /// A module, or a partition of one.
    record ModuleName(@Nullable Node parent, Node name, boolean isPartition) implements Node {
        @Override
        public void left(Text out) {
            if (parent != null) {
                out.write(parent);
            }
            if (isPartition || parent != null) {
                out.add(isPartition ? ':' : '.');
            }
            out.write(name);
        }
    }

    /// `name@module`.
    record Attached(Node name, Node module) implements Node {
        @Override
        public void left(Text out) {
            out.write(name).add('@').write(module);
        }

        @Override
        public Node lastPart() {
            return name;
        }
    }

    /// A name with an ABI tag.
    record Tagged(Node name, Node tag) implements Node {
        @Override
        public void left(Text out) {
            out.left(name);
            if (!out.simplified) {
                out.add("[abi:").write(tag).add(']');
            }
        }

        @Override
        public Node lastPart() {
            return name;
        }
    }

    /// A template with its arguments.
    record Specialized(Node name, Node arguments) implements Node {
        @Override
        public void left(Text out) {
            out.write(name).write(arguments);
        }

        @Override
        public Node lastPart() {
            return name;
        }
    }

    /// `<int, 3>`.
    record TemplateArguments(Node[] arguments) implements Node {
        @Override
        public void left(Text out) {
            if (out.simplified) {
                return;
            }
            int outer = out.parentheses;
            out.parentheses = 0;
            out.add('<').list(arguments).add('>');
            out.parentheses = outer;
        }
    }

    record Constructor(Node type, boolean isDestructor) implements Node {
        @Override
        public void left(Text out) {
            if (isDestructor) {
                out.add('~');
            }
            Node last = type;
            for (Node next = last.lastPart(); next != null; next = last.lastPart()) {
                last = next;
                out.step();
            }
            last.constructor(out);
        }
    }

    /// `~name` of a name that is not known yet.
    record Destructor(Node type) implements Node {
        @Override
        public void left(Text out) {
            out.add('~').left(type);
        }
    }

    /// `operator int`.
    record Conversion(Node type) implements Node {
        @Override
        public void left(Text out) {
            out.add("operator ").write(type);
        }
    }

    /// `operator"" s`.
    record LiteralOperator(Node name) implements Node {
        @Override
        public void left(Text out) {
            out.add("operator\"\" ").write(name);
        }
    }

    /// `[a, b]`.
    record StructuredBinding(Node[] names) implements Node {
        @Override
        public void left(Text out) {
            out.add('[').list(names).add(']');
        }
    }

    /// A class without a name.
    ///
    /// @param number empty for the first
    record Unnamed(Node number, int ordinal) implements Node {
        @Override
        public void left(Text out) {
            if (out.simplified) {
                out.add("{unnamed#").add((long) ordinal).add('}');
            } else {
                out.add("'unnamed").write(number).add('\'');
            }
        }

        @Override
        public void constructor(Text out) {
            if (out.simplified) {
                left(out);
            }
        }
    }

    /// The class of a lambda expression.
    ///
    /// @param number empty for the first
    record Lambda(
            Node number,
            int ordinal,
            Node[] templateParameters,
            @Nullable Node templateConstraint,
            Node[] parameters,
            @Nullable Node constraint)
            implements Node {
        @Override
        public void left(Text out) {
            if (out.simplified) {
                out.add("{lambda#").add((long) ordinal).add('}');
            } else {
                out.add("'lambda").write(number).add('\'');
                declarator(out);
            }
        }

        @Override
        public void constructor(Text out) {
            if (out.simplified) {
                left(out);
            }
        }

        void declarator(Text out) {
            if (templateParameters.length > 0) {
                int outer = out.parentheses;
                out.parentheses = 0;
                out.add('<').list(templateParameters).add('>');
                out.parentheses = outer;
            }
            if (templateConstraint != null) {
                out.add(" requires ").write(templateConstraint).add(' ');
            }
            out.open().list(parameters).close();
            if (constraint != null) {
                out.add(" requires ").write(constraint);
            }
        }
    }

    /// One of the names of the standard library that have an abbreviation.
    record Standard(String name, String full) implements Node {
        @Override
        public void left(Text out) {
            out.add("std::").add(name);
        }

        @Override
        public void constructor(Text out) {
            out.add(name);
        }

        /// As the class of a constructor: `std::basic_string<…>`, which is what is abbreviated.
        Node expanded() {
            return full.isEmpty() ? this : new StandardClass(name, full);
        }
    }

    record StandardClass(String name, String arguments) implements Node {
        @Override
        public void left(Text out) {
            out.add("std::basic_").add(name).add(out.simplified ? "" : arguments);
        }

        @Override
        public void constructor(Text out) {
            out.add("basic_").add(name);
        }
    }

    /// A function, with what is known of its type.
    record Function(
            @Nullable Node returns,
            Node name,
            Node[] parameters,
            boolean hasExplicitObject,
            @Nullable Node attributes,
            @Nullable Node constraint,
            int qualifiers)
            implements Node {
        @Override
        public void left(Text out) {
            if (returns != null && !out.simplified) {
                out.left(returns);
                if (!out.hasRight(returns)) {
                    out.add(' ');
                }
            }
            out.write(name);
        }

        @Override
        public void right(Text out) {
            if (out.simplified) {
                return;
            }
            boolean object = hasExplicitObject && parameters.length > 0;
            out.open().add(object ? "this " : "").list(parameters).close();
            if (returns != null) {
                out.right(returns);
            }
            TypeNodes.qualifiers(qualifiers, out);
            if (attributes != null) {
                out.write(attributes);
            }
            if (constraint != null) {
                out.add(" requires ").write(constraint);
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

    /// The condition under which an overload is one, an extension of Clang.
    record EnableIf(Node[] conditions) implements Node {
        @Override
        public void left(Text out) {
            out.add(" [enable_if:").list(conditions).add(']');
        }
    }

    /// What a compiler made for something: `vtable for `.
    record Special(String what, Node of) implements Node {
        @Override
        public void left(Text out) {
            out.add(what).write(of);
        }
    }

    /// The virtual table of a base while a class is constructed.
    record ConstructionTable(Node of, Node in) implements Node {
        @Override
        public void left(Text out) {
            out.add("construction vtable for ").write(of).add("-in-").write(in);
        }
    }

    /// A function's copy or part.
    record WithSuffix(Node name, byte[] bytes, int start) implements Node {
        @Override
        public void left(Text out) {
            out.write(name);
            Suffix.write(bytes, start, out);
        }
    }
}

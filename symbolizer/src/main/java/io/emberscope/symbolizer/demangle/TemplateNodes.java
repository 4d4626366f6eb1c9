package io.emberscope.symbolizer.demangle;

import org.jspecify.annotations.Nullable;

/// Template parameters, and packs, for which several arguments stand at once.
final class TemplateNodes {
    private TemplateNodes() {}

    /// The elements of a pack, of which the enclosing expansion says which is meant.
    record Pack(Node[] elements) implements Node {
        private @Nullable Node element(Text out) {
            if (out.packSize == Text.NO_PACK) {
                out.packSize = elements.length;
                out.packIndex = 0;
            }
            return out.packIndex < elements.length ? elements[out.packIndex] : null;
        }

        @Override
        public void left(Text out) {
            Node element = element(out);
            if (element != null) {
                out.left(element);
            }
        }

        @Override
        public void right(Text out) {
            Node element = element(out);
            if (element != null) {
                out.right(element);
            }
        }

        @Override
        public boolean hasRight(Text out) {
            Node element = element(out);
            return element != null && out.hasRight(element);
        }

        @Override
        public boolean isArray(Text out) {
            Node element = element(out);
            return element != null && out.isArray(element);
        }

        @Override
        public boolean isFunction(Text out) {
            Node element = element(out);
            return element != null && out.isFunction(element);
        }

        @Override
        public Node resolved(Text out) {
            Node element = element(out);
            return element == null ? this : out.resolved(element);
        }
    }

    /// A pack as an argument of a template: all of its elements.
    record PackArgument(Node[] elements) implements Node {
        @Override
        public void left(Text out) {
            out.list(elements);
        }
    }

    /// A pattern that is repeated for each element of the packs in it.
    record Expansion(Node pattern) implements Node {
        @Override
        public void left(Text out) {
            int outerIndex = out.packIndex;
            int outerSize = out.packSize;
            out.packIndex = Text.NO_PACK;
            out.packSize = Text.NO_PACK;
            int start = out.length();
            out.write(pattern);
            if (out.packSize == Text.NO_PACK) {
                out.add("...");
            } else if (out.packSize == 0) {
                out.cutTo(start);
            } else {
                for (int i = 1; i < out.packSize; i++) {
                    out.add(", ");
                    out.packIndex = i;
                    out.write(pattern);
                }
            }
            out.packIndex = outerIndex;
            out.packSize = outerSize;
        }
    }

    // Template parameters.

    /// A template parameter whose argument comes later in the mangled name.
    static final class Forward implements Node {
        final int index;
        private @Nullable Node argument;
        private boolean busy;

        Forward(int index) {
            this.index = index;
        }

        void resolve(Node found) {
            argument = found;
        }

        /// The argument, unless it is being written, as it would be written within itself.
        private @Nullable Node begin() {
            if (busy || argument == null) {
                return null;
            }
            busy = true;
            return argument;
        }

        @Override
        public void left(Text out) {
            Node found = begin();
            if (found != null) {
                out.left(found);
                busy = false;
            }
        }

        @Override
        public void right(Text out) {
            Node found = begin();
            if (found != null) {
                out.right(found);
                busy = false;
            }
        }

        @Override
        public boolean hasRight(Text out) {
            Node found = begin();
            boolean has = found != null && out.hasRight(found);
            busy &= found == null;
            return has;
        }

        @Override
        public boolean isArray(Text out) {
            Node found = begin();
            boolean is = found != null && out.isArray(found);
            busy &= found == null;
            return is;
        }

        @Override
        public boolean isFunction(Text out) {
            Node found = begin();
            boolean is = found != null && out.isFunction(found);
            busy &= found == null;
            return is;
        }

        @Override
        public Node resolved(Text out) {
            Node found = begin();
            Node resolved = found == null ? this : out.resolved(found);
            busy &= found == null;
            return resolved;
        }

        @Override
        public @Nullable Node lastPart() {
            return busy ? null : argument;
        }
    }

    /// A template parameter as it is declared; it has no name in the mangled name, and gets one.
    record Declared(Node before, Node name) implements Node {
        @Override
        public void left(Text out) {
            out.write(before);
        }

        @Override
        public void right(Text out) {
            out.write(name);
        }
    }

    record DeclaredValue(Node type, Node name) implements Node {
        @Override
        public void left(Text out) {
            out.left(type);
            out.add(out.hasRight(type) ? "" : " ");
        }

        @Override
        public void right(Text out) {
            out.write(name);
            out.right(type);
        }
    }

    record DeclaredTemplate(Node[] parameters, Node name, @Nullable Node constraint)
            implements Node {
        @Override
        public void left(Text out) {
            int outer = out.parentheses;
            out.parentheses = 0;
            out.add("template<").list(parameters).add("> typename ");
            out.parentheses = outer;
        }

        @Override
        public void right(Text out) {
            out.write(name);
            if (constraint != null) {
                out.add(" requires ").write(constraint);
            }
        }
    }

    record DeclaredPack(Node parameter) implements Node {
        @Override
        public void left(Text out) {
            out.left(parameter);
            out.add("...");
        }

        @Override
        public void right(Text out) {
            out.right(parameter);
        }
    }

    /// An argument whose parameter's kind is mangled with it.
    record DeclaredArgument(Node argument) implements Node {
        @Override
        public void left(Text out) {
            out.write(argument);
        }
    }
}

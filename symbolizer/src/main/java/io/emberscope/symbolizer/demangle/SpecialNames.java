package io.emberscope.symbolizer.demangle;

/// What compilers make for a class, a variable or a function, and call after it.
final class SpecialNames {
    private final Mangled in;
    private final ItaniumNames names;
    private final ItaniumTypes types;

    SpecialNames(Mangled in, ItaniumNames names, ItaniumTypes types) {
        this.in = in;
        this.names = names;
        this.types = types;
    }

    Node name() {
        return in.next() == 'T' ? ofClass() : ofVariable();
    }

    private Node ofClass() {
        int what = in.next();
        return switch (what) {
            case 'V' -> new NameNodes.Special("vtable for ", types.type());
            case 'T' -> new NameNodes.Special("VTT for ", types.type());
            case 'I' -> new NameNodes.Special("typeinfo for ", types.type());
            case 'S' -> new NameNodes.Special("typeinfo name for ", types.type());
            case 'A' ->
                    new NameNodes.Special(
                            "template parameter object for ", types.templateArgument());
            case 'W' -> new NameNodes.Special("thread-local wrapper routine for ", names.name());
            case 'H' ->
                    new NameNodes.Special("thread-local initialization routine for ", names.name());
            case 'C' -> constructionTable();
            case 'c' -> {
                callOffset(in.next());
                callOffset(in.next());
                yield new NameNodes.Special("covariant return thunk to ", names.encoding());
            }
            default -> {
                callOffset(what);
                String thunk = what == 'v' ? "virtual thunk to " : "non-virtual thunk to ";
                yield new NameNodes.Special(thunk, names.encoding());
            }
        };
    }

    private Node constructionTable() {
        Node complete = types.type();
        if (!Mangled.isDigit(in.peek()) && in.peek() != 'n') {
            throw new Refused();
        }
        in.signed();
        in.expect('_');
        return new NameNodes.ConstructionTable(types.type(), complete);
    }

    /// Skips how far `this` is moved.
    private void callOffset(int kind) {
        number();
        in.expect('_');
        if (kind == 'v') {
            number();
            in.expect('_');
        } else if (kind != 'h') {
            throw new Refused();
        }
    }

    private void number() {
        in.eat('n');
        if (!Mangled.isDigit(in.peek())) {
            throw new Refused();
        }
        in.digits();
    }

    private Node ofVariable() {
        return switch (in.next()) {
            case 'V' -> new NameNodes.Special("guard variable for ", names.name());
            case 'R' -> {
                Node name = names.name();
                int start = in.at;
                while (Mangled.isDigit(in.peek()) || (in.peek() >= 'A' && in.peek() <= 'Z')) {
                    in.at++;
                }
                if (!in.eat('_') && in.at > start) {
                    throw new Refused();
                }
                yield new NameNodes.Special("reference temporary for ", name);
            }
            case 'I' -> {
                Node module = names.module(null);
                if (module == null) {
                    throw new Refused();
                }
                yield new NameNodes.Special("initializer for module ", module);
            }
            case 'T' -> {
                boolean isClone = in.eat('t'); // otherwise the original is not safe to be cloned
                if (!isClone) {
                    in.expect('n');
                }
                String what = isClone ? "transaction clone for " : "non-transaction clone for ";
                yield new NameNodes.Special(what, names.encoding());
            }
            default -> throw new Refused();
        };
    }
}

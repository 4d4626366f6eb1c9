package io.emberscope.symbolizer.demangle;

/// What is read is no mangled name, or larger than any name should be. Never leaves this package.
/// It has no stack, and so is cheap.
final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Refused() {
        super("no mangled name", null, false, false);
    }
}

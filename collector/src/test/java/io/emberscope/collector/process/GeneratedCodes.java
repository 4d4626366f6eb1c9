package io.emberscope.collector.process;

/// Generated code of made-up processes, for tests of other packages.
public final class GeneratedCodes {
    private final Binaries binaries = new Binaries();

    /// That of a process.
    public Binary of(int pid) {
        return binaries.generatedBy(pid);
    }
}

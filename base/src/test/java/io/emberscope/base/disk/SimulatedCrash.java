package io.emberscope.base.disk;

/// The process ended here, as far as the program under test can tell: nothing it does afterwards
/// reaches the [FaultyDisk]. An error, so that nothing catches it by accident.
public final class SimulatedCrash extends Error {
    private static final long serialVersionUID = 1L;

    /// @param message at which operation
    public SimulatedCrash(String message) {
        super(message);
    }
}

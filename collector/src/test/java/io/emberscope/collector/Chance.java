package io.emberscope.collector;

/// What chance allows. Whether a tick of the clock finds a program on a CPU that others use too is
/// as good as a throw of dice, so that what is sampled of a known time differs from it: by four
/// standard deviations at most.
final class Chance {
    private static final double DEVIATIONS = 4;

    private Chance() {}

    /// How far samples may be from the time that they stand for, as a share of it.
    ///
    /// @param nanos CPU time of a program
    /// @param hz samples a second of it, where some are left out what is left
    static double ofTime(double nanos, double hz) {
        return DEVIATIONS / Math.sqrt(nanos / 1e9 * hz);
    }

    /// How far a share of samples may be from the true one.
    ///
    /// @param share the true one, 0..1
    /// @param samples all of them
    static double ofShare(double share, double samples) {
        return DEVIATIONS * Math.sqrt(share * (1 - share) / samples);
    }
}

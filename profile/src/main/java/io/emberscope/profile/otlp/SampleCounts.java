package io.emberscope.profile.otlp;

import io.emberscope.profile.ProfileType;

/// The habit of some agents to send the number of samples where each stands for one period of CPU
/// time. Told as CPU time, their profiles can be seen beside everyone else's.
final class SampleCounts {
    private SampleCounts() {}

    /// Whether values of the type are numbers of samples, each worth `period` nanoseconds of CPU.
    static boolean inPeriods(ProfileType type, long period) {
        return period > 0
                && type.sampleType().equals("samples")
                && type.sampleUnit().equals("count")
                && type.periodType().equals("cpu")
                && type.periodUnit().equals("nanoseconds");
    }
}

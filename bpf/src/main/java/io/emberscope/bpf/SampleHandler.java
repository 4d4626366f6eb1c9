package io.emberscope.bpf;

/// Takes samples from [Sampler#poll].
@FunctionalInterface
public interface SampleHandler {
    /// One sample. The object is reused: it is valid until this method returns.
    void sample(Sample sample);
}

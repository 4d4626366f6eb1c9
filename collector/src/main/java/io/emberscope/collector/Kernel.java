package io.emberscope.collector;

import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.SamplerCounters;
import io.emberscope.collector.process.Timeline;
import io.emberscope.collector.sampling.SamplingControl;

/// Where samples and events come from. One thread drains and waits.
interface Kernel extends AutoCloseable, SamplingControl.Target {
    /// Takes everything that waits, without blocking.
    ///
    /// @param timeline gets it
    /// @return how full the fullest buffer was, from 0 to 1, as far as one can tell
    double drain(Timeline timeline);

    /// Waits until a buffer fills up or the time is over.
    void await(long millis) throws BpfException;

    /// Looks for CPUs that came or went; to be called about once a second.
    void refreshCpus() throws BpfException;

    /// Whether events were lost since the last call, so that what is known of processes must be
    /// read anew.
    boolean takeLost();

    /// Whether something was drained since the last call that should be merged soon.
    boolean takeUrgent();

    /// Stops sampling for good; what waits can still be drained.
    void stop();

    /// What became of all hits of the CPU's events.
    SamplerCounters counters() throws BpfException;

    /// What became of all waits.
    SamplerCounters waitCounters() throws BpfException;

    @Override
    void close();
}

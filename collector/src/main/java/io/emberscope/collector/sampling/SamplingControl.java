package io.emberscope.collector.sampling;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.Disk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.SamplingRules;
import io.emberscope.bpf.SamplingRules.Rule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/// Tells the kernel what to sample: as a file says that is read again and again, so that it can be
/// changed while we run, and within the CPU budget. A file that can no longer be understood changes
/// nothing. Used by one thread.
public final class SamplingControl {
    private static final int FILE_BYTES_MAX = 64 << 10;
    private static final long RETRY_NANOS = 30_000_000_000L;

    private final Path file;
    private final int frequencyHz;
    private final Disk disk;
    private final Groups groups;
    private final CpuBudget budget;
    private final Consumer<String> log;

    private byte[] read = {};
    private byte[] seen = {};
    private String complaint = "";
    private SamplingPlan plan = SamplingPlan.DEFAULT;
    private SamplingRules told = SamplingRules.ALL;
    private SamplingPlan toldPlan = SamplingPlan.DEFAULT;
    private boolean offCpuTold;
    private long notBeforeNanos;
    private volatile int rulesWaiting;

    /// What is told.
    public interface Target {
        /// Says which hits become samples from now on.
        void choose(SamplingRules rules) throws BpfException;

        /// Says whether to sample waits from now on.
        void sampleWaits(boolean on) throws BpfException;
    }

    /// Finds control groups.
    @FunctionalInterface
    public interface Groups {
        /// The id of a group.
        ///
        /// @param path below the root of the hierarchy
        /// @throws IOException if it is not there
        long id(String path) throws IOException;
    }

    /// @param file may be missing
    /// @param frequencyHz how often the kernel looks
    /// @param cpus of this machine
    /// @param nowNanos on the monotonic clock
    public SamplingControl(
            Path file,
            int frequencyHz,
            Disk disk,
            Groups groups,
            int cpus,
            long nowNanos,
            Metrics metrics,
            Consumer<String> log) {
        this.file = file;
        this.frequencyHz = frequencyHz;
        this.disk = disk;
        this.groups = groups;
        this.budget = new CpuBudget(cpus, nowNanos);
        this.log = log;
        metrics.gauge(
                "emberscope_collector_sampling_share",
                "Share of the wanted samples that are taken, for more would cost more than the"
                        + " CPU budget allows.",
                budget::share);
        metrics.gauge(
                "emberscope_collector_cpu_used",
                "Share of this machine's CPU time that the agent used, the kernel's part included,"
                        + " when it last compared it with its budget.",
                budget::used);
        metrics.gauge(
                "emberscope_collector_sampling_rules_waiting",
                "Rules for control groups that are not there.",
                () -> rulesWaiting);
    }

    /// What the kernel is to be told from the first sample on.
    ///
    /// @throws IOException if the file cannot be read or understood: to sample what it may exclude
    ///   would be worse than not to start
    public SamplingRules begin() throws IOException {
        read = bytes();
        seen = read;
        try {
            plan = parse(read);
        } catch (MalformedInputException e) {
            throw new IOException("sampling file " + file + ", " + e.getMessage(), e);
        }
        told = rules();
        toldPlan = plan;
        return told;
    }

    /// To be called about once a second.
    ///
    /// @param target is told what has changed
    /// @param usedNanos CPU time that the agent used so far, the kernel's part included
    public void tick(Target target, long nowNanos, long usedNanos) {
        readFile();
        if (budget.tick(nowNanos, usedNanos, plan.cpuBudget())) {
            log.accept(
                    String.format(
                            Locale.ROOT,
                            "using %.2f %% of this machine's CPU time (budget: %.2f %%): taking"
                                    + " %.0f %% of the samples, which stand for the others",
                            100 * budget.used(),
                            100 * plan.cpuBudget(),
                            100 * budget.share()));
        }
        if (nowNanos >= notBeforeNanos) {
            tell(target, nowNanos);
        }
    }

    private byte[] bytes() throws IOException {
        try {
            return disk.read(file, FILE_BYTES_MAX);
        } catch (NoSuchFileException _) {
            return new byte[0];
        }
    }

    private SamplingPlan parse(byte[] text) throws MalformedInputException {
        return SamplingPlan.parse(new String(text, StandardCharsets.UTF_8), frequencyHz);
    }

    private void readFile() {
        try {
            byte[] now = bytes();
            boolean isSettled = Arrays.equals(now, seen);
            seen = now;
            // Whoever writes it may not be done: it must be the same twice.
            if (isSettled && !Arrays.equals(now, read)) {
                read = now;
                plan = parse(now);
                complaint = "";
            }
        } catch (MalformedInputException e) {
            say("sampling file " + file + ", " + e.getMessage() + "; what was before stays");
        } catch (IOException e) {
            say("sampling file " + file + ": " + e + "; what it said before stays");
        }
    }

    /// Once, not every second.
    private void say(String what) {
        if (!what.equals(complaint)) {
            complaint = what;
            log.accept(what);
        }
    }

    private SamplingRules rules() {
        double share = budget.share();
        List<Rule> rules = new ArrayList<>();
        int waiting = 0;
        for (PlannedRule planned : plan.rules()) {
            try {
                rules.add(planned.rule(share, groups));
            } catch (IOException _) {
                waiting++;
            }
        }
        rulesWaiting = waiting;
        return new SamplingRules(
                atLeast(plan.others() * share),
                atLeast(plan.offCpuProbability() * share),
                plan.offCpuMin(),
                rules);
    }

    private void tell(Target target, long nowNanos) {
        SamplingRules wanted = rules();
        boolean isNew = !plan.equals(toldPlan) || plan.offCpu() != offCpuTold;
        try {
            if (!wanted.equals(told)) {
                target.choose(wanted);
                told = wanted;
            }
            if (plan.offCpu() != offCpuTold) {
                target.sampleWaits(plan.offCpu());
                offCpuTold = plan.offCpu();
            }
            toldPlan = plan;
            if (isNew) {
                log.accept(
                        "sampling: off-CPU "
                                + (offCpuTold ? "on" : "off")
                                + ", "
                                + told.rules().size()
                                + " rules");
            }
        } catch (BpfException e) {
            notBeforeNanos = nowNanos + RETRY_NANOS;
            say("sampling: " + e.getMessage());
        }
    }

    private static double atLeast(double probability) {
        return Math.max(SamplingRules.PROBABILITY_MIN, probability);
    }
}

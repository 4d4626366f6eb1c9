package io.emberscope.bpf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/// Which hits become samples. The kernel decides by this before it walks any stack, so that what is
/// left out costs next to nothing. A sample that is kept stands for those like it that were left
/// out by chance: its weight is the inverse of its probability, and sums stay what they would have
/// been.
///
/// @param cpu probability of a hit of the CPU's event where no rule is, 0..1
/// @param waits probability of a wait, 0..1; [#NEVER] of a rule excludes waits too, other
///   probabilities of rules are not for waits
/// @param waitMin waits that are shorter are left out
/// @param rules of several that are for a thread, the first kind counts ([Kind]), and of those for
///   control groups the innermost
public record SamplingRules(double cpu, double waits, Duration waitMin, List<Rule> rules) {
    /// Every hit becomes a sample.
    public static final SamplingRules ALL = new SamplingRules(1, 1, Duration.ZERO, List.of());

    /// The probability of what is excluded.
    public static final double NEVER = 0;

    /// The smallest probability but none.
    public static final double PROBABILITY_MIN = 0.001;

    /// Rules at most.
    public static final int RULES_MAX = 256;

    /// How deep a control group may lie that a rule is for: below the root at level 0, and above
    /// this.
    public static final int LEVELS_MAX = 16;

    /// Words of `struct rule_choice`.
    static final int RULE_WORDS = 4;

    private static final long ALWAYS = 0xffff_ffffL;
    private static final long FACTOR_ONE = 1 << 16;

    /// What a rule is for; the first that fits a thread counts.
    public enum Kind {
        /// All threads of a process.
        PROCESS(0),
        /// All threads of the processes whose first thread has a name, of 15 bytes at most.
        COMMAND(1),
        /// All threads in a control group and those below it.
        CGROUP(2);

        private final int code;

        Kind(int code) {
            this.code = code;
        }
    }

    /// A rule.
    ///
    /// @param kind what it is for
    /// @param first the process or the control group ([Cgroups#idOf]), or the first eight bytes of
    ///   the name, the first one lowest
    /// @param second the last eight bytes of the name, else 0
    /// @param probability of a hit, 0..1
    public record Rule(Kind kind, long first, long second, double probability) {
        /// For all threads of a process.
        public static Rule ofProcess(int pid, double probability) {
            return new Rule(Kind.PROCESS, pid, 0, probability);
        }

        /// For all threads of the processes whose first thread has a name.
        ///
        /// @param name of 1 to 15 bytes in UTF-8, as `/proc/PID/comm` shows it
        public static Rule ofCommand(String name, double probability) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            if (bytes.length == 0 || bytes.length >= Sample.COMM_BYTES_MAX) {
                throw new IllegalArgumentException(
                        "command: "
                                + name
                                + " (expected: 1.."
                                + (Sample.COMM_BYTES_MAX - 1)
                                + " bytes)");
            }
            ByteBuffer words = ByteBuffer.allocate(Sample.COMM_BYTES_MAX);
            words.order(ByteOrder.LITTLE_ENDIAN).put(0, bytes);
            return new Rule(Kind.COMMAND, words.getLong(0), words.getLong(Long.BYTES), probability);
        }

        /// For all threads in a control group and below.
        ///
        /// @param id [Cgroups#idOf] its directory
        public static Rule ofCgroup(long id, double probability) {
            return new Rule(Kind.CGROUP, id, 0, probability);
        }

        public Rule {
            check("rule", probability);
        }
    }

    public SamplingRules {
        check("cpu", cpu);
        check("waits", waits);
        rules = List.copyOf(rules);
        if (waitMin.isNegative()) {
            throw new IllegalArgumentException(
                    "shortest wait: " + waitMin + " (expected: 0 or more)");
        }
        if (rules.size() > RULES_MAX) {
            throw new IllegalArgumentException(
                    "rules: " + rules.size() + " (expected: 0.." + RULES_MAX + ")");
        }
    }

    private static void check(String field, double probability) {
        if (probability != NEVER && !(probability >= PROBABILITY_MIN && probability <= 1)) {
            throw new IllegalArgumentException(
                    field
                            + ": probability "
                            + probability
                            + " (expected: 0, or "
                            + PROBABILITY_MIN
                            + "..1)");
        }
    }

    /// `struct choosing`.
    long[] choosing() {
        long kinds = 0;
        for (Rule rule : rules) {
            kinds |= 1L << rule.kind().code;
        }
        return new long[] {choice(cpu), choice(waits), waitMin.toNanos(), kinds};
    }

    /// An array of `struct rule_choice`.
    long[] ruleWords() {
        long[] words = new long[rules.size() * RULE_WORDS];
        int at = 0;
        for (Rule rule : rules) {
            words[at++] = rule.kind().code;
            words[at++] = rule.first();
            words[at++] = rule.second();
            words[at++] = choice(rule.probability());
        }
        return words;
    }

    /// `struct choice`: a chance of 2^32, and its inverse of 2^16, so that one fits the other.
    private static long choice(double probability) {
        if (probability == NEVER) {
            return FACTOR_ONE << 32;
        }
        long factor = Math.round(FACTOR_ONE / probability);
        long chance = Math.round(0x1p48 / factor);
        return factor << 32 | (factor == FACTOR_ONE ? ALWAYS : Math.min(chance, ALWAYS - 1));
    }
}

package io.emberscope.collector.sampling;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.bpf.SamplingRules;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// What an operator wants to be sampled: one setting on each line of a text, its words separated by
/// spaces, a comment after ` #`. Of a setting that is there twice the last counts.
///
/// ```
/// off-cpu on                      # time in which threads wait, too (off)
/// off-cpu-min 1ms                 # waits that are shorter are left out (1ms)
/// off-cpu-probability 0.1         # of a wait of any length (1)
/// cpu-budget 2%                   # of this machine's CPU time, for us (2%)
/// rate others 19                  # samples a second where no rule is (--frequency)
/// rate command postgres 49
/// rate cgroup /system.slice 19
/// exclude pid 4711
/// ```
///
/// @param offCpu whether to sample the time in which threads wait
/// @param offCpuMin shortest wait
/// @param offCpuProbability of a wait, 0.001..1
/// @param cpuBudget share of this machine's CPU time that the agent may use
/// @param others probability of a hit where no rule is, 0.001..1
/// @param rules in the order of the text
public record SamplingPlan(
        boolean offCpu,
        Duration offCpuMin,
        double offCpuProbability,
        double cpuBudget,
        double others,
        List<PlannedRule> rules) {
    /// What there is without a text.
    public static final SamplingPlan DEFAULT =
            new SamplingPlan(false, Duration.ofMillis(1), 1, 0.02, 1, List.of());

    private static final int LINE_CHARS_MAX = 4_096;

    /// A name may have a `#` in it, and begins with none.
    private static final Pattern COMMENT = Pattern.compile("(^|\\s)#.*");

    public SamplingPlan {
        rules = List.copyOf(rules);
    }

    /// Reads a text.
    ///
    /// @param frequencyHz how often the kernel looks; no rate can be higher
    /// @throws MalformedInputException naming the line, the setting and the rule
    public static SamplingPlan parse(String text, int frequencyHz) throws MalformedInputException {
        Builder builder = new Builder(frequencyHz);
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            try {
                builder.line(line);
            } catch (MalformedInputException e) {
                throw new MalformedInputException("line " + number + ": " + e.getMessage());
            }
        }
        return builder.build();
    }

    private static final class Builder {
        private final int frequencyHz;
        private final List<PlannedRule> rules = new ArrayList<>();
        private boolean offCpu = DEFAULT.offCpu;
        private Duration offCpuMin = DEFAULT.offCpuMin;
        private double offCpuProbability = DEFAULT.offCpuProbability;
        private double cpuBudget = DEFAULT.cpuBudget;
        private double others = DEFAULT.others;

        Builder(int frequencyHz) {
            this.frequencyHz = frequencyHz;
        }

        SamplingPlan build() {
            return new SamplingPlan(offCpu, offCpuMin, offCpuProbability, cpuBudget, others, rules);
        }

        void line(String line) throws MalformedInputException {
            if (line.length() > LINE_CHARS_MAX) {
                throw new MalformedInputException(
                        line.length() + " characters (expected: at most " + LINE_CHARS_MAX + ")");
            }
            String setting = COMMENT.matcher(line).replaceFirst("").strip();
            if (setting.isEmpty()) {
                return;
            }
            int space = setting.indexOf(' ');
            String name = space < 0 ? setting : setting.substring(0, space);
            String value = space < 0 ? "" : setting.substring(space).strip();
            switch (name) {
                case "off-cpu" -> offCpu = onOrOff(value);
                case "off-cpu-min" -> offCpuMin = duration(value);
                case "off-cpu-probability" -> offCpuProbability = probability(name, value);
                case "cpu-budget" -> cpuBudget = percent(value);
                case "exclude" -> add(PlannedRule.exclusion(value));
                case "rate" -> rate(value);
                default ->
                        throw new MalformedInputException(
                                name
                                        + ": unknown setting (expected: off-cpu, off-cpu-min,"
                                        + " off-cpu-probability, cpu-budget, rate or exclude)");
            }
        }

        private void rate(String value) throws MalformedInputException {
            int space = value.lastIndexOf(' ');
            String hertz = space < 0 ? "" : value.substring(space + 1);
            double probability = number("rate", hertz, "a number of hertz") / frequencyHz;
            if (!(probability >= SamplingRules.PROBABILITY_MIN && probability <= 1)) {
                throw new MalformedInputException(
                        "rate: "
                                + hertz
                                + " Hz (expected: "
                                + Math.max(1, frequencyHz / 1000)
                                + ".."
                                + frequencyHz
                                + ", which is the --frequency)");
            }
            String subject = value.substring(0, space).strip();
            if (subject.equals("others")) {
                others = probability;
            } else {
                add(PlannedRule.rate(subject, probability));
            }
        }

        private void add(PlannedRule rule) throws MalformedInputException {
            if (rules.size() == SamplingRules.RULES_MAX) {
                throw new MalformedInputException(
                        "rules: more than "
                                + SamplingRules.RULES_MAX
                                + " (expected: at most that)");
            }
            rules.removeIf(rule::isForTheSame);
            rules.add(rule);
        }

        private static boolean onOrOff(String value) throws MalformedInputException {
            return switch (value) {
                case "on" -> true;
                case "off" -> false;
                default ->
                        throw new MalformedInputException(
                                "off-cpu: \"" + value + "\" (expected: on or off)");
            };
        }

        private static Duration duration(String value) throws MalformedInputException {
            long unit =
                    value.endsWith("us")
                            ? 1_000
                            : value.endsWith("ms")
                                    ? 1_000_000
                                    : value.endsWith("s") ? 1_000_000_000 : 0;
            if (unit > 0) {
                String digits = value.substring(0, value.length() - (unit > 1_000_000 ? 1 : 2));
                if (digits.matches("[0-9]{1,6}")) {
                    return Duration.ofNanos(Long.parseLong(digits) * unit);
                }
            }
            throw new MalformedInputException(
                    "off-cpu-min: \"" + value + "\" (expected: such as 500us, 1ms or 2s)");
        }

        private static double probability(String name, String value)
                throws MalformedInputException {
            double probability = number(name, value, "0.001..1");
            if (probability < SamplingRules.PROBABILITY_MIN || probability > 1) {
                throw new MalformedInputException(name + ": " + value + " (expected: 0.001..1)");
            }
            return probability;
        }

        private static double percent(String value) throws MalformedInputException {
            String expected = "0.1%..100%";
            double percent =
                    value.endsWith("%")
                            ? number("cpu-budget", value.substring(0, value.length() - 1), expected)
                            : 0;
            if (percent < 0.1 || percent > 100) {
                throw new MalformedInputException(
                        "cpu-budget: \"" + value + "\" (expected: " + expected + ")");
            }
            return percent / 100;
        }

        private static double number(String name, String text, String expected)
                throws MalformedInputException {
            if (!text.matches("[0-9]{1,6}(\\.[0-9]{1,6})?")) {
                throw new MalformedInputException(
                        name + ": \"" + text + "\" (expected: " + expected + ")");
            }
            return Double.parseDouble(text);
        }
    }
}

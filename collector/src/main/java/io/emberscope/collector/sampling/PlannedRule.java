package io.emberscope.collector.sampling;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.bpf.SamplingRules;
import io.emberscope.bpf.SamplingRules.Kind;
import io.emberscope.bpf.SamplingRules.Rule;
import java.io.IOException;

/// A rule as an operator writes it: `pid 4711`, `command postgres` or `cgroup /system.slice`.
///
/// @param kind what it is for
/// @param subject the number, the name or the path below the hierarchy's root
/// @param probability of a hit, or [SamplingRules#NEVER]
record PlannedRule(Kind kind, String subject, double probability) {
    static PlannedRule exclusion(String text) throws MalformedInputException {
        return of("exclude", text, SamplingRules.NEVER);
    }

    static PlannedRule rate(String text, double probability) throws MalformedInputException {
        return of("rate", text, probability);
    }

    private static PlannedRule of(String setting, String text, double probability)
            throws MalformedInputException {
        int space = text.indexOf(' ');
        String kind = space < 0 ? text : text.substring(0, space);
        String subject = space < 0 ? "" : text.substring(space).strip();
        Kind of =
                switch (kind) {
                    case "pid" -> Kind.PROCESS;
                    case "command" -> Kind.COMMAND;
                    case "cgroup" -> Kind.CGROUP;
                    default ->
                            throw new MalformedInputException(
                                    setting
                                            + ": \""
                                            + text
                                            + "\" (expected: pid, command or cgroup, and which)");
                };
        PlannedRule rule = new PlannedRule(of, subject, probability);
        rule.check(setting);
        return rule;
    }

    private void check(String setting) throws MalformedInputException {
        boolean isLegal =
                switch (kind) {
                    case PROCESS -> subject.matches("[1-9][0-9]{0,8}");
                    case COMMAND -> isName();
                    case CGROUP ->
                            subject.matches("(/[^/]+)+")
                                    && !subject.matches(".*/\\.\\.?(/.*)?")
                                    && level() < SamplingRules.LEVELS_MAX;
                };
        if (!isLegal) {
            throw new MalformedInputException(
                    setting
                            + ": \""
                            + subject
                            + "\" (expected: "
                            + switch (kind) {
                                case PROCESS -> "the number of a process";
                                case COMMAND -> "a name of 1..15 bytes, as /proc/PID/comm shows it";
                                case CGROUP ->
                                        "a path such as /system.slice, below where control groups"
                                                + " are mounted, of less than "
                                                + SamplingRules.LEVELS_MAX
                                                + " levels";
                            }
                            + ")");
        }
    }

    private boolean isName() {
        try {
            Rule.ofCommand(subject, 1);
            return true;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    private int level() {
        return (int) subject.chars().filter(c -> c == '/').count();
    }

    boolean isForTheSame(PlannedRule other) {
        return kind == other.kind && subject.equals(other.subject);
    }

    /// The kernel's rule.
    ///
    /// @param share of the hits it would take, as there is a budget
    /// @throws IOException if the control group is not there now
    Rule rule(double share, SamplingControl.Groups groups) throws IOException {
        double scaled =
                probability == SamplingRules.NEVER
                        ? probability
                        : Math.max(SamplingRules.PROBABILITY_MIN, probability * share);
        return switch (kind) {
            case PROCESS -> Rule.ofProcess(Integer.parseInt(subject), scaled);
            case COMMAND -> Rule.ofCommand(subject, scaled);
            case CGROUP -> Rule.ofCgroup(groups.id(subject), scaled);
        };
    }
}

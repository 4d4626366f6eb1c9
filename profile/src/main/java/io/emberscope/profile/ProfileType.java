package io.emberscope.profile;

import io.emberscope.base.bytes.MalformedInputException;

/// What the values of a profile count, written as five parts joined by colons:
/// `name:sampleType:sampleUnit:periodType:periodUnit`, the form that Pyroscope's clients use.
///
/// @param name the kind of profile, such as `process_cpu`
/// @param sampleType what one value counts, such as `cpu`
/// @param sampleUnit its unit, such as `nanoseconds`
/// @param periodType what is counted between two samples, such as `cpu`
/// @param periodUnit its unit, such as `nanoseconds`
public record ProfileType(
        String name, String sampleType, String sampleUnit, String periodType, String periodUnit) {
    private static final int PARTS = 5;

    /// Longest part, in characters.
    public static final int PART_LENGTH_MAX = 128;

    /// CPU time of the sampler, in nanoseconds.
    public static final ProfileType CPU =
            new ProfileType("process_cpu", "cpu", "nanoseconds", "cpu", "nanoseconds");

    /// Time in which threads waited, in nanoseconds. OpenTelemetry's profiler sends the same type.
    public static final ProfileType OFF_CPU =
            new ProfileType("off_cpu", "off_cpu", "nanoseconds", "", "");

    /// @throws IllegalArgumentException if a part holds a colon or is too long
    public ProfileType {
        check(name);
        check(sampleType);
        check(sampleUnit);
        check(periodType);
        check(periodUnit);
    }

    /// The type of values whose sender named no kind of profile: CPU time and its samples are
    /// `process_cpu`, allocations and live objects are `memory`, everything else is called by what
    /// its period counts, or by what it counts itself.
    ///
    /// @throws IllegalArgumentException as the constructor does
    public static ProfileType of(
            String sampleType, String sampleUnit, String periodType, String periodUnit) {
        return new ProfileType(
                nameOf(sampleType, periodType), sampleType, sampleUnit, periodType, periodUnit);
    }

    private static String nameOf(String sampleType, String periodType) {
        return switch (sampleType) {
            case "cpu" -> "process_cpu";
            case "samples" ->
                    periodType.equals("cpu") ? "process_cpu" : named(periodType, "samples");
            case "wall", "off_cpu" -> sampleType;
            case "alloc_objects", "alloc_space", "inuse_objects", "inuse_space" -> "memory";
            default -> named(periodType, sampleType);
        };
    }

    private static String named(String periodType, String sampleType) {
        return periodType.isEmpty() ? sampleType : periodType;
    }

    /// Reads the form with colons.
    ///
    /// @throws MalformedInputException if it has not five legal parts
    public static ProfileType parse(String id) throws MalformedInputException {
        String[] parts = id.split(":", -1);
        if (parts.length != PARTS || parts[0].isEmpty() || parts[1].isEmpty()) {
            throw new MalformedInputException(
                    "profile type: "
                            + quoted(id)
                            + " (expected: name:sampleType:sampleUnit:periodType:periodUnit)");
        }
        for (String part : parts) {
            if (part.length() > PART_LENGTH_MAX) {
                throw new MalformedInputException(
                        "profile type: part of "
                                + part.length()
                                + " characters (expected: at most "
                                + PART_LENGTH_MAX
                                + ")");
            }
        }
        return new ProfileType(parts[0], parts[1], parts[2], parts[3], parts[4]);
    }

    /// The form with colons.
    public String id() {
        return String.join(":", name, sampleType, sampleUnit, periodType, periodUnit);
    }

    @Override
    public String toString() {
        return id();
    }

    private static void check(String part) {
        if (part.length() > PART_LENGTH_MAX || part.indexOf(':') >= 0) {
            throw new IllegalArgumentException(
                    "profile type part: (expected: no colon, at most " + PART_LENGTH_MAX + ")");
        }
    }

    private static String quoted(String text) {
        return '"' + (text.length() > 200 ? text.substring(0, 200) + "..." : text) + '"';
    }
}

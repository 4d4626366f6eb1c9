package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import io.emberscope.profile.intern.IntList;
import io.emberscope.profile.intern.IntSequences;
import io.emberscope.profile.intern.StringTable;
import io.emberscope.profile.protobuf.Refusal;
import io.emberscope.profile.protobuf.WireReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads the OTLP profiles of one request, one after another, into profiles of ours: one for each
/// series that the attributes of its samples make. Samples of one series, time and stack are added
/// up, also where several profiles hold them: processes that differ in nothing that we keep.
final class ProfileReader {
    /// Largest sum of the values of a profile: exact as a double, and far from overflow when many
    /// are merged. In nanoseconds it is 104 days.
    static final long TOTAL_MAX = 1L << 53;

    private static final int TYPE_PART_BYTES_MAX = 128;

    private final Dictionary dictionary;
    private final IngestLimits limits;
    private final long receivedNanos;

    private final StringTable texts = new StringTable();
    private final IntSequences seriesKeys = new IntSequences();
    private final List<Series> series = new ArrayList<>();
    // Of each (series, time, period) what the request holds, in the order of first appearance.
    private final IntSequences partKeys = new IntSequences();
    private final List<List<Profile>> parts = new ArrayList<>();
    private long partCount;
    private int lastSeriesNumber;
    private Series lastSeries = new Series(ProfileType.CPU, Labels.EMPTY);
    private @Nullable LabelScope lastScope;
    private long samples;
    private long zeroSamples;

    // Of the profile at hand: the attributes that make its series, and sums by (series, stack).
    private final IntSequences attributeSets = new IntSequences();
    private final IntSequences cells = new IntSequences();
    private long[] sums = new long[64];
    private int cellsSummed;
    private long earliestNanos;

    // Of the sample at hand.
    private final IntList attributes = new IntList();
    private int stack;
    private long value;
    private int values;
    private int timestamps;
    private final WireReader.LongTaker attributeTaker = this::takeAttribute;
    private final WireReader.LongTaker valueTaker = this::takeValue;
    private final WireReader.LongTaker timestampTaker = this::takeTimestamp;

    ProfileReader(Dictionary dictionary, IngestLimits limits, long receivedNanos) {
        this.dictionary = dictionary;
        this.limits = limits;
        this.receivedNanos = receivedNanos;
    }

    long zeroSamples() {
        return zeroSamples;
    }

    /// Reads a `Profile`; see [#profiles].
    void read(WireReader profile, LabelScope outer) throws MalformedInputException {
        attributeSets.clear();
        cells.clear();
        cellsSummed = 0;
        earliestNanos = Long.MAX_VALUE;
        ValueType sampleType = ValueType.NONE;
        ValueType periodType = ValueType.NONE;
        long timeNanos = 0;
        long durationNanos = 0;
        long period = 0;
        IntList profileAttributes = new IntList();
        int sampleIndex = 0;
        while (profile.next()) {
            switch (profile.field()) {
                case 1 -> sampleType = valueType(profile, "sample_type");
                case 2 -> {
                    Refusal.over(++samples, limits.get(Limit.SAMPLES), "samples");
                    WireReader sample = profile.message("samples");
                    try {
                        sample(sample);
                    } catch (MalformedInputException e) {
                        throw Found.in("samples", sampleIndex, e);
                    }
                    sampleIndex++;
                }
                case 3 -> timeNanos = profile.fixed64("time_unix_nano");
                case 4 -> durationNanos = profile.unsigned("duration_nano");
                case 5 -> periodType = valueType(profile, "period_type");
                case 6 -> period = profile.unsigned("period");
                case 11 ->
                        profile.varints(
                                index -> profileAttributes.add(dictionary.checkAttribute(index)),
                                "attribute_indices");
                default -> profile.skip();
            }
        }
        if (cells.size() == 0) {
            return;
        }
        LabelScope labels = new LabelScope(outer);
        String name = profileAttributes(profileAttributes, labels);
        ProfileType type = type(name, sampleType, periodType);
        if (name.isEmpty() && SampleCounts.inPeriods(type, period)) {
            type = ProfileType.CPU;
            multiply(period);
        }
        checkTotal();
        long startNanos = start(timeNanos, durationNanos);
        if (durationNanos > Long.MAX_VALUE - startNanos) {
            throw Refusal.of(
                    "duration_nano", durationNanos, "with time_unix_nano below 2^63 together");
        }
        finish(type, labels, new Span(startNanos, durationNanos, period));
    }

    /// The time and period of a profile.
    private record Span(long startNanos, long durationNanos, long period) {}

    /// A `ValueType` with its texts.
    private record ValueType(String type, String unit) {
        static final ValueType NONE = new ValueType("", "");
    }

    private ValueType valueType(WireReader profile, String field) throws MalformedInputException {
        String type = "";
        String unit = "";
        WireReader message = profile.message(field);
        try {
            while (message.next()) {
                switch (message.field()) {
                    case 1 -> type = typePart(message, "type_strindex");
                    case 2 -> unit = typePart(message, "unit_strindex");
                    default -> message.skip();
                }
            }
        } catch (MalformedInputException e) {
            throw Found.in(field, e);
        }
        return new ValueType(type, unit);
    }

    private String typePart(WireReader message, String field) throws MalformedInputException {
        return noColon(dictionary.text(message.varint(field), TYPE_PART_BYTES_MAX, field), field);
    }

    private static String noColon(String part, String field) throws MalformedInputException {
        if (part.indexOf(':') >= 0) {
            throw Refusal.of(field, "a colon", "none, since it divides a profile type's parts");
        }
        return part;
    }

    private void sample(WireReader sample) throws MalformedInputException {
        attributes.clear();
        stack = 0;
        value = 0;
        values = 0;
        timestamps = 0;
        while (sample.next()) {
            switch (sample.field()) {
                case 1 -> stack = dictionary.checkStack(sample.varint("stack_index"));
                case 2 -> sample.varints(attributeTaker, "attribute_indices");
                case 3 -> dictionary.checkLink(sample.varint("link_index"));
                case 4 -> sample.varints(valueTaker, "values");
                case 5 -> sample.fixed64s(timestampTaker, "timestamps_unix_nano");
                default -> sample.skip();
            }
        }
        if (values == 0 && timestamps == 0) {
            throw Refusal.of(
                    "values",
                    "none, and no timestamps",
                    "at least one; OTLP before 1.10 had them in another field");
        }
        if (values > 0 && timestamps > 0 && values != timestamps) {
            throw Refusal.of("timestamps_unix_nano", timestamps, values + ", as values");
        }
        if (values == 0) {
            value = timestamps;
        }
        if (value == 0) {
            zeroSamples++;
            return;
        }
        int[] set = attributes.toArray();
        Arrays.sort(set);
        int cell = cells.add(attributeSets.add(set), dictionary.stack(stack));
        if (cell == sums.length) {
            sums = Arrays.copyOf(sums, cell * 2);
        }
        if (cell == cellsSummed) {
            sums[cell] = 0;
            cellsSummed++;
        }
        sums[cell] = plus(sums[cell], value);
    }

    /// Keeps an attribute if it makes a series. Numbers do not: on samples they are measurements.
    private void takeAttribute(long index) throws MalformedInputException {
        int checked = dictionary.checkAttribute(index);
        if (AttributeNames.label(dictionary.attributeKey(checked)) != null
                && !dictionary.attributeValue(checked).number()) {
            attributes.add(checked);
            Refusal.over(attributes.size(), limits.get(Limit.LABELS), "attribute_indices: labels");
        }
    }

    private void takeValue(long more) throws MalformedInputException {
        if (more < 0) {
            throw Refusal.of("values", more, "0 or more");
        }
        value = plus(value, more);
        values++;
    }

    private void takeTimestamp(long nanos) throws MalformedInputException {
        if (nanos < 0) {
            throw Refusal.of("timestamps_unix_nano", nanos, "0.." + Long.MAX_VALUE);
        }
        if (nanos > 0) {
            earliestNanos = Math.min(earliestNanos, nanos);
        }
        timestamps++;
    }

    private static long plus(long sum, long more) throws MalformedInputException {
        if (more > TOTAL_MAX - sum) {
            throw tooLarge();
        }
        return sum + more;
    }

    private static MalformedInputException tooLarge() {
        return Refusal.of("values", "a sum over " + TOTAL_MAX, "at most that per profile");
    }

    private void multiply(long factor) throws MalformedInputException {
        for (int cell = 0; cell < cells.size(); cell++) {
            if (sums[cell] > TOTAL_MAX / factor) {
                throw tooLarge();
            }
            sums[cell] *= factor;
        }
    }

    private void checkTotal() throws MalformedInputException {
        long total = 0;
        for (int cell = 0; cell < cells.size(); cell++) {
            total = plus(total, sums[cell]);
        }
    }

    /// Adds the attributes that are labels and returns the type's name, empty if none is given.
    private String profileAttributes(IntList indices, LabelScope labels)
            throws MalformedInputException {
        String name = "";
        for (int i = 0; i < indices.size(); i++) {
            String key = dictionary.attributeKey(indices.get(i));
            if (key.equals(AttributeNames.PROFILE_NAME)) {
                name =
                        noColon(
                                dictionary.attributeValue(indices.get(i)).text(),
                                AttributeNames.PROFILE_NAME);
                if (name.length() > TYPE_PART_BYTES_MAX) {
                    throw Refusal.of(
                            AttributeNames.PROFILE_NAME,
                            name.length() + " characters",
                            "at most " + TYPE_PART_BYTES_MAX);
                }
            } else {
                addLabel(indices.get(i), labels);
            }
        }
        return name;
    }

    private void addLabel(int attribute, LabelScope labels) throws MalformedInputException {
        String key = dictionary.attributeKey(attribute);
        String label = AttributeNames.label(key);
        if (label != null) {
            labels.add(label, key, dictionary.attributeValue(attribute).text());
        }
    }

    private static ProfileType type(String name, ValueType sample, ValueType period)
            throws MalformedInputException {
        if (sample.type().isEmpty()) {
            throw Refusal.of("sample_type", "missing", "a type and a unit");
        }
        return name.isEmpty()
                ? ProfileType.of(sample.type(), sample.unit(), period.type(), period.unit())
                : new ProfileType(name, sample.type(), sample.unit(), period.type(), period.unit());
    }

    private long start(long timeNanos, long durationNanos) throws MalformedInputException {
        if (timeNanos > 0) {
            return timeNanos;
        }
        if (earliestNanos < Long.MAX_VALUE) {
            return earliestNanos;
        }
        if (receivedNanos == OtlpDecoder.TIME_IS_SET) {
            throw Refusal.of("time_unix_nano", "missing", "set");
        }
        return Math.max(0, receivedNanos - durationNanos);
    }

    /// One profile for each set of attributes, its samples in the order of their first appearance.
    private void finish(ProfileType type, LabelScope labels, Span span)
            throws MalformedInputException {
        int sets = attributeSets.size();
        int[] counts = new int[sets];
        for (int cell = 0; cell < cells.size(); cell++) {
            counts[cells.get(cell)[0]]++;
        }
        int[][] stacks = new int[sets][];
        long[][] summed = new long[sets][];
        for (int set = 0; set < sets; set++) {
            stacks[set] = new int[counts[set]];
            summed[set] = new long[counts[set]];
        }
        int[] filled = new int[sets];
        for (int cell = 0; cell < cells.size(); cell++) {
            int set = cells.get(cell)[0];
            stacks[set][filled[set]] = cells.get(cell)[1];
            summed[set][filled[set]++] = sums[cell];
        }
        partCount += sets;
        Refusal.over(partCount, limits.get(Limit.PROFILES), "samples: series");
        for (int set = 0; set < sets; set++) {
            int[] attributeSet = attributeSets.get(set);
            LabelScope inner = attributeSet.length == 0 ? labels : new LabelScope(labels);
            for (int attribute : attributeSet) {
                addLabel(attribute, inner);
            }
            addPart(
                    new Profile(
                            series(type, inner),
                            span.startNanos(),
                            span.durationNanos(),
                            span.period(),
                            stacks[set],
                            summed[set]));
        }
    }

    private void addPart(Profile part) {
        int number =
                partKeys.add(
                        lastSeriesNumber,
                        (int) (part.startNanos() >>> Integer.SIZE),
                        (int) part.startNanos(),
                        (int) (part.durationNanos() >>> Integer.SIZE),
                        (int) part.durationNanos(),
                        (int) (part.period() >>> Integer.SIZE),
                        (int) part.period());
        if (number == parts.size()) {
            parts.add(List.of(part));
        } else {
            List<Profile> known = parts.get(number);
            if (known.size() == 1) {
                known = new ArrayList<>(known);
                parts.set(number, known);
            }
            known.add(part);
        }
    }

    /// All that was read: each series, time and period once, with each of its stacks once.
    List<Profile> profiles() throws MalformedInputException {
        List<Profile> profiles = new ArrayList<>(parts.size());
        for (List<Profile> same : parts) {
            profiles.add(same.size() == 1 ? same.getFirst() : merged(same));
        }
        return profiles;
    }

    private static Profile merged(List<Profile> same) throws MalformedInputException {
        IntSequences stacks = new IntSequences();
        long[] sums = new long[16];
        long total = 0;
        for (Profile part : same) {
            for (int i = 0; i < part.size(); i++) {
                int number = stacks.add(part.stacks()[i]);
                if (number == sums.length) {
                    sums = Arrays.copyOf(sums, number * 2);
                }
                sums[number] += part.values()[i];
                total = plus(total, part.values()[i]);
            }
        }
        int[] merged = new int[stacks.size()];
        for (int i = 0; i < merged.length; i++) {
            merged[i] = stacks.get(i)[0];
        }
        Profile first = same.getFirst();
        return new Profile(
                first.series(),
                first.startNanos(),
                first.durationNanos(),
                first.period(),
                merged,
                Arrays.copyOf(sums, merged.length));
    }

    private Series series(ProfileType type, LabelScope scope) throws MalformedInputException {
        // Many profiles of one resource follow one another with no attributes of their own.
        if (scope.same(lastScope) && type.equals(lastSeries.type())) {
            return lastSeries;
        }
        lastSeries = series(type, scope.series());
        lastScope = scope;
        return lastSeries;
    }

    private Series series(ProfileType type, Labels labels) throws MalformedInputException {
        int[] key = new int[1 + 2 * labels.size()];
        key[0] = texts.add(type.id());
        int[] length = {1};
        long[] bytes = {0};
        labels.forEach(
                (name, value) -> {
                    key[length[0]++] = texts.add(name);
                    key[length[0]++] = texts.add(value);
                    bytes[0] += name.length() + value.length();
                });
        int number = seriesKeys.add(key);
        if (number == series.size()) {
            Refusal.over(series.size() + 1L, limits.get(Limit.SERIES), "profiles: distinct series");
            dictionary.charge(bytes[0]);
            series.add(new Series(type, labels));
        }
        lastSeriesNumber = number;
        return series.get(number);
    }
}

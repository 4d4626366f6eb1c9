package io.emberscope.profile.pprof;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.AddressRange;
import io.emberscope.profile.CutMark;
import io.emberscope.profile.CutReason;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.IngestLimits.Limit;
import io.emberscope.profile.Line;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.intern.IntList;
import io.emberscope.profile.intern.IntSequences;
import io.emberscope.profile.protobuf.EntryTable;
import io.emberscope.profile.protobuf.Refusal;
import io.emberscope.profile.protobuf.WireReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads a pprof file that a stranger wrote, compressed with gzip or not.
///
/// Everything is checked before it is used. Labels, comments and the patterns of frames to drop are
/// passed over. Stacks deeper and names longer than the limits are cut, and every other limit
/// refuses. Samples with equal stacks are added up; locations that differ in nothing but their id
/// stay frames of their own.
public final class PprofReader {
    private static final String KERNEL_PREFIX = "[kernel";

    private final IngestLimits limits;
    private final EntryTable strings;
    private final EntryTable sampleTypes;
    private final EntryTable samples;
    private final EntryTable mappingTable;
    private final EntryTable locationTable;
    private final EntryTable functionTable;

    // Ids in pprof are any numbers; as keys they are comparable, so none can be made to collide.
    private final Map<Long, Mapping> mappings = new HashMap<>();
    private final Map<Long, Integer> functionOfId = new HashMap<>();
    private final Map<Long, Integer> frameOfId = new HashMap<>();
    private final List<Function> functions = new ArrayList<>();
    private final List<Frame> frames = new ArrayList<>();
    private final IntSequences stacks = new IntSequences();
    private final @Nullable String[] names;
    private long textBytes;

    private long timeNanos;
    private long durationNanos;
    private ValueType periodType = new ValueType("", "");

    private PprofReader(byte[] message, IngestLimits limits) throws MalformedInputException {
        this.limits = limits;
        int entriesMax = limits.get(Limit.TABLE_ENTRIES);
        strings = new EntryTable("string_table", message, entriesMax);
        sampleTypes = new EntryTable("sample_type", message, limits.get(Limit.LABELS));
        samples = new EntryTable("sample", message, limits.get(Limit.SAMPLES));
        mappingTable = new EntryTable("mapping", message, entriesMax);
        locationTable = new EntryTable("location", message, entriesMax);
        functionTable = new EntryTable("function", message, entriesMax);
        EntryTable periodTypes = new EntryTable("period_type", message, 1);
        WireReader profile = WireReader.of(message);
        while (profile.next()) {
            switch (profile.field()) {
                case 1 -> sampleTypes.add(profile);
                case 2 -> samples.add(profile);
                case 3 -> mappingTable.add(profile);
                case 4 -> locationTable.add(profile);
                case 5 -> functionTable.add(profile);
                case 6 -> strings.add(profile);
                case 9 -> timeNanos = profile.unsigned("time_nanos");
                case 10 -> durationNanos = profile.unsigned("duration_nanos");
                case 11 -> periodTypes.add(profile);
                default -> profile.skip();
            }
        }
        if (strings.size() == 0 || strings.length(0) > 0) {
            throw Refusal.of("string_table[0]", "missing or a text", "the empty text");
        }
        names = new String[strings.size()];
        if (periodTypes.size() > 0) {
            periodType = valueType(periodTypes, 0);
        }
    }

    /// The profiles of a file: one for each of its types of samples, which share frames and stacks.
    ///
    /// @throws MalformedInputException if the file breaks a rule or a limit
    public static List<MergedProfile> read(byte[] file, IngestLimits limits)
            throws MalformedInputException {
        Refusal.over(file.length, limits.get(Limit.REQUEST_BYTES), "file: bytes");
        return new PprofReader(Gzip.inflated(file, limits.get(Limit.INFLATED_BYTES)), limits)
                .read();
    }

    /// A type and a unit.
    private record ValueType(String type, String unit) {}

    /// A function's texts.
    private record Function(String name, String systemName, String file) {}

    /// A binary and where it is mapped.
    private record Mapping(AddressRange range, String binary, String buildId) {
        static final Mapping NONE = new Mapping(AddressRange.NONE, "", "");
    }

    private List<MergedProfile> read() throws MalformedInputException {
        List<ProfileType> types = new ArrayList<>();
        for (int i = 0; i < sampleTypes.size(); i++) {
            ValueType type = valueType(sampleTypes, i);
            types.add(
                    ProfileType.of(type.type(), type.unit(), periodType.type(), periodType.unit()));
        }
        if (types.isEmpty()) {
            throw Refusal.of("sample_type", "missing", "at least one");
        }
        for (int i = 0; i < mappingTable.size(); i++) {
            try {
                readMapping(mappingTable.entry(i));
            } catch (MalformedInputException e) {
                throw mappingTable.in(i, e);
            }
        }
        for (int i = 0; i < functionTable.size(); i++) {
            try {
                readFunction(functionTable.entry(i));
            } catch (MalformedInputException e) {
                throw functionTable.in(i, e);
            }
        }
        for (int i = 0; i < locationTable.size(); i++) {
            try {
                readLocation(locationTable.entry(i));
            } catch (MalformedInputException e) {
                throw locationTable.in(i, e);
            }
        }
        List<long[]> sums = readSamples(types.size());
        List<int[]> shared = new ArrayList<>(stacks.size());
        for (int i = 0; i < stacks.size(); i++) {
            shared.add(stacks.get(i));
        }
        List<MergedProfile> profiles = new ArrayList<>();
        for (int i = 0; i < types.size(); i++) {
            profiles.add(
                    new MergedProfile(
                            types.get(i), timeNanos, durationNanos, frames, shared, sums.get(i)));
        }
        return profiles;
    }

    private List<long[]> readSamples(int types) throws MalformedInputException {
        long[][] sums = new long[types][64];
        long[] totals = new long[types];
        for (int i = 0; i < samples.size(); i++) {
            try {
                Sample sample = new Sample(types);
                int stack = sample.read(samples.entry(i));
                if (stack >= sums[0].length) {
                    for (int type = 0; type < types; type++) {
                        sums[type] = Arrays.copyOf(sums[type], stack * 2);
                    }
                }
                for (int type = 0; type < types; type++) {
                    if (sample.values[type] > Long.MAX_VALUE - totals[type]) {
                        throw Refusal.of("value", "a sum of 2^63 or more", "less");
                    }
                    totals[type] += sample.values[type];
                    sums[type][stack] += sample.values[type];
                }
            } catch (MalformedInputException e) {
                throw samples.in(i, e);
            }
        }
        List<long[]> exact = new ArrayList<>();
        for (long[] sum : sums) {
            exact.add(Arrays.copyOf(sum, stacks.size()));
        }
        return exact;
    }

    /// One sample: its stack, and a value for each type.
    private final class Sample {
        private final long[] values;
        private final IntList stack = new IntList();
        private int valueCount;
        private boolean cut;

        Sample(int types) {
            values = new long[types];
        }

        /// Returns the number of the stack.
        int read(WireReader sample) throws MalformedInputException {
            while (sample.next()) {
                switch (sample.field()) {
                    case 1 -> sample.varints(this::takeLocation, "location_id");
                    case 2 -> sample.varints(this::takeValue, "value");
                    default -> sample.skip();
                }
            }
            if (valueCount != values.length) {
                throw Refusal.of("value", valueCount + " of them", "" + values.length);
            }
            int[] kept = stack.toArray();
            if (cut) {
                kept[kept.length - 1] = truncated();
            }
            return stacks.add(kept);
        }

        private void takeLocation(long id) throws MalformedInputException {
            Integer frame = frameOfId.get(id);
            if (frame == null) {
                throw Refusal.of("location_id", Long.toUnsignedString(id), "that of a location");
            }
            cut = stack.size() == limits.get(Limit.STACK_DEPTH);
            if (!cut) {
                stack.add(frame);
            }
        }

        private void takeValue(long value) throws MalformedInputException {
            if (value < 0) {
                throw Refusal.of("value", value, "0 or more");
            }
            if (valueCount < values.length) {
                values[valueCount] = value;
            }
            valueCount++;
        }
    }

    private int truncated() {
        // No location has this id: 0 is not one.
        return frameOfId.computeIfAbsent(
                0L,
                id -> {
                    frames.add(CutMark.frame(CutReason.TOO_DEEP.text()));
                    return frames.size() - 1;
                });
    }

    private void readMapping(WireReader mapping) throws MalformedInputException {
        long id = 0;
        long start = 0;
        long limit = 0;
        long offset = 0;
        String binary = "";
        String buildId = "";
        while (mapping.next()) {
            switch (mapping.field()) {
                case 1 -> id = mapping.varint("id");
                case 2 -> start = mapping.varint("memory_start");
                case 3 -> limit = mapping.varint("memory_limit");
                case 4 -> offset = mapping.varint("file_offset");
                case 5 -> binary = name(mapping, "filename");
                case 6 -> buildId = name(mapping, "build_id").toLowerCase(Locale.ROOT);
                default -> mapping.skip();
            }
        }
        checkId(id);
        Mapping read = new Mapping(new AddressRange(start, limit, offset), binary, buildId);
        if (mappings.put(id, read) != null) {
            throw again(id);
        }
    }

    private void readFunction(WireReader function) throws MalformedInputException {
        long id = 0;
        String name = "";
        String systemName = "";
        String file = "";
        while (function.next()) {
            switch (function.field()) {
                case 1 -> id = function.varint("id");
                case 2 -> name = name(function, "name");
                case 3 -> systemName = name(function, "system_name");
                case 4 -> file = name(function, "filename");
                default -> function.skip();
            }
        }
        checkId(id);
        String shown = name.isEmpty() ? systemName : name;
        functions.add(new Function(shown, systemName.equals(shown) ? "" : systemName, file));
        if (functionOfId.put(id, functions.size() - 1) != null) {
            throw again(id);
        }
    }

    private void readLocation(WireReader location) throws MalformedInputException {
        long id = 0;
        long address = 0;
        Mapping mapping = Mapping.NONE;
        List<Line> lines = new ArrayList<>(1);
        while (location.next()) {
            switch (location.field()) {
                case 1 -> id = location.varint("id");
                case 2 -> mapping = mapping(location.varint("mapping_id"));
                case 3 -> address = location.varint("address");
                case 4 -> {
                    Line line = readLine(location.message("line"));
                    if (!line.function().isEmpty()) {
                        lines.add(line);
                    }
                    Refusal.over(lines.size(), limits.get(Limit.LINES), "line");
                }
                default -> location.skip();
            }
        }
        checkId(id);
        charge(mapping, lines);
        boolean kernel = mapping.binary().startsWith(KERNEL_PREFIX);
        frames.add(
                new Frame(
                        kernel ? FrameKind.KERNEL : FrameKind.UNKNOWN,
                        mapping.buildId(),
                        mapping.binary(),
                        mapping.range().offsetOf(address),
                        lines));
        if (frameOfId.put(id, frames.size() - 1) != null) {
            throw again(id);
        }
    }

    private void charge(Mapping mapping, List<Line> lines) throws MalformedInputException {
        textBytes += mapping.binary().length() + mapping.buildId().length();
        for (Line line : lines) {
            textBytes += line.function().length() + line.systemName().length();
            textBytes += line.file().length();
        }
        Refusal.over(textBytes, limits.get(Limit.TEXT_BYTES), "line: bytes of all texts used");
    }

    private Line readLine(WireReader line) throws MalformedInputException {
        Function function = new Function("", "", "");
        long number = 0;
        while (line.next()) {
            switch (line.field()) {
                case 1 -> {
                    long id = line.varint("line.function_id");
                    Integer known = functionOfId.get(id);
                    if (known == null) {
                        throw Refusal.of(
                                "line.function_id",
                                Long.toUnsignedString(id),
                                "that of a function");
                    }
                    function = functions.get(known);
                }
                case 2 -> number = line.varint("line.line");
                default -> line.skip();
            }
        }
        if (number < 0 || number > Integer.MAX_VALUE) {
            throw Refusal.of("line.line", number, "0.." + Integer.MAX_VALUE);
        }
        return new Line(function.name(), function.systemName(), function.file(), (int) number);
    }

    private Mapping mapping(long id) throws MalformedInputException {
        if (id == 0) {
            return Mapping.NONE;
        }
        Mapping mapping = mappings.get(id);
        if (mapping == null) {
            throw Refusal.of("mapping_id", Long.toUnsignedString(id), "that of a mapping, or 0");
        }
        return mapping;
    }

    private static void checkId(long id) throws MalformedInputException {
        if (id == 0) {
            throw Refusal.of("id", 0, "not 0");
        }
    }

    private static MalformedInputException again(long id) {
        return Refusal.of("id", Long.toUnsignedString(id) + " again", "an id of its own");
    }

    private ValueType valueType(EntryTable table, int index) throws MalformedInputException {
        String type = "";
        String unit = "";
        try {
            WireReader message = table.entry(index);
            while (message.next()) {
                switch (message.field()) {
                    case 1 -> type = typePart(message, "type");
                    case 2 -> unit = typePart(message, "unit");
                    default -> message.skip();
                }
            }
        } catch (MalformedInputException e) {
            throw table.in(index, e);
        }
        return new ValueType(type, unit);
    }

    private String typePart(WireReader message, String field) throws MalformedInputException {
        String part = name(message, field);
        Refusal.over(part.length(), ProfileType.PART_LENGTH_MAX, field + ": characters");
        if (part.indexOf(':') >= 0) {
            throw Refusal.of(field, "a colon", "none, since it divides a profile type's parts");
        }
        return part;
    }

    /// The string that the field at hand names, cut if it is too long.
    private String name(WireReader message, String field) throws MalformedInputException {
        int index = Refusal.index(message.varint(field), strings.size(), field);
        String name = names[index];
        if (name == null) {
            name = strings.cutText(index, limits.get(Limit.NAME_BYTES));
            names[index] = name;
        }
        return name;
    }
}

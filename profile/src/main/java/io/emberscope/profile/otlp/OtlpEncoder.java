package io.emberscope.profile.otlp;

import io.emberscope.profile.AddressRange;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.intern.IntList;
import io.emberscope.profile.intern.IntSequences;
import io.emberscope.profile.intern.StringTable;
import io.emberscope.profile.protobuf.WireWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes a batch as an OTLP `ExportProfilesServiceRequest` with one dictionary.
///
/// Series with the same labels but for the thread's name and state share a resource, and an OTLP
/// profile if their type, time and period are the same too: what is the thread's is an attribute of
/// the sample. Frames and stacks that no profile refers to are left out.
public final class OtlpEncoder {
    private static final String SCOPE_NAME = "emberscope";
    private static final byte[] NO_TRACE = new byte[16];
    private static final byte[] NO_SPAN = new byte[8];
    private static final int NONE = 0;

    private final ProfileBatch batch;
    private final StringTable strings = StringTable.withEmptyFirst();
    // Tables without their entry 0, which is null in OTLP: the index on the wire is one higher.
    private final IntSequences attributes = new IntSequences();
    private final IntSequences mappings = new IntSequences();
    private final IntSequences functions = new IntSequences();
    private final List<Frame> locations = new ArrayList<>();
    private final List<int[]> stacks = new ArrayList<>();
    private final int[] locationOfFrame;
    private final int[] stackOfStack;
    private final WireWriter out = new WireWriter();

    private OtlpEncoder(ProfileBatch batch) {
        this.batch = batch;
        this.locationOfFrame = new int[batch.frames().size()];
        this.stackOfStack = new int[batch.stacks().size()];
    }

    /// The request as protobuf.
    ///
    /// @throws IllegalArgumentException if a value or a time is negative, or a stack or frame that
    ///   is referred to does not exist
    public static byte[] encode(ProfileBatch batch) {
        return new OtlpEncoder(batch).encode();
    }

    private byte[] encode() {
        Map<Labels, Map<Header, List<Profile>>> resources = new LinkedHashMap<>();
        for (Profile profile : batch.profiles()) {
            resources
                    .computeIfAbsent(
                            ofResource(profile.series().labels()), labels -> new LinkedHashMap<>())
                    .computeIfAbsent(Header.of(profile), header -> new ArrayList<>())
                    .add(profile);
        }
        resources.forEach(this::resource);
        dictionary();
        return out.toBytes();
    }

    /// What is written once for all samples of an OTLP profile.
    private record Header(ProfileType type, long startNanos, long durationNanos, long period) {
        Header {
            if (startNanos < 0 || durationNanos < 0 || period < 0) {
                throw new IllegalArgumentException(
                        "profile: start "
                                + startNanos
                                + ", duration "
                                + durationNanos
                                + ", period "
                                + period
                                + " (expected: none below 0)");
            }
        }

        static Header of(Profile profile) {
            return new Header(
                    profile.series().type(),
                    profile.startNanos(),
                    profile.durationNanos(),
                    profile.period());
        }

        /// Whether a reader would not find the type's name by itself; see `docs/formats/otlp.md`.
        boolean nameIsNeeded() {
            return SampleCounts.inPeriods(type, period)
                    || !type.name()
                            .equals(
                                    ProfileType.of(
                                                    type.sampleType(),
                                                    type.sampleUnit(),
                                                    type.periodType(),
                                                    type.periodUnit())
                                            .name());
        }
    }

    private void resource(Labels labels, Map<Header, List<Profile>> profiles) {
        int resourceProfiles = out.begin(1);
        int resource = out.begin(1);
        labels.forEach(
                (name, value) -> {
                    int keyValue = out.begin(1);
                    out.text(1, AttributeNames.attribute(name));
                    anyText(2, value);
                    out.end(keyValue);
                });
        out.end(resource);
        int scopeProfiles = out.begin(2);
        int scope = out.begin(1);
        out.text(1, SCOPE_NAME);
        out.end(scope);
        profiles.forEach(this::profile);
        out.end(scopeProfiles);
        out.end(resourceProfiles);
    }

    private void profile(Header header, List<Profile> profiles) {
        ProfileType type = header.type();
        int profile = out.begin(2);
        valueType(1, type.sampleType(), type.sampleUnit());
        for (Profile part : profiles) {
            samples(part);
        }
        out.fixed64(3, header.startNanos());
        out.varint(4, header.durationNanos());
        if (!type.periodType().isEmpty() || !type.periodUnit().isEmpty()) {
            valueType(5, type.periodType(), type.periodUnit());
        }
        out.varint(6, header.period());
        if (header.nameIsNeeded()) {
            out.packed(11, attribute(AttributeNames.PROFILE_NAME, type.name()));
        }
        out.end(profile);
    }

    private void valueType(int field, String type, String unit) {
        int valueType = out.begin(field);
        out.varint(1, strings.add(type));
        out.varint(2, strings.add(unit));
        out.end(valueType);
    }

    private void samples(Profile profile) {
        int[] own = ofSamples(profile.series().labels());
        int[] sampleStacks = profile.stacks();
        long[] values = profile.values();
        for (int i = 0; i < sampleStacks.length; i++) {
            if (values[i] < 0) {
                throw new IllegalArgumentException(
                        "value: " + values[i] + " (expected: 0 or more)");
            }
            int sample = out.begin(2);
            out.varint(1, stack(sampleStacks[i]));
            if (own.length != 0) {
                out.packed(2, own);
            }
            out.packedOne(4, values[i]);
            out.end(sample);
        }
    }

    private static Labels ofResource(Labels labels) {
        Labels left = labels;
        for (String name : AttributeNames.OF_SAMPLES) {
            left = left.with(name, "");
        }
        return left;
    }

    private int[] ofSamples(Labels labels) {
        return AttributeNames.OF_SAMPLES.stream()
                .filter(name -> !labels.get(name).isEmpty())
                .mapToInt(name -> attribute(AttributeNames.attribute(name), labels.get(name)))
                .toArray();
    }

    private int attribute(String key, String value) {
        return attributes.add(strings.add(key), strings.add(value)) + 1;
    }

    private int stack(int index) {
        if (index < 0 || index >= stackOfStack.length) {
            throw new IllegalArgumentException(
                    "stack: " + index + " (expected: below " + stackOfStack.length + ")");
        }
        if (stackOfStack[index] == NONE) {
            int[] frames = batch.stacks().get(index);
            if (frames.length == 0) {
                return NONE;
            }
            int[] locationIndices = new int[frames.length];
            for (int i = 0; i < frames.length; i++) {
                locationIndices[i] = location(frames[i]);
            }
            stacks.add(locationIndices);
            stackOfStack[index] = stacks.size();
        }
        return stackOfStack[index];
    }

    private int location(int index) {
        if (index < 0 || index >= locationOfFrame.length) {
            throw new IllegalArgumentException(
                    "frame: " + index + " (expected: below " + locationOfFrame.length + ")");
        }
        if (locationOfFrame[index] == NONE) {
            locations.add(batch.frames().get(index));
            locationOfFrame[index] = locations.size();
        }
        return locationOfFrame[index];
    }

    private void dictionary() {
        int dictionary = out.begin(2);
        locations();
        mappings();
        functions();
        int link = out.begin(4);
        out.bytes(1, NO_TRACE).bytes(2, NO_SPAN);
        out.end(link);
        attributes();
        out.emptyMessage(7);
        for (int[] stack : stacks) {
            int message = out.begin(7);
            out.packed(1, stack);
            out.end(message);
        }
        // Last, when everything that names a string has been written.
        for (String text : strings.texts()) {
            out.element(5, text);
        }
        out.end(dictionary);
    }

    private void locations() {
        out.emptyMessage(2);
        for (Frame frame : locations) {
            int location = out.begin(2);
            out.varint(1, mapping(frame));
            out.varint(2, frame.ownAddress());
            for (Line line : frame.lines()) {
                int message = out.begin(3);
                out.varint(1, function(line));
                out.varint(2, line.line());
                out.end(message);
            }
            if (frame.kind() != FrameKind.UNKNOWN) {
                out.packed(4, attribute(AttributeNames.FRAME_TYPE, frame.kind().text()));
            }
            out.end(location);
        }
    }

    /// The index of the frame's mapping: binary, build id, whether addresses are the binary's own,
    /// where it begins, and what place in the file that is.
    private int mapping(Frame frame) {
        if (frame.binary().isEmpty() && frame.buildId().isEmpty()) {
            return NONE;
        }
        AddressRange range = AddressRange.ofWhole(frame);
        return mappings.add(
                        strings.add(frame.binary()),
                        strings.add(frame.buildId()),
                        frame.hasAddress() ? 1 : 0,
                        (int) (range.start() >>> Integer.SIZE),
                        (int) range.start(),
                        (int) (range.fileOffset() >>> Integer.SIZE),
                        (int) range.fileOffset())
                + 1;
    }

    private int function(Line line) {
        return functions.add(
                        strings.add(line.function()),
                        strings.add(line.systemName()),
                        strings.add(line.file()))
                + 1;
    }

    private void mappings() {
        // The range that OTLP wants an address to lie in: of the whole file, as far as it is known.
        long[] limits = new long[mappings.size()];
        for (Frame frame : locations) {
            int mapping = mapping(frame);
            if (mapping != NONE) {
                long limit = AddressRange.ofWhole(frame).limit();
                if (Long.compareUnsigned(limit, limits[mapping - 1]) > 0) {
                    limits[mapping - 1] = limit;
                }
            }
        }
        out.emptyMessage(1);
        for (int i = 0; i < limits.length; i++) {
            int[] key = mappings.get(i);
            int mapping = out.begin(1);
            out.varint(1, number(key[3], key[4]));
            out.varint(2, limits[i]);
            out.varint(3, number(key[5], key[6]));
            out.varint(4, key[0]);
            IntList of = new IntList();
            if (key[1] != 0) {
                of.add(attribute(AttributeNames.BUILD_ID, strings.get(key[1])));
            }
            if (key[2] != 0) {
                of.add(attribute(AttributeNames.OWN_ADDRESSES, AttributeNames.TRUE));
            }
            if (of.size() > 0) {
                out.packed(5, of.toArray());
            }
            out.end(mapping);
        }
    }

    private static long number(int high, int low) {
        return (long) high << Integer.SIZE | (low & 0xffff_ffffL);
    }

    private void functions() {
        out.emptyMessage(3);
        for (int i = 0; i < functions.size(); i++) {
            int[] names = functions.get(i);
            int function = out.begin(3);
            out.varint(1, names[0]).varint(2, names[1]).varint(3, names[2]);
            out.end(function);
        }
    }

    private void attributes() {
        out.emptyMessage(6);
        for (int i = 0; i < attributes.size(); i++) {
            int[] keyAndValue = attributes.get(i);
            int attribute = out.begin(6);
            out.varint(1, keyAndValue[0]);
            anyText(2, strings.get(keyAndValue[1]));
            out.end(attribute);
        }
    }

    private void anyText(int field, String text) {
        int value = out.begin(field);
        out.element(1, text);
        out.end(value);
    }
}

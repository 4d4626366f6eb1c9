package io.emberscope.profile.pprof;

import io.emberscope.profile.AddressRange;
import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.intern.IntSequences;
import io.emberscope.profile.intern.StringTable;
import io.emberscope.profile.protobuf.WireWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/// Writes a merged profile as a pprof file, for `go tool pprof` and everything else that reads it.
///
/// A frame is a location whose address is the binary's own, in a mapping to where the binary says
/// that it wants to be; where only the offset is known, that is the address and the mapping begins
/// at 0. So tools that find the binary by its build id can add what we do not know. Kinds of frames
/// have no place in the format. Values of 0 are left out.
public final class PprofWriter {
    /// Bytes of a sample beside its locations, of each of these, and of all that a frame adds.
    private static final int SAMPLE_BYTES = 24;

    private static final int LOCATION_BYTES = 4;
    private static final int FRAME_BYTES = 200;

    /// The message exists twice while its buffer grows, and once more, smaller, in gzip form.
    private static final int COPIES = 3;

    private final MergedProfile profile;
    private final StringTable strings = StringTable.withEmptyFirst();
    private final IntSequences functions = new IntSequences();
    private final List<Mapping> mappings = new ArrayList<>();
    private final IntSequences mappingKeys = new IntSequences();
    private final List<Frame> locations = new ArrayList<>();
    private final int[] locationOfFrame;
    private final WireWriter out = new WireWriter();

    private PprofWriter(MergedProfile profile) {
        this.profile = profile;
        this.locationOfFrame = new int[profile.frames().size()];
    }

    /// The file, compressed with gzip; the same bytes for the same profile.
    ///
    /// @throws IllegalArgumentException if a value is negative
    public static byte[] write(MergedProfile profile) {
        return MemoryBudget.unlimited(budget -> write(profile, budget));
    }

    /// The same within a budget of memory.
    ///
    /// @throws IOException if the budget is too small
    public static byte[] write(MergedProfile profile, MemoryBudget budget) throws IOException {
        long bytes = (long) profile.frames().size() * FRAME_BYTES;
        for (int[] stack : profile.stacks()) {
            bytes += SAMPLE_BYTES + (long) stack.length * LOCATION_BYTES;
        }
        budget.reserve(bytes * COPIES);
        byte[] message = new PprofWriter(profile).message();
        ByteArrayOutputStream compressed = new ByteArrayOutputStream(message.length / 2 + 64);
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            gzip.write(message);
        }
        return compressed.toByteArray();
    }

    private byte[] message() {
        ProfileType type = profile.type();
        valueType(1, type.sampleType(), type.sampleUnit());
        for (int i = 0; i < profile.values().length; i++) {
            sample(profile.stacks().get(i), profile.values()[i]);
        }
        locations();
        mappings();
        functions();
        out.varint(9, profile.startNanos());
        out.varint(10, profile.durationNanos());
        if (!type.periodType().isEmpty() || !type.periodUnit().isEmpty()) {
            valueType(11, type.periodType(), type.periodUnit());
        }
        out.varint(14, strings.add(type.sampleType()));
        // Last, when everything that names a string has been written.
        for (String text : strings.texts()) {
            out.element(6, text);
        }
        return out.toBytes();
    }

    private void valueType(int field, String type, String unit) {
        int valueType = out.begin(field);
        out.varint(1, strings.add(type)).varint(2, strings.add(unit));
        out.end(valueType);
    }

    private void sample(int[] stack, long value) {
        if (value < 0) {
            throw new IllegalArgumentException("value: " + value + " (expected: 0 or more)");
        }
        if (value == 0) {
            return;
        }
        int[] ids = new int[stack.length];
        for (int i = 0; i < stack.length; i++) {
            ids[i] = location(stack[i]);
        }
        int sample = out.begin(2);
        out.packed(1, ids).packedOne(2, value);
        out.end(sample);
    }

    private int location(int frame) {
        if (locationOfFrame[frame] == 0) {
            locations.add(profile.frames().get(frame));
            locationOfFrame[frame] = locations.size();
        }
        return locationOfFrame[frame];
    }

    private void locations() {
        for (int i = 0; i < locations.size(); i++) {
            Frame frame = locations.get(i);
            int location = out.begin(4);
            out.varint(1, i + 1L).varint(2, mapping(frame)).varint(3, frame.ownAddress());
            for (Line line : frame.lines()) {
                int message = out.begin(4);
                out.varint(1, function(line)).varint(2, line.line());
                out.end(message);
            }
            out.end(location);
        }
    }

    /// A binary, and what is known of all places in it.
    private static final class Mapping {
        final int binary;
        final int buildId;
        final long start;
        final long fileOffset;
        long limit;
        boolean hasFunctions = true;
        boolean hasFiles = true;
        boolean hasLines = true;
        boolean hasInlined;

        Mapping(int binary, int buildId, AddressRange range) {
            this.binary = binary;
            this.buildId = buildId;
            this.start = range.start();
            this.fileOffset = range.fileOffset();
        }

        void add(Frame frame, AddressRange range) {
            if (Long.compareUnsigned(range.limit(), limit) > 0) {
                limit = range.limit();
            }
            hasFunctions &= !frame.lines().isEmpty();
            hasFiles &= !frame.lines().isEmpty();
            hasLines &= !frame.lines().isEmpty();
            hasInlined |= frame.lines().size() > 1;
            for (Line line : frame.lines()) {
                hasFiles &= !line.file().isEmpty();
                hasLines &= line.line() > 0;
            }
        }
    }

    /// The id of a frame's mapping, or 0.
    private int mapping(Frame frame) {
        if (frame.binary().isEmpty() && frame.buildId().isEmpty()) {
            return 0;
        }
        int binary = strings.add(frame.binary());
        int buildId = strings.add(frame.buildId());
        AddressRange range = AddressRange.ofWhole(frame);
        int number =
                mappingKeys.add(
                        binary,
                        buildId,
                        (int) (range.start() >>> Integer.SIZE),
                        (int) range.start(),
                        (int) (range.fileOffset() >>> Integer.SIZE),
                        (int) range.fileOffset());
        if (number == mappings.size()) {
            mappings.add(new Mapping(binary, buildId, range));
        }
        mappings.get(number).add(frame, range);
        return number + 1;
    }

    private void mappings() {
        for (int i = 0; i < mappings.size(); i++) {
            Mapping mapping = mappings.get(i);
            int message = out.begin(3);
            out.varint(1, i + 1L).varint(2, mapping.start);
            out.varint(3, mapping.limit).varint(4, mapping.fileOffset);
            out.varint(5, mapping.binary).varint(6, mapping.buildId);
            out.bool(7, mapping.hasFunctions).bool(8, mapping.hasFiles);
            out.bool(9, mapping.hasLines).bool(10, mapping.hasInlined);
            out.end(message);
        }
    }

    private int function(Line line) {
        // Unlike ours, the format repeats the name as the raw one where they are the same.
        String systemName = line.systemName().isEmpty() ? line.function() : line.systemName();
        return functions.add(
                        strings.add(line.function()),
                        strings.add(systemName),
                        strings.add(line.file()))
                + 1;
    }

    private void functions() {
        for (int i = 0; i < functions.size(); i++) {
            int[] names = functions.get(i);
            int function = out.begin(5);
            out.varint(1, i + 1L);
            out.varint(2, names[0]).varint(3, names[1]).varint(4, names[2]);
            out.end(function);
        }
    }
}

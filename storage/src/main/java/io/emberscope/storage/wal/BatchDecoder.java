package io.emberscope.storage.wal;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// Reads what [BatchEncoder] wrote. Every count is judged by the bytes that are left, since each
/// item takes at least one. One decoder reads one batch.
final class BatchDecoder {
    private static final int FIRST_VERSION_WITH_ADDRESSES = 2;

    private final ByteCursor cursor;
    private final boolean hasAddresses;
    private final List<String> texts = new ArrayList<>();

    private BatchDecoder(ByteCursor cursor, int version) {
        this.cursor = cursor;
        this.hasAddresses = version >= FIRST_VERSION_WITH_ADDRESSES;
    }

    /// @param version of the log that it is in
    static ProfileBatch decode(ByteCursor cursor, int version) throws MalformedInputException {
        return new BatchDecoder(cursor, version).read();
    }

    private ProfileBatch read() throws MalformedInputException {
        int textCount = count("texts");
        texts.add("");
        for (int i = 0; i < textCount; i++) {
            texts.add(cursor.text("text"));
        }
        int frameCount = count("frames");
        List<Frame> frames = new ArrayList<>(frameCount);
        for (int i = 0; i < frameCount; i++) {
            frames.add(frame());
        }
        int stackCount = count("stacks");
        List<int[]> stacks = new ArrayList<>(stackCount);
        for (int i = 0; i < stackCount; i++) {
            stacks.add(stack(frameCount));
        }
        int profileCount = count("profiles");
        List<Profile> profiles = new ArrayList<>(profileCount);
        for (int i = 0; i < profileCount; i++) {
            profiles.add(profile(stackCount));
        }
        if (cursor.hasRemaining()) {
            throw new MalformedInputException(
                    "batch: " + cursor.remaining() + " more bytes (expected: the end)");
        }
        return new ProfileBatch(frames, stacks, profiles);
    }

    private Frame frame() throws MalformedInputException {
        FrameKind kind = FrameKind.of(text("frame kind"));
        String buildId = text("frame build id");
        String binary = text("frame binary");
        long offset = cursor.varint("frame offset");
        long address = hasAddresses ? address(offset) : Frame.NO_ADDRESS;
        int lineCount = count("frame lines");
        List<Line> lines = new ArrayList<>(lineCount);
        for (int i = 0; i < lineCount; i++) {
            lines.add(
                    new Line(
                            text("line function"),
                            text("line system name"),
                            text("line file"),
                            (int) cursor.varint("line number")));
        }
        return new Frame(kind, buildId, binary, offset, address, lines);
    }

    private long address(long offset) throws MalformedInputException {
        return cursor.count(1, "frame has address") == 0
                ? Frame.NO_ADDRESS
                : offset + cursor.zigzag("frame address");
    }

    private int[] stack(int frameCount) throws MalformedInputException {
        int[] stack = new int[count("stack depth")];
        for (int i = 0; i < stack.length; i++) {
            stack[i] = index(cursor.varint("stack frame"), frameCount, "stack frame");
        }
        return stack;
    }

    private Profile profile(int stackCount) throws MalformedInputException {
        ProfileType type = ProfileType.parse(text("profile type"));
        int labelCount = count("labels");
        TreeMap<String, String> labels = new TreeMap<>();
        for (int i = 0; i < labelCount; i++) {
            labels.put(text("label name"), text("label value"));
        }
        long startNanos = cursor.zigzag("start");
        long durationNanos = cursor.zigzag("duration");
        long period = cursor.zigzag("period");
        int size = count("samples");
        int[] stacks = new int[size];
        long stack = 0;
        for (int i = 0; i < size; i++) {
            stack += cursor.zigzag("sample stack");
            stacks[i] = index(stack, stackCount, "sample stack");
        }
        long[] values = new long[size];
        for (int i = 0; i < size; i++) {
            values[i] = cursor.zigzag("sample value");
        }
        return new Profile(
                new Series(type, Labels.of(labels)),
                startNanos,
                durationNanos,
                period,
                stacks,
                values);
    }

    private int count(String field) throws MalformedInputException {
        return cursor.count(cursor.remaining(), field);
    }

    private String text(String field) throws MalformedInputException {
        return texts.get(index(cursor.varint(field), texts.size(), field));
    }

    private static int index(long index, int count, String field) throws MalformedInputException {
        if (index < 0 || index >= count) {
            throw new MalformedInputException(
                    field + ": " + index + " (expected: below " + count + ")");
        }
        return (int) index;
    }
}

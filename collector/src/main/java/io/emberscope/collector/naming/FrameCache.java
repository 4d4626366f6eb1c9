package io.emberscope.collector.naming;

import io.emberscope.collector.primitive.LongMap;
import io.emberscope.collector.process.Binary;
import io.emberscope.profile.Frame;
import org.jspecify.annotations.Nullable;

/// The frames named last, by binary and place. Two generations: when the younger one is full it
/// becomes the older one, and what was not used since is forgotten.
final class FrameCache {
    static final int GENERATION_MAX = 12_288;

    private LongMap<LongMap<Frame>> young = new LongMap<>();
    private LongMap<LongMap<Frame>> old = new LongMap<>();
    private int size;

    @Nullable Frame get(Binary binary, long place) {
        Frame frame = find(young, binary, place);
        if (frame == null) {
            frame = find(old, binary, place);
            if (frame != null) {
                put(binary, place, frame);
            }
        }
        return frame;
    }

    void put(Binary binary, long place, Frame frame) {
        if (size >= GENERATION_MAX) {
            old = young;
            young = new LongMap<>();
            size = 0;
        }
        LongMap<Frame> ofBinary = young.get(binary.number());
        if (ofBinary == null) {
            ofBinary = new LongMap<>();
            young.put(binary.number(), ofBinary);
        }
        ofBinary.put(place, frame);
        size++;
    }

    private static @Nullable Frame find(
            LongMap<LongMap<Frame>> generation, Binary binary, long place) {
        LongMap<Frame> ofBinary = generation.get(binary.number());
        return ofBinary == null ? null : ofBinary.get(place);
    }
}

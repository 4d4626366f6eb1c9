package io.emberscope.storage.segment;

import io.emberscope.profile.Frame;
import io.emberscope.storage.query.LongIndex;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/// From which source each frame is taken: the newest that has a name for it, or else the newest, as
/// a query shows it. What it knows in memory of each frame are numbers.
final class FrameChoice {
    private static final byte WRITTEN = -1;

    private final LongIndex frames = new LongIndex();
    private byte[] sources = new byte[64];
    private boolean[] named = new boolean[64];
    private long[] addresses = new long[64];

    /// @param sources at most 127, oldest first
    static FrameChoice of(List<TenantSource> sources, Pace pace) throws IOException {
        FrameChoice choice = new FrameChoice();
        for (int i = sources.size() - 1; i >= 0; i--) {
            choice.look(sources.get(i), (byte) i, pace);
        }
        return choice;
    }

    private void look(TenantSource source, byte number, Pace pace) throws IOException {
        try (IdCursor frame = IdCursor.ofFrames(source);
                IdCursor symbol = IdCursor.ofSymbols(source)) {
            boolean symbolsLeft = symbol.next();
            for (int row = 1; frame.next(); row++) {
                boolean isNamed = false;
                while (symbolsLeft && symbol.id() == frame.id()) {
                    isNamed = true;
                    symbolsLeft = symbol.next();
                }
                add(frame.id(), number, isNamed, frame.address());
                if (row % TableCursor.BATCH_ROWS == 0) {
                    pace.pause();
                }
            }
            if (symbolsLeft) {
                throw source.damaged("symbols that are not in the order of frames");
            }
        }
    }

    private void add(long id, byte source, boolean isNamed, long address) {
        int added = frames.add(id);
        int frame = added < 0 ? -1 - added : added;
        if (frame == sources.length) {
            sources = Arrays.copyOf(sources, frame * 2);
            named = Arrays.copyOf(named, frame * 2);
            addresses = Arrays.copyOf(addresses, frame * 2);
        }
        if (added >= 0) {
            addresses[frame] = address;
        } else if (addresses[frame] == Frame.NO_ADDRESS) {
            addresses[frame] = address;
        }
        if (added >= 0 || (isNamed && !named[frame])) {
            sources[frame] = source;
            named[frame] = isNamed;
        }
    }

    /// How many frames there are.
    int size() {
        return frames.size();
    }

    /// Whether the frame is to be taken from this source; true once.
    boolean take(long id, int source) {
        int frame = frames.find(id);
        if (frame < 0 || sources[frame] != source) {
            return false;
        }
        sources[frame] = WRITTEN;
        return true;
    }

    /// The newest address of a frame that any source knows.
    long address(long id) {
        return addresses[frames.find(id)];
    }
}

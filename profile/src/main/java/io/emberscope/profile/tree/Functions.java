package io.emberscope.profile.tree;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.intern.IntSequences;
import io.emberscope.profile.intern.StringTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// The functions of a merged profile, sorted by name, binary, kind and build id, and which of them
/// each frame stands in.
final class Functions {
    /// Stands where a sample has no stack at all.
    private static final Function NO_STACK = new Function("[no stack]", "", FrameKind.UNKNOWN, "");

    private static final Comparator<Function> ORDER =
            Comparator.comparing(Function::name)
                    .thenComparing(Function::binary)
                    .thenComparing(Function::kind)
                    .thenComparing(Function::buildId);

    /// Memory for each place: its function, and what finds equal ones.
    private static final int BYTES_EACH = 200;

    private final List<Function> sorted;
    // Frame f has the places starts[f]..starts[f + 1], one for each of its functions, the innermost
    // inlined one first; the last place of all is that of samples without a stack.
    private final int[] starts;
    private final int[] atPlaces;

    Functions(List<Frame> frames) {
        Builder builder = new Builder();
        starts = new int[frames.size() + 1];
        int size = 0;
        for (int i = 0; i < frames.size(); i++) {
            size = Math.addExact(size, Math.max(1, frames.get(i).lines().size()));
            starts[i + 1] = size;
        }
        atPlaces = new int[size + 1];
        for (int i = 0; i < frames.size(); i++) {
            Frame frame = frames.get(i);
            if (frame.lines().isEmpty()) {
                atPlaces[starts[i]] = builder.unnamed(frame);
            }
            for (int j = 0; j < frame.lines().size(); j++) {
                atPlaces[starts[i] + j] = builder.named(frame, frame.lines().get(j));
            }
        }
        atPlaces[size] = builder.add(NO_STACK, -1);
        Integer[] order = new Integer[builder.functions.size()];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparing(builder.functions::get, ORDER));
        int[] place = new int[order.length];
        List<Function> ordered = new ArrayList<>(order.length);
        for (int i = 0; i < order.length; i++) {
            place[order[i]] = i;
            ordered.add(builder.functions.get(order[i]));
        }
        sorted = ordered;
        for (int i = 0; i < atPlaces.length; i++) {
            atPlaces[i] = place[atPlaces[i]];
        }
    }

    /// Memory that the functions of frames take, at most.
    static long bytes(List<Frame> frames) {
        long places = 0;
        for (Frame frame : frames) {
            places += Math.max(1, frame.lines().size());
        }
        return places * BYTES_EACH;
    }

    int size() {
        return sorted.size();
    }

    Function get(int function) {
        return sorted.get(function);
    }

    /// Number of places, that of samples without a stack included.
    int places() {
        return atPlaces.length;
    }

    /// The first place of a frame, which is its innermost function; for the number of frames, the
    /// place after the last one's.
    int firstPlace(int frame) {
        return starts[frame];
    }

    /// The function at a place.
    int at(int place) {
        return atPlaces[place];
    }

    /// The place of samples that have no stack.
    int noStackPlace() {
        return atPlaces.length - 1;
    }

    /// Number of functions on a stack.
    int depth(int[] stack) {
        int depth = 0;
        for (int frame : stack) {
            depth = Math.addExact(depth, starts[frame + 1] - starts[frame]);
        }
        return Math.max(1, depth);
    }

    /// Writes the places of a stack, leaf first, to `target` from `start`; returns the end of them.
    int expand(int[] stack, int[] target, int start) {
        if (stack.length == 0) {
            target[start] = noStackPlace();
            return start + 1;
        }
        int at = start;
        for (int frame : stack) {
            for (int place = starts[frame]; place < starts[frame + 1]; place++) {
                target[at++] = place;
            }
        }
        return at;
    }

    /// The functions in the order of their first appearance.
    private static final class Builder {
        private final StringTable texts = new StringTable();
        private final IntSequences keys = new IntSequences();
        private final List<Function> functions = new ArrayList<>();

        int named(Frame frame, Line line) {
            return add(
                    new Function(line.function(), frame.binary(), frame.kind(), frame.buildId()),
                    0);
        }

        /// Where there is no name, code of different builds is different code.
        int unnamed(Frame frame) {
            return add(
                    new Function(placeName(frame), frame.binary(), frame.kind(), frame.buildId()),
                    1 + texts.add(frame.buildId()));
        }

        int add(Function function, int distinction) {
            int number =
                    keys.add(
                            texts.add(function.name()),
                            texts.add(function.binary()),
                            texts.add(function.kind().text()),
                            distinction);
            if (number == functions.size()) {
                functions.add(function);
            } else if (!functions.get(number).buildId().equals(function.buildId())) {
                functions.set(
                        number,
                        new Function(function.name(), function.binary(), function.kind(), ""));
            }
            return number;
        }

        /// Memory that no file is behind, such as what a compiler at run time writes to, has no
        /// places that mean anything later: all of it is one function.
        private static String placeName(Frame frame) {
            String binary = frame.binary();
            boolean nowhere = binary.startsWith("[") && frame.buildId().isEmpty();
            if (nowhere && frame.kind() != FrameKind.KERNEL) {
                return binary;
            }
            // What `addr2line` takes, where it is known.
            String offset = "0x" + Long.toHexString(frame.ownAddress());
            String fileName = binary.substring(binary.lastIndexOf('/') + 1);
            if (!fileName.isEmpty()) {
                return fileName + '+' + offset;
            }
            if (!binary.isEmpty()) {
                return binary + '+' + offset;
            }
            return frame.buildId().isEmpty() ? offset : frame.buildId() + '+' + offset;
        }
    }
}

package io.emberscope.profile.tree;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.intern.StringTable;
import java.util.List;

/// Where in the source each place of [Functions] is, and what a node of several places has of that.
final class Sources {
    /// No file is known, or there are several.
    static final int NO_FILE = 0;

    /// Memory for each place.
    private static final int BYTES_EACH = 2 * Integer.BYTES + 1;

    private final StringTable files = StringTable.withEmptyFirst();
    // By place; both are empty if nothing is known of any.
    private final int[] fileOf;
    private final int[] lineOf;
    private final boolean[] isInlined;

    // Of the node at hand.
    private int lastPlace;
    private int file;
    private boolean hasSeveral;
    private int line;
    private int lastLine;
    private boolean anyInlined;
    private boolean anyCalled;

    Sources(List<Frame> frames, Functions functions) {
        boolean isKnown = frames.stream().anyMatch(Sources::isKnown);
        int places = isKnown ? functions.places() : 0;
        fileOf = new int[places];
        lineOf = new int[places];
        isInlined = new boolean[places];
        for (int i = 0; isKnown && i < frames.size(); i++) {
            List<Line> lines = frames.get(i).lines();
            for (int j = 0; j < lines.size(); j++) {
                int place = functions.firstPlace(i) + j;
                fileOf[place] = files.add(lines.get(j).file());
                lineOf[place] = lines.get(j).line();
                isInlined[place] = j + 1 < lines.size();
            }
        }
    }

    private static boolean isKnown(Frame frame) {
        boolean isKnown = frame.lines().size() > 1;
        for (Line line : frame.lines()) {
            isKnown |= !line.file().isEmpty() || line.line() > 0;
        }
        return isKnown;
    }

    /// Memory that so many places take, at most.
    static long bytes(int places) {
        return (long) places * BYTES_EACH;
    }

    /// Whether anything is known of any place.
    boolean areKnown() {
        return fileOf.length > 0;
    }

    /// The texts of all files; [#NO_FILE] is empty.
    List<String> files() {
        return files.texts();
    }

    /// Begins another node.
    void begin() {
        lastPlace = -1;
        file = NO_FILE;
        hasSeveral = false;
        line = 0;
        lastLine = 0;
        anyInlined = false;
        anyCalled = false;
    }

    /// Adds a place of the node.
    void add(int place) {
        if (place == lastPlace) {
            return;
        }
        lastPlace = place;
        anyInlined |= isInlined[place];
        anyCalled |= !isInlined[place];
        if (fileOf[place] != NO_FILE) {
            hasSeveral |= file != NO_FILE && file != fileOf[place];
            file = fileOf[place];
        }
        int more = lineOf[place];
        if (more > 0) {
            line = line == 0 ? more : Math.min(line, more);
            lastLine = Math.max(lastLine, more);
        }
    }

    /// Gives the last node of `nodes` what its places have in common.
    void putTo(Nodes nodes) {
        Inlining inlining = anyInlined ? (anyCalled ? Inlining.SOME : Inlining.ALL) : Inlining.NONE;
        // Lines of several files say nothing together.
        nodes.source(
                nodes.size() - 1,
                hasSeveral ? NO_FILE : file,
                hasSeveral ? 0 : line,
                hasSeveral ? 0 : lastLine,
                inlining);
    }
}

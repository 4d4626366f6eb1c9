package io.emberscope.server.symbols;

import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Line;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.profile.TenantId;
import io.emberscope.profile.intern.IntList;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.symbols.Place;
import io.emberscope.symbolizer.symbols.SymbolFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Tells the frames of a profile what the store of symbols knows of them: functions, those inlined
/// into them, and lines. Profiles are asked for it each time, and never rewritten, so what becomes
/// known later is told of those from before too. Safe for use by several threads.
public final class StoredSymbols {
    private static final int LINE_BYTES = 40;
    private static final int TEXT_BYTES = 100;

    private final SymbolStore store;
    private final @Nullable Wanted wanted;

    /// Takes what is missing.
    public interface Wanted {
        /// Says of which binaries there are no symbols, those of most samples first. Must not wait.
        void missing(List<String> buildIds);
    }

    /// @param wanted is told of which binaries there are no symbols; null if nobody is
    public StoredSymbols(SymbolStore store, @Nullable Wanted wanted) {
        this.store = store;
        this.wanted = wanted;
    }

    /// The profile with what is known of its frames.
    ///
    /// @param budget what more memory is taken from
    /// @param query is asked now and then whether to go on
    /// @throws IOException if the budget is too small, or the query ends
    public MergedProfile of(
            TenantId tenant, MergedProfile profile, MemoryBudget budget, QueryEnd query)
            throws IOException {
        Map<String, IntList> byBinary = byBinary(profile);
        if (byBinary.isEmpty()) {
            return profile;
        }
        @Nullable Frame[] known = new Frame[profile.frames().size()];
        Map<String, String> texts = new HashMap<>();
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, IntList> binary : byBinary.entrySet()) {
            try (SymbolStore.Lease lease = store.lease(tenant, binary.getKey())) {
                if (lease == null || lease.mayBeBettered()) {
                    missing.add(binary.getKey());
                }
                if (lease != null) {
                    find(profile, binary.getValue(), lease, known, texts, budget, query);
                }
            }
        }
        if (wanted != null && !missing.isEmpty()) {
            wanted.missing(byWeight(missing, profile));
        }
        return with(profile, known);
    }

    private static Map<String, IntList> byBinary(MergedProfile profile) {
        Map<String, IntList> byBinary = new LinkedHashMap<>();
        for (int i = 0; i < profile.frames().size(); i++) {
            Frame frame = profile.frames().get(i);
            if (isOfBinary(frame)) {
                byBinary.computeIfAbsent(frame.buildId(), _ -> new IntList()).add(i);
            }
        }
        return byBinary;
    }

    private static boolean isOfBinary(Frame frame) {
        return frame.kind() != FrameKind.KERNEL && BuildIds.isLegal(frame.buildId());
    }

    private static void find(
            MergedProfile profile,
            IntList indexes,
            SymbolStore.Lease lease,
            @Nullable Frame[] known,
            Map<String, String> texts,
            MemoryBudget budget,
            QueryEnd query)
            throws IOException {
        Place place = new Place();
        for (int i = 0; i < indexes.size(); i++) {
            query.check();
            int index = indexes.get(i);
            Frame frame = profile.frames().get(index);
            long address = address(frame, lease.file());
            if (address == Frame.NO_ADDRESS) {
                continue;
            }
            try {
                lease.file().find(address, place);
            } catch (IOException e) {
                lease.failed(e);
                return;
            }
            List<Line> lines = lines(frame, place, texts, budget);
            if (lines != null) {
                budget.reserve((long) LINE_BYTES * (lines.size() + 1));
                known[index] =
                        new Frame(
                                frame.kind(),
                                frame.buildId(),
                                frame.binary(),
                                frame.offset(),
                                address,
                                lines);
            }
        }
    }

    /// Not all senders know addresses; the file tells where code lies, if it was made of the
    /// binary.
    private static long address(Frame frame, SymbolFile file) {
        if (frame.hasAddress()) {
            return frame.address();
        }
        long address = file.addresses().of(frame.offset());
        return address == ElfFile.NOWHERE ? Frame.NO_ADDRESS : address;
    }

    /// What is known of a frame's place; null if that is no more than the frame says itself.
    private static @Nullable List<Line> lines(
            Frame frame, Place place, Map<String, String> texts, MemoryBudget budget)
            throws IOException {
        int depth = place.depth();
        if (depth == 0) {
            return null;
        }
        String outermost = place.function(depth - 1);
        Line said = frame.lines().isEmpty() ? null : frame.lines().getLast();
        if (outermost == null && said == null) {
            return null; // a line without a function is no name
        }
        boolean isMore = said == null || place.file(0) != null || depth > frame.lines().size();
        if (!isMore) {
            return null;
        }
        List<Line> lines = new ArrayList<>(depth);
        for (int i = 0; i < depth; i++) {
            String function = place.function(i);
            if (function == null || function.isEmpty()) {
                if (i < depth - 1 || said == null) {
                    continue; // an inlined function without a name is its caller's code
                }
                function = said.systemName().isEmpty() ? said.function() : said.systemName();
            }
            String file = place.file(i);
            lines.add(
                    new Line(
                            text(function, texts, budget),
                            "",
                            file == null ? "" : text(file, texts, budget),
                            place.line(i)));
        }
        return lines;
    }

    /// The same text once, and its memory counted once.
    private static String text(String text, Map<String, String> texts, MemoryBudget budget)
            throws IOException {
        String known = texts.get(text);
        if (known != null) {
            return known;
        }
        budget.reserve(TEXT_BYTES + (long) Character.BYTES * text.length());
        texts.put(text, text);
        return text;
    }

    /// Binaries by the samples that have frames in them, most first.
    private static List<String> byWeight(List<String> buildIds, MergedProfile profile) {
        Map<String, Integer> numbers = new HashMap<>();
        buildIds.forEach(buildId -> numbers.put(buildId, numbers.size()));
        int[] ofFrames = new int[profile.frames().size()];
        for (int i = 0; i < ofFrames.length; i++) {
            ofFrames[i] = numbers.getOrDefault(profile.frames().get(i).buildId(), -1);
        }
        long[] weights = new long[buildIds.size()];
        for (int i = 0; i < profile.stacks().size(); i++) {
            for (int frame : profile.stacks().get(i)) {
                if (ofFrames[frame] >= 0) {
                    weights[ofFrames[frame]] += profile.values()[i];
                }
            }
        }
        List<String> sorted = new ArrayList<>(buildIds);
        sorted.sort(
                Comparator.comparingLong(buildId -> -weights[numbers.getOrDefault(buildId, 0)]));
        return sorted;
    }

    private static MergedProfile with(MergedProfile profile, @Nullable Frame[] known) {
        List<Frame> frames = new ArrayList<>(known.length);
        boolean isChanged = false;
        for (int i = 0; i < known.length; i++) {
            Frame frame = known[i];
            isChanged |= frame != null;
            frames.add(frame == null ? profile.frames().get(i) : frame);
        }
        return isChanged
                ? new MergedProfile(
                        profile.type(),
                        profile.startNanos(),
                        profile.durationNanos(),
                        frames,
                        profile.stacks(),
                        profile.values())
                : profile;
    }
}

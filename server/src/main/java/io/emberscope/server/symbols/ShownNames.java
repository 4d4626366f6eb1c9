package io.emberscope.server.symbols;

import io.emberscope.profile.Frame;
import io.emberscope.profile.Line;
import io.emberscope.profile.MemoryBudget;
import io.emberscope.profile.MergedProfile;
import io.emberscope.symbolizer.demangle.Demangler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Gives functions the names that people read: those of C++ and Rust are kept as their compilers
/// mangled them, and demangled when they are shown. Remembers what was shown last, in bounded
/// memory. Safe for use by several threads.
public final class ShownNames {
    /// The name of the stub through which a function of another binary is called ends so.
    private static final String STUB = "@plt";

    private static final int GENERATION_CHARS_MAX = 2 << 20;
    private static final int LINE_BYTES = 120;

    /// A short mangled name can stand for a very long one; nobody reads that to its end.
    private static final int NAME_CHARS_MAX = 4096;

    private final Demangler.Mode mode;

    // Two generations: when the young one is full it becomes the old one.
    private Map<String, String> young = new HashMap<>();
    private Map<String, String> old = new HashMap<>();
    private int youngChars;

    /// @param mode how much of names is shown
    public ShownNames(Demangler.Mode mode) {
        this.mode = mode;
    }

    /// The profile with other names of functions; the raw ones are the system names.
    ///
    /// @param budget what more memory is taken from
    /// @param query is asked now and then whether to go on
    /// @throws IOException if the budget is too small, or the query ends
    public MergedProfile of(MergedProfile profile, MemoryBudget budget, QueryEnd query)
            throws IOException {
        List<Frame> frames = new ArrayList<>(profile.frames().size());
        boolean isChanged = false;
        for (Frame frame : profile.frames()) {
            query.check();
            Frame shown = of(frame, budget);
            isChanged |= shown != null;
            frames.add(shown == null ? frame : shown);
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

    /// The frame with other names; null if it has the same.
    private @Nullable Frame of(Frame frame, MemoryBudget budget) throws IOException {
        @Nullable List<Line> lines = null;
        for (int i = 0; i < frame.lines().size(); i++) {
            Line line = frame.lines().get(i);
            String raw = line.systemName().isEmpty() ? line.function() : line.systemName();
            String shown = shown(raw);
            // What the sender shows stays unless we know better.
            boolean isDemangled = !shown.equals(raw) || mode == Demangler.Mode.NONE;
            if (isDemangled && !shown.equals(line.function())) {
                budget.reserve(LINE_BYTES + (long) Character.BYTES * shown.length());
                lines = lines == null ? new ArrayList<>(frame.lines()) : lines;
                lines.set(
                        i, new Line(shown, shown.equals(raw) ? "" : raw, line.file(), line.line()));
            }
        }
        return lines == null
                ? null
                : new Frame(
                        frame.kind(),
                        frame.buildId(),
                        frame.binary(),
                        frame.offset(),
                        frame.address(),
                        lines);
    }

    /// What a raw name stands for; itself if it is not mangled.
    public String shown(String raw) {
        if (raw.isEmpty() || raw.charAt(0) != '_' || mode == Demangler.Mode.NONE) {
            return raw;
        }
        synchronized (this) {
            String known = young.get(raw);
            if (known == null) {
                known = old.get(raw);
                if (known != null) {
                    remember(raw, known);
                }
            }
            if (known != null) {
                return known;
            }
        }
        String shown = demangled(raw);
        synchronized (this) {
            remember(raw, shown);
        }
        return shown;
    }

    private void remember(String raw, String shown) {
        if (youngChars > GENERATION_CHARS_MAX) {
            old = young;
            young = new HashMap<>();
            youngChars = 0;
        }
        if (young.put(raw, shown) == null) {
            youngChars += raw.length() + shown.length();
        }
    }

    private String demangled(String raw) {
        String whole = whole(raw);
        return whole.length() <= NAME_CHARS_MAX || whole.equals(raw)
                ? whole
                : whole.substring(0, NAME_CHARS_MAX - 1) + '\u2026';
    }

    private String whole(String raw) {
        if (raw.endsWith(STUB)) {
            String function = raw.substring(0, raw.length() - STUB.length());
            return Demangler.demangle(function, mode) + STUB;
        }
        return Demangler.demangle(raw, mode);
    }
}

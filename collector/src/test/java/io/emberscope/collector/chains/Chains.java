package io.emberscope.collector.chains;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The true stacks that a program told, and the judge of stacks that were found for it.
///
/// The lines are described in `src/test/chains/chains.h`.
public final class Chains {
    /// Where a stack may end that no foreign binary begins.
    private static final Set<String> ENTRIES =
            Set.of(
                    "_start",
                    "clone",
                    "__clone",
                    "clone3",
                    "__clone3",
                    "__start_context",
                    "runtime.goexit",
                    "runtime.goexit.abi0");

    /// In place of an entry, that there is no way to go on from any foreign function.
    private static final String ANY_FOREIGN = "*";

    /// Where a thread that begins in `main` begins.
    private static final String ENTRY_OF_MAIN = "_start";

    /// A frame as someone found it.
    ///
    /// @param function its name as in the symbol table, or null where there is none
    /// @param binary the name of its file, without directories
    public record FoundFrame(@Nullable String function, String binary) {
        @Override
        public String toString() {
            return binary + '!' + (function == null ? "(no name)" : function);
        }
    }

    /// How a stack compares with the truth.
    public enum Verdict {
        /// From the thread's entry to the leaf it is one of those that were told.
        RIGHT,
        /// All of its frames are right, but the outermost ones are missing.
        INCOMPLETE,
        /// It has a frame that is not there, or lacks one that is.
        WRONG
    }

    /// A verdict and, if it is not [Verdict#RIGHT], the reason.
    public record Judgement(Verdict verdict, String reason) {
        private static final Judgement RIGHT = new Judgement(Verdict.RIGHT, "");
    }

    /// A time within which a thread has only stacks that were told, on CLOCK_MONOTONIC.
    public record Window(int tid, long fromNanos, long toNanos) {
        boolean covers(int thread, long nanos) {
            return thread == tid && nanos >= fromNanos && nanos < toNanos;
        }
    }

    private sealed interface Element {
        /// One of some functions; `aloneAbove` says that nothing called it.
        record Named(Set<String> names, boolean aloneAbove) implements Element {}

        /// The linker's stub for a function, which mostly has no name.
        record Stub(String name) implements Element {}

        /// A function without a name.
        record Nameless() implements Element {}

        /// One frame of another binary, or one or more.
        record Foreign(boolean many) implements Element {}
    }

    private record Chain(String thread, List<Element> elements) {
        Chain {
            elements = List.copyOf(elements);
        }

        Element.Named root() {
            return (Element.Named) elements.getFirst();
        }
    }

    private final String program;
    private final boolean libraryLinked;
    private final Set<Chain> chains;
    private final Set<String> names;
    private final Set<String> entries;
    private final List<Window> windows;

    private Chains(
            String program,
            boolean libraryLinked,
            Set<String> entries,
            Set<Chain> chains,
            List<Window> windows) {
        this.program = program;
        this.libraryLinked = libraryLinked;
        this.entries = Set.copyOf(entries);
        this.chains = Set.copyOf(chains);
        this.windows = List.copyOf(windows);
        this.names =
                chains.stream()
                        .flatMap(chain -> chain.elements().stream())
                        .filter(Element.Named.class::isInstance)
                        .flatMap(element -> ((Element.Named) element).names().stream())
                        .collect(Collectors.toUnmodifiableSet());
    }

    /// Reads what a program printed.
    ///
    /// @param binary the name of the program's file, without directories
    /// @throws IllegalArgumentException if a line is not as it has to be
    public static Chains parse(String binary, List<String> lines) {
        boolean libraryLinked = false;
        Set<Chain> chains = new HashSet<>();
        Set<String> entries = new HashSet<>(ENTRIES);
        List<Window> windows = new ArrayList<>();
        List<Window> open = new ArrayList<>();
        for (String line : lines) {
            String[] words = line.split(" ", 0);
            if (line.equals("library: linked")) {
                libraryLinked = true;
            } else if (words.length == 2 && words[0].equals("entry:")) {
                entries.add(words[1]);
            } else if (words.length == 3 && words[0].equals("chain:")) {
                chains.add(chain(words[1], words[2]));
            } else if (words.length == 3 && words[0].equals("burning")) {
                open.add(
                        new Window(
                                Integer.parseInt(words[1]),
                                Long.parseLong(words[2]),
                                Long.MAX_VALUE));
            } else if (words.length == 3 && words[0].equals("done")) {
                int tid = Integer.parseInt(words[1]);
                Window begun =
                        open.stream()
                                .filter(window -> window.tid() == tid)
                                .findFirst()
                                .orElseThrow(() -> malformed(line, "after burning"));
                open.remove(begun);
                windows.add(new Window(tid, begun.fromNanos(), Long.parseLong(words[2])));
            } else {
                throw malformed(line, "library, entry, chain, burning or done");
            }
        }
        if (chains.isEmpty()) {
            throw new IllegalArgumentException("chains: none (expected: at least one)");
        }
        windows.addAll(open);
        return new Chains(binary, libraryLinked, entries, chains, windows);
    }

    private static IllegalArgumentException malformed(String line, String expected) {
        return new IllegalArgumentException("line: " + line + " (expected: " + expected + ')');
    }

    private static Chain chain(String thread, String text) {
        List<Element> elements = new ArrayList<>();
        for (String word : text.split(";", -1)) {
            if (word.startsWith("*")) {
                if (word.equals("*")) {
                    elements.add(new Element.Foreign(true));
                }
                int count = word.equals("*") ? 0 : Integer.parseInt(word.substring(1));
                for (int i = 0; i < count; i++) {
                    elements.add(new Element.Foreign(false));
                }
            } else if (word.endsWith("@plt")) {
                elements.add(new Element.Stub(word));
            } else if (word.equals("?")) {
                elements.add(new Element.Nameless());
            } else if (word.isEmpty() || word.equals("^")) {
                throw malformed(text, "names between semicolons");
            } else {
                boolean aloneAbove = word.startsWith("^");
                String[] alternatives = word.substring(aloneAbove ? 1 : 0).split("\\|", -1);
                elements.add(new Element.Named(Set.of(alternatives), aloneAbove));
            }
        }
        if (!(elements.getFirst() instanceof Element.Named)) {
            throw malformed(text, "a function first");
        }
        return new Chain(thread, elements);
    }

    /// The times in which threads have only stacks that were told.
    public List<Window> windows() {
        return windows;
    }

    /// Whether a thread has at this time only stacks that were told.
    public boolean covers(int tid, long monotonicNanos) {
        return windows.stream().anyMatch(window -> window.covers(tid, monotonicNanos));
    }

    /// Compares a stack with those that were told.
    ///
    /// @param thread the name of the thread that had it
    /// @param frames the frames of user space, outermost first
    public Judgement judge(String thread, List<FoundFrame> frames) {
        Optional<Judgement> incomplete = Optional.empty();
        int farthest = -1;
        String wrong = "no chain was told for a thread of this name: " + thread;
        for (Chain chain : chains) {
            if (!chain.thread().equals("-") && !chain.thread().equals(thread)) {
                continue;
            }
            Match match = match(chain, frames);
            switch (match.judgement().verdict()) {
                case RIGHT -> {
                    return match.judgement();
                }
                case INCOMPLETE -> incomplete = Optional.of(match.judgement());
                case WRONG -> {
                    if (match.frames() > farthest) {
                        farthest = match.frames();
                        wrong = match.judgement().reason();
                    }
                }
            }
        }
        return incomplete.orElse(new Judgement(Verdict.WRONG, wrong));
    }

    /// How many frames from the leaf on agree, and what that means.
    private record Match(int frames, Judgement judgement) {}

    /// From the leaf to the root, as an automaton: a state is how many elements are still to come.
    private Match match(Chain chain, List<FoundFrame> frames) {
        List<Element> elements = chain.elements();
        BitSet states = new BitSet();
        states.set(elements.size());
        for (int i = frames.size() - 1; i >= 0; i--) {
            FoundFrame frame = frames.get(i);
            BitSet next = new BitSet();
            for (int state = states.nextSetBit(1);
                    state > 0;
                    state = states.nextSetBit(state + 1)) {
                Element element = elements.get(state - 1);
                if (matches(element, frame)) {
                    next.set(state - 1);
                    if (element instanceof Element.Foreign(boolean many) && many) {
                        next.set(state);
                    }
                }
            }
            if (next.get(0)) {
                return new Match(frames.size() - i, aboveRoot(chain.root(), frames.subList(0, i)));
            }
            if (next.isEmpty()) {
                return new Match(
                        frames.size() - 1 - i,
                        new Judgement(
                                Verdict.WRONG,
                                "frame %d from the leaf: %s (expected: %s)"
                                        .formatted(
                                                frames.size() - 1 - i,
                                                frame,
                                                expected(elements, states))));
            }
            states = next;
        }
        return new Match(
                frames.size(),
                new Judgement(
                        Verdict.INCOMPLETE,
                        "ends after %d frames, without %s"
                                .formatted(frames.size(), chain.root().names())));
    }

    private static String expected(List<Element> elements, BitSet states) {
        return states.stream()
                .filter(state -> state > 0)
                .mapToObj(state -> elements.get(state - 1).toString())
                .collect(Collectors.joining(" or "));
    }

    private boolean matches(Element element, FoundFrame frame) {
        String function = frame.function();
        return switch (element) {
            case Element.Named(var alternatives, _) ->
                    function != null && alternatives.contains(whole(function));
            case Element.Stub(var stub) -> function == null || function.equals(stub);
            case Element.Nameless() -> function == null;
            case Element.Foreign(_) ->
                    (libraryLinked || !frame.binary().equals(program))
                            && (function == null || !names.contains(whole(function)));
        };
    }

    /// Compilers move the parts of a function that seldom run elsewhere.
    private static String whole(String function) {
        int cold = function.indexOf(".cold");
        return cold < 0 ? function : function.substring(0, cold);
    }

    private Judgement aboveRoot(Element.Named root, List<FoundFrame> above) {
        if (root.aloneAbove()) {
            return above.isEmpty()
                    ? Judgement.RIGHT
                    : new Judgement(Verdict.WRONG, "above the thread's entry: " + above.getLast());
        }
        for (FoundFrame frame : above) {
            if (frame.function() != null && names.contains(whole(frame.function()))) {
                return new Judgement(
                        Verdict.WRONG, frame + " (expected: nothing of ours above the root)");
            }
        }
        if (above.isEmpty()) {
            return new Judgement(Verdict.INCOMPLETE, "ends at the root " + root.names());
        }
        FoundFrame outermost = above.getFirst();
        String entry = outermost.function();
        boolean foreign = libraryLinked || !outermost.binary().equals(program);
        boolean isEntry =
                (foreign && entries.contains(ANY_FOREIGN))
                        || (root.names().contains("main")
                                ? ENTRY_OF_MAIN.equals(entry)
                                : !outermost.binary().equals(program)
                                        || (entry != null && entries.contains(entry)));
        return isEntry
                ? Judgement.RIGHT
                : new Judgement(Verdict.INCOMPLETE, "ends at " + outermost + ", which is no entry");
    }
}

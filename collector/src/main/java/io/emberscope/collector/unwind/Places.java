package io.emberscope.collector.unwind;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.bpf.BpfException;
import io.emberscope.bpf.UnwindMemory;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;

/// Which parts of the [UnwindMemory] are in use: hands out places, adds chunks as needed up to a
/// limit, and gives empty ones back. What is freed is not used again before walks that may still
/// read it are over. Not safe for use by several threads.
final class Places {
    /// There is no room.
    static final int NOWHERE = 0;

    /// Longer than any walk takes, by far, and than a sample waits for being merged.
    static final long REST_NANOS = 4_000_000_000L;

    /// Mappings are read in one go and must not lie across a cache line more than they have to.
    private static final int ALIGNMENT_WORDS = 8;

    private record Resting(int place, int words, long freedNanos) {}

    private final UnwindMemory memory;
    private final int chunksMax;

    /// Free words by place; neighbours in one chunk are one range.
    private final TreeMap<Integer, Integer> free = new TreeMap<>();

    private final ArrayDeque<Resting> resting = new ArrayDeque<>();
    private final Metrics.Counter refusedChunks;
    private int chunks;
    private long usedWords;
    private long restingWords;

    /// @param bytesMax of all chunks
    Places(UnwindMemory memory, long bytesMax, Metrics metrics) {
        this.memory = memory;
        refusedChunks =
                metrics.counter(
                        "emberscope_collector_unwind_chunks_refused_total",
                        "Times that the kernel had no memory for more unwind tables or mappings.");
        long most = bytesMax / ((long) UnwindMemory.CHUNK_WORDS * Integer.BYTES);
        chunksMax = Math.clamp(most, 1, UnwindMemory.CHUNKS_MAX);
    }

    /// A place for so many words, or [#NOWHERE].
    ///
    /// @param words at most a chunk less [UnwindMemory#FIRST_PLACE]
    int take(int words) {
        int size = rounded(words);
        int place = find(size);
        if (place == NOWHERE && chunks < chunksMax && addChunk()) {
            place = find(size);
        }
        if (place != NOWHERE) {
            usedWords += size;
        }
        return place;
    }

    private int find(int size) {
        int place = NOWHERE;
        for (Map.Entry<Integer, Integer> range : free.entrySet()) {
            if (range.getValue() >= size) {
                place = range.getKey();
                break;
            }
        }
        Integer words = free.remove(place);
        if (words == null) {
            return NOWHERE;
        }
        if (words > size) {
            free.put(place + size, words - size);
        }
        return place;
    }

    /// Whether the kernel had memory for one more.
    private boolean addChunk() {
        int number;
        try {
            number = memory.addChunk();
        } catch (BpfException e) {
            refusedChunks.increment();
            return false;
        }
        int first = number * UnwindMemory.CHUNK_WORDS;
        int unused = number == 0 ? UnwindMemory.FIRST_PLACE : 0;
        free.put(first + unused, UnwindMemory.CHUNK_WORDS - unused);
        chunks++;
        return true;
    }

    /// Gives a place back. Nothing may lead to it any more.
    void free(int place, int words, long nowNanos) {
        int size = rounded(words);
        resting.addLast(new Resting(place, size, nowNanos));
        restingWords += size;
    }

    /// Makes what was freed some time ago available again.
    void settle(long nowNanos) throws BpfException {
        for (Resting next = resting.peekFirst();
                next != null && nowNanos - next.freedNanos >= REST_NANOS;
                next = resting.peekFirst()) {
            resting.removeFirst();
            usedWords -= next.words;
            restingWords -= next.words;
            join(next.place, next.words);
        }
    }

    private void join(int place, int words) throws BpfException {
        int start = place;
        int size = words;
        Map.Entry<Integer, Integer> before = free.lowerEntry(start);
        if (before != null
                && before.getKey() + before.getValue() == start
                && isInOneChunk(before.getKey(), start)) {
            free.remove(before.getKey());
            start = before.getKey();
            size += before.getValue();
        }
        Integer after = free.get(start + size);
        if (after != null && isInOneChunk(start, start + size)) {
            free.remove(start + size);
            size += after;
        }
        int chunk = start / UnwindMemory.CHUNK_WORDS;
        if (size == UnwindMemory.CHUNK_WORDS && chunk > 0) {
            memory.removeChunk(chunk);
            chunks--;
        } else {
            free.put(start, size);
        }
    }

    private static boolean isInOneChunk(int first, int second) {
        return first / UnwindMemory.CHUNK_WORDS == second / UnwindMemory.CHUNK_WORDS;
    }

    /// Words that were freed and will be available soon.
    long restingWords() {
        return restingWords;
    }

    /// Words there can be at most.
    long wordsMax() {
        return (long) chunksMax * UnwindMemory.CHUNK_WORDS - UnwindMemory.FIRST_PLACE;
    }

    /// Words that are free now, or would be with all chunks; not all in one piece.
    long freeWords() {
        return wordsMax() - usedWords;
    }

    /// Words that one place takes.
    static int rounded(int words) {
        return (words + ALIGNMENT_WORDS - 1) / ALIGNMENT_WORDS * ALIGNMENT_WORDS;
    }

    /// Memory of all chunks.
    long bytes() {
        return (long) chunks * UnwindMemory.CHUNK_WORDS * Integer.BYTES;
    }

    /// Memory that is in use.
    long usedBytes() {
        return usedWords * Integer.BYTES;
    }
}

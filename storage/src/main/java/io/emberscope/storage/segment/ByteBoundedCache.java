package io.emberscope.storage.segment;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// A cache of so many bytes that forgets what was not used for longest. Safe for use by several
/// threads.
final class ByteBoundedCache<K, V> {
    private static final long ENTRY_BYTES = 100;

    private final long bytesMax;
    private final ToLongFunction<V> weight;
    private final Map<K, V> entries = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;
    private long hits;
    private long misses;
    private long evictions;

    ByteBoundedCache(long bytesMax, ToLongFunction<V> weight) {
        this.bytesMax = bytesMax;
        this.weight = weight;
    }

    synchronized @Nullable V get(K key) {
        V found = entries.get(key);
        if (found == null) {
            misses++;
        } else {
            hits++;
        }
        return found;
    }

    /// Puts a value; one that is larger than an eighth of the cache is not kept.
    synchronized void put(K key, V value) {
        long more = ENTRY_BYTES + weight.applyAsLong(value);
        if (more > bytesMax / 8) {
            return;
        }
        V before = entries.put(key, value);
        bytes += more - (before == null ? 0 : ENTRY_BYTES + weight.applyAsLong(before));
        Iterator<V> oldest = entries.values().iterator();
        while (bytes > bytesMax) {
            bytes -= ENTRY_BYTES + weight.applyAsLong(oldest.next());
            oldest.remove();
            evictions++;
        }
    }

    synchronized void removeIf(java.util.function.Predicate<K> condition) {
        Iterator<Map.Entry<K, V>> all = entries.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<K, V> entry = all.next();
            if (condition.test(entry.getKey())) {
                bytes -= ENTRY_BYTES + weight.applyAsLong(entry.getValue());
                all.remove();
            }
        }
    }

    synchronized long bytes() {
        return bytes;
    }

    synchronized long hits() {
        return hits;
    }

    synchronized long misses() {
        return misses;
    }

    synchronized long evictions() {
        return evictions;
    }
}

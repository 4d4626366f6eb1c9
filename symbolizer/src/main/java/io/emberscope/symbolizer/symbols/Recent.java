package io.emberscope.symbolizer.symbols;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// What was used last, within a bound of memory. A thing has two places and is overwritten by the
/// next that belongs there: no lists, no order, no locks. Safe for use by several threads, of which
/// two may keep the same thing twice.
final class Recent<T> {
    /// What a thing takes beside itself.
    private static final int ENTRY_BYTES = 48;

    private final long bytesMax;
    private final AtomicReferenceArray<@Nullable Entry<T>> slots;
    private final int shift;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicInteger hand = new AtomicInteger();

    private record Entry<T>(long owner, long key, T value, long bytes) {}

    /// @param bytesUsual of a thing
    Recent(long bytesMax, int bytesUsual) {
        this.bytesMax = bytesMax;
        long slotsMin = Math.clamp(bytesMax / (bytesUsual + ENTRY_BYTES), 64, 1 << 24);
        int bits = Long.SIZE - Long.numberOfLeadingZeros(slotsMin - 1);
        this.slots = new AtomicReferenceArray<>(1 << bits);
        this.shift = Long.SIZE - bits;
    }

    /// @param owner to whom the key belongs
    @Nullable T get(long owner, long key) {
        int first = slot(owner, key);
        Entry<T> entry = slots.get(first);
        if (entry != null && entry.key == key && entry.owner == owner) {
            return entry.value;
        }
        entry = slots.get(first ^ 1);
        return entry != null && entry.key == key && entry.owner == owner ? entry.value : null;
    }

    /// Keeps a thing, unless it is very large.
    void put(long owner, long key, T value, long valueBytes) {
        Entry<T> entry = new Entry<>(owner, key, value, valueBytes + ENTRY_BYTES);
        if (entry.bytes > bytesMax / 8) {
            return;
        }
        int first = slot(owner, key);
        int place = slots.get(first) == null ? first : first ^ (hand.getAndIncrement() & 1);
        exchange(place, entry);
        for (int i = 0; i < slots.length() && bytes.get() > bytesMax; i++) {
            int next = hand.getAndIncrement() & (slots.length() - 1);
            if (next != place) {
                exchange(next, null);
            }
        }
    }

    /// Memory of what is kept.
    long bytes() {
        return bytes.get();
    }

    private void exchange(int slot, @Nullable Entry<T> entry) {
        Entry<T> before = slots.getAndSet(slot, entry);
        bytes.addAndGet((entry == null ? 0 : entry.bytes) - (before == null ? 0 : before.bytes));
    }

    private int slot(long owner, long key) {
        // Fibonacci hashing: neighbours go far apart.
        return (int) (((key + owner) * 0x9e37_79b9_7f4a_7c15L) >>> shift);
    }
}

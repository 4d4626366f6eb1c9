package io.emberscope.storage.segment;

import io.emberscope.profile.ProfileType;
import java.math.BigInteger;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/// What a merge must not change: by profile type the sum of all values, and the sum of each value
/// times a hash of what it belongs to, which tells whether any went elsewhere. Rows that became one
/// change neither.
final class Totals {
    private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

    private final Map<ProfileType, Sum> sums = new TreeMap<>(Comparator.comparing(ProfileType::id));

    /// One type's.
    static final class Sum {
        private long low;
        private long high;
        private long weighted;

        void add(long series, SampleCursor sample) {
            long value = sample.value();
            long before = low;
            low += value;
            // Carry or borrow of 128 bits.
            high += (value >> 63) + (Long.compareUnsigned(low, before) < 0 ? 1 : 0);
            long key = mix(mix(series, sample.stackId()), sample.micros());
            weighted += value * mix(mix(key, sample.millis()), sample.period());
        }

        private static long mix(long hash, long value) {
            long mixed = (hash ^ value) * SPREAD;
            return mixed ^ (mixed >>> 29);
        }

        @Override
        public String toString() {
            BigInteger unsigned = new BigInteger(Long.toUnsignedString(low));
            return BigInteger.valueOf(high).shiftLeft(Long.SIZE).add(unsigned) + "/" + weighted;
        }
    }

    Sum of(ProfileType type) {
        return sums.computeIfAbsent(type, _ -> new Sum());
    }

    @Override
    public String toString() {
        return sums.toString();
    }
}

package io.emberscope.storage.query;

import io.emberscope.storage.query.QueryStoppedException.Reason;
import java.util.Arrays;

/// Sums of values by stack id. Its memory is counted in a [QueryContext]. Not safe for use by
/// several threads.
public final class LongSums {
    private final QueryContext context;
    private final LongIndex index = new LongIndex();
    private long[] sums = new long[8];

    /// No sums yet.
    public LongSums(QueryContext context) {
        this.context = context;
    }

    /// Adds to the sum of an id.
    ///
    /// @throws QueryStoppedException if the sum would not fit 64 bits or the table the budget
    public void add(long id, long value) throws QueryStoppedException {
        int known = index.find(id);
        if (known >= 0) {
            sums[known] = exactSum(sums[known], value);
            return;
        }
        if (index.isFull()) {
            grow();
        }
        sums[index.add(id)] = value;
    }

    /// How many ids there are.
    public int size() {
        return index.size();
    }

    /// The number of an id in the order of arrival, or -1.
    public int find(long id) {
        return index.find(id);
    }

    /// The id with that number.
    public long id(int number) {
        return index.id(number);
    }

    /// The sums in the order in which their ids came.
    public long[] sums() {
        return Arrays.copyOf(sums, index.size());
    }

    /// The sum of two values.
    ///
    /// @throws QueryStoppedException if it would not fit 64 bits
    public static long exactSum(long a, long b) throws QueryStoppedException {
        long sum = a + b;
        if (((a ^ sum) & (b ^ sum)) < 0) {
            throw new QueryStoppedException(
                    Reason.SIZE, "sum: overflow (expected: within 64 bits)");
        }
        return sum;
    }

    private void grow() throws QueryStoppedException {
        if (index.size() >= LongIndex.SIZE_MAX) {
            throw new QueryStoppedException(
                    Reason.SIZE, "stacks: more than " + LongIndex.SIZE_MAX + " in one answer");
        }
        context.check();
        context.reserve(index.grownBytes() + sums.length * 2L * Long.BYTES);
        context.release(index.bytes() + (long) sums.length * Long.BYTES);
        sums = Arrays.copyOf(sums, sums.length * 2);
    }
}

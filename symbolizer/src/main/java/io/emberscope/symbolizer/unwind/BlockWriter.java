package io.emberscope.symbolizer.unwind;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Cuts a table into blocks: at most so many words each, and none over code that nothing is known
/// of, if there is much of it. Holds the rows of no more than one block.
final class BlockWriter {
    static final int FIRST_PAGE = 0;
    static final int PAGES = 1;
    static final int LONG_RULES = 2;
    static final int ROWS = 3;
    static final int HEADER = 4;
    static final int PAGE_SHIFT = 10;

    /// Room for one page of code with as many rows and long rules as it can have.
    static final int WORDS_MIN = 8192;

    /// Pages without rules that end a block: their index would be larger than another header.
    private static final int GAP_PAGES_MAX = 1024;

    /// NONE and END are in every block.
    private static final int COMMON_RULES = 2;

    private static final int ROWS_MIN = 1024;
    private static final int ROWS_PER_PAGE_MAX = 1 << PAGE_SHIFT;

    /// Memory that a block takes besides its words.
    private static final int BLOCK_BYTES = 64;

    private final Rules longRules;
    private final int wordsMax;
    private final BuildMemory memory;
    private final List<UnwindBlock> blocks = new ArrayList<>();

    /// Rows that are in no block yet: the offset, and in the low 16 bits the rule.
    private long[] rows = {};

    private int count;

    /// Of each long rule its number in the block at hand; -1 if it is not in it.
    private int[] numbers = {};

    // The block that goes on where the last one was full, if any does.
    private boolean goesOn;
    private int before = Rule.NONE; // the rule that holds where it begins
    private long first; // page

    BlockWriter(Rules longRules, int wordsMax, BuildMemory memory) {
        if (wordsMax < WORDS_MIN) {
            throw new IllegalArgumentException(
                    "words: " + wordsMax + " (expected: at least " + WORDS_MIN + ")");
        }
        this.longRules = longRules;
        this.wordsMax = wordsMax;
        this.memory = memory;
    }

    static int longRulesAt(int pages) {
        return (HEADER + pages + 1 + 3) & ~3;
    }

    static int rowsAt(int pages, int longRules) {
        return longRulesAt(pages) + Rule.LONG_WORDS * longRules;
    }

    /// Takes the next row, which is at a higher offset than the one before.
    void row(long offset, int rule) throws TableTooLargeException {
        // More rows than a block and the page behind it can have.
        int rowsMax = wordsMax + 2 * ROWS_PER_PAGE_MAX;
        if (count == rowsMax) {
            write(false);
        }
        if (count == rows.length) {
            int larger = Math.max(ROWS_MIN, count + (count >> 1));
            rows = memory.resized(rows, Math.min(rowsMax, larger));
        }
        rows[count++] = offset << Short.SIZE | rule;
    }

    /// The blocks of all rows. The last of them says that nothing is known.
    List<UnwindBlock> blocks() throws TableTooLargeException {
        write(true);
        memory.give((long) rows.length * Long.BYTES);
        rows = new long[0];
        return blocks;
    }

    /// Forgets all rows.
    void clear() {
        for (UnwindBlock block : blocks) {
            memory.give(bytes(block.words().length));
        }
        blocks.clear();
        count = 0;
        goesOn = false;
    }

    private static long bytes(int words) {
        return (long) words * Integer.BYTES + BLOCK_BYTES;
    }

    /// Writes the blocks that rows to come cannot change, or all.
    private void write(boolean isAll) throws TableTooLargeException {
        if (numbers.length < longRules.count()) {
            numbers = memory.resized(numbers, longRules.count());
        }
        int row = 0;
        while (row < count) {
            // Rows that say that nothing is known need no block.
            if (!goesOn && rule(row) == Rule.NONE) {
                row++;
                continue;
            }
            int end = block(row, isAll);
            if (end < 0) {
                break;
            }
            row = end;
        }
        count -= row;
        System.arraycopy(rows, row, rows, 0, count);
    }

    private int rule(int row) {
        return (int) rows[row] & 0xffff;
    }

    private long page(int row) {
        return rows[row] >>> (Short.SIZE + PAGE_SHIFT);
    }

    /// Writes the block that begins with a row, or in which a rule from before goes on; returns the
    /// first row that is not in it, or -1 if rows to come may belong to it.
    private int block(int row, boolean isAll) throws TableTooLargeException {
        if (!goesOn) {
            before = Rule.NONE;
            first = page(row);
        }
        Arrays.fill(numbers, -1);
        int longCount = COMMON_RULES;
        if (isOwnLong(before)) {
            numbers[before & ~Rule.LONG] = longCount++;
        }
        int end = row;
        long pages = 0;
        boolean isFull = false;
        boolean isCut = false;
        // Page by page, as a block ends with one.
        while (end < count) {
            long page = page(end);
            long wanted = page - first + 1;
            int inForce = end > row ? rule(end - 1) : before;
            if (inForce == Rule.NONE && wanted - pages > GAP_PAGES_MAX && end > row) {
                isCut = true;
                break;
            }
            int last = end;
            int added = 0;
            while (last < count && page(last) == page) {
                int rule = rule(last);
                if (isOwnLong(rule) && numbers[rule & ~Rule.LONG] < 0) {
                    numbers[rule & ~Rule.LONG] = longCount + added++;
                }
                last++;
            }
            if (words(wanted, longCount + added, 1 + last - row) > wordsMax
                    && (end > row || wanted > 1)) {
                isFull = true;
                takeBack(end, last, longCount);
                break;
            }
            longCount += added;
            pages = wanted;
            end = last;
        }
        if (!isFull && !isCut && !isAll) {
            return -1;
        }
        int inForce = end > row ? rule(end - 1) : before;
        long upTo = end < count ? page(end) : first + pages;
        goesOn = isFull && inForce != Rule.NONE;
        if (goesOn) {
            long room = wordsMax - words(0, longCount, 1 + end - row);
            pages = Math.min(upTo - first, Math.max(pages, room));
        }
        write((int) pages, longCount, row, end);
        before = inForce;
        first += pages;
        return end;
    }

    /// Takes the numbers back that were given for the first time to rules of some rows.
    private void takeBack(int from, int to, int firstGiven) {
        for (int i = from; i < to; i++) {
            int rule = rule(i);
            if (isOwnLong(rule) && numbers[rule & ~Rule.LONG] >= firstGiven) {
                numbers[rule & ~Rule.LONG] = -1;
            }
        }
    }

    private static long words(long pages, int longRules, int rows) {
        return HEADER + pages + 4 + (long) Rule.LONG_WORDS * longRules + rows;
    }

    private static boolean isOwnLong(int rule) {
        return rule > Rule.END;
    }

    private int numbered(int rule) {
        return isOwnLong(rule) ? Rule.LONG | numbers[rule & ~Rule.LONG] : rule;
    }

    private void write(int pages, int longCount, int row, int end) throws TableTooLargeException {
        int rowsAt = rowsAt(pages, longCount);
        int rowCount = 1 + end - row;
        memory.take(bytes(rowsAt + rowCount));
        int[] words = new int[rowsAt + rowCount];
        words[FIRST_PAGE] = (int) first;
        words[PAGES] = pages;
        words[LONG_RULES] = longCount;
        words[ROWS] = rowCount;
        int at = longRulesAt(pages);
        longRules.copy(0, COMMON_RULES, words, at);
        for (int i = 0; i < numbers.length; i++) {
            if (numbers[i] >= 0) {
                longRules.copy(i, 1, words, at + numbers[i] * Rule.LONG_WORDS);
            }
        }
        words[rowsAt] = numbered(before) << Short.SIZE;
        int next = row;
        for (int page = 0; page < pages; page++) {
            words[HEADER + page] = 1 + next - row;
            while (next < end && page(next) == first + page) {
                words[rowsAt + 1 + next - row] =
                        ((int) (rows[next] >>> Short.SIZE) & 0xffff)
                                | numbered(rule(next)) << Short.SIZE;
                next++;
            }
        }
        words[HEADER + pages] = rowCount;
        blocks.add(new UnwindBlock(words));
    }
}

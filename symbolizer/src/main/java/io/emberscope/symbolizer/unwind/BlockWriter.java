package io.emberscope.symbolizer.unwind;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Cuts a table into blocks: at most so many words each, and none over code that nothing is known
/// of, if there is much of it.
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

    private final int[] offsets;
    private final short[] rules;
    private final int[] longRules;
    private final int wordsMax;
    private final List<UnwindBlock> blocks = new ArrayList<>();

    /// Of each long rule its number in the block at hand; -1 if it is not in it.
    private final int[] numbers;

    BlockWriter(int[] offsets, short[] rules, int[] longRules, int wordsMax) {
        if (wordsMax < WORDS_MIN) {
            throw new IllegalArgumentException(
                    "words: " + wordsMax + " (expected: at least " + WORDS_MIN + ")");
        }
        this.offsets = offsets;
        this.rules = rules;
        this.longRules = longRules;
        this.wordsMax = wordsMax;
        this.numbers = new int[longRules.length / Rule.LONG_WORDS];
    }

    static int longRulesAt(int pages) {
        return (HEADER + pages + 1 + 3) & ~3;
    }

    static int rowsAt(int pages, int longRules) {
        return longRulesAt(pages) + Rule.LONG_WORDS * longRules;
    }

    List<UnwindBlock> blocks() {
        int row = 0;
        while (row < offsets.length) {
            // Rows that say that nothing is known need no block.
            if ((rules[row] & 0xffff) == Rule.NONE) {
                row++;
            } else {
                row = block(row, page(row));
            }
        }
        return blocks;
    }

    private long page(int row) {
        return (offsets[row] & 0xffff_ffffL) >>> PAGE_SHIFT;
    }

    /// Writes the block that begins with a page, and those that follow while a row reaches over the
    /// end of one; returns the first row that is in none yet.
    private int block(int firstRow, long firstPage) {
        int before = Rule.NONE; // the rule that holds where the block begins
        int row = firstRow;
        long first = firstPage;
        while (true) {
            Arrays.fill(numbers, -1);
            int longCount = COMMON_RULES;
            if (isOwnLong(before)) {
                numbers[before & ~Rule.LONG] = longCount++;
            }
            int end = row;
            long pages = 0;
            boolean isFull = false;
            // Page by page, as a block ends with one.
            while (end < offsets.length) {
                long page = page(end);
                long wanted = page - first + 1;
                int inForce = end > row ? rules[end - 1] & 0xffff : before;
                if (inForce == Rule.NONE && wanted - pages > GAP_PAGES_MAX && end > row) {
                    break;
                }
                int last = end;
                int added = 0;
                while (last < offsets.length && page(last) == page) {
                    int rule = rules[last] & 0xffff;
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
            int inForce = end > row ? rules[end - 1] & 0xffff : before;
            long upTo = end < offsets.length ? page(end) : first + pages;
            if (isFull && inForce != Rule.NONE) {
                long room = wordsMax - words(0, longCount, 1 + end - row);
                pages = Math.min(upTo - first, Math.max(pages, room));
            }
            write(first, (int) pages, longCount, before, row, end);
            if (!isFull || inForce == Rule.NONE) {
                return end;
            }
            before = inForce;
            row = end;
            first += pages;
        }
    }

    /// Takes the numbers back that were given for the first time to rules of some rows.
    private void takeBack(int from, int to, int firstGiven) {
        for (int i = from; i < to; i++) {
            int rule = rules[i] & 0xffff;
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

    private void write(long first, int pages, int longCount, int before, int row, int end) {
        int rowsAt = rowsAt(pages, longCount);
        int count = 1 + end - row;
        int[] words = new int[rowsAt + count];
        words[FIRST_PAGE] = (int) first;
        words[PAGES] = pages;
        words[LONG_RULES] = longCount;
        words[ROWS] = count;
        int at = longRulesAt(pages);
        System.arraycopy(longRules, 0, words, at, COMMON_RULES * Rule.LONG_WORDS);
        for (int i = 0; i < numbers.length; i++) {
            if (numbers[i] >= 0) {
                System.arraycopy(
                        longRules,
                        i * Rule.LONG_WORDS,
                        words,
                        at + numbers[i] * Rule.LONG_WORDS,
                        Rule.LONG_WORDS);
            }
        }
        words[rowsAt] = numbered(before) << Short.SIZE;
        int next = row;
        for (int page = 0; page < pages; page++) {
            words[HEADER + page] = 1 + next - row;
            while (next < end && page(next) == first + page) {
                words[rowsAt + 1 + next - row] =
                        (offsets[next] & 0xffff) | (numbered(rules[next] & 0xffff) << Short.SIZE);
                next++;
            }
        }
        words[HEADER + pages] = count;
        blocks.add(new UnwindBlock(words));
    }
}

package io.emberscope.symbolizer.unwind;

/// A part of an unwind table as the sampler's program reads it, and the disk keeps it:
/// `docs/formats/unwind-table.md`. Words are little-endian where bytes matter.
///
/// @param words all of it
public record UnwindBlock(int[] words) {
    /// A page of code, which the block has an index of.
    public static final int PAGE_BYTES = 1 << BlockWriter.PAGE_SHIFT;

    /// Offset in the file of the first byte that the block speaks of.
    public long start() {
        return (words[BlockWriter.FIRST_PAGE] & 0xffff_ffffL) << BlockWriter.PAGE_SHIFT;
    }

    /// Offset in the file of the first byte that it does not.
    public long end() {
        return start() + ((long) words[BlockWriter.PAGES] << BlockWriter.PAGE_SHIFT);
    }

    /// How many rows it has.
    public int rows() {
        return words[BlockWriter.ROWS];
    }

    /// The rule for an offset in the file, found as the sampler's program finds it.
    public int ruleAt(long fileOffset) {
        long page = (fileOffset >>> BlockWriter.PAGE_SHIFT) - (start() >>> BlockWriter.PAGE_SHIFT);
        int pages = words[BlockWriter.PAGES];
        if (page < 0 || page >= pages) {
            return Rule.NONE;
        }
        int from = words[BlockWriter.HEADER + (int) page];
        int to = words[BlockWriter.HEADER + (int) page + 1];
        int rows = BlockWriter.rowsAt(pages, words[BlockWriter.LONG_RULES]);
        int found = from - 1;
        for (int row = from; row < to; row++) {
            if ((words[rows + row] & 0xffff) <= (fileOffset & 0xffff)) {
                found = row;
            }
        }
        return words[rows + found] >>> Short.SIZE;
    }

    /// The words of a long rule.
    public int[] longRule(int rule) {
        int at = BlockWriter.longRulesAt(words[BlockWriter.PAGES]);
        int[] found = new int[Rule.LONG_WORDS];
        System.arraycopy(
                words, at + (rule & ~Rule.LONG) * Rule.LONG_WORDS, found, 0, Rule.LONG_WORDS);
        return found;
    }
}

package io.emberscope.symbolizer.unwind;

import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The rows of a table, read from its blocks, with long rules numbered across them.
final class Rows {
    private static final int WORDS_MAX = 1 << 18;

    private final Map<Unexpressed, Long> unexpressed;
    private final List<int[]> longRules = new ArrayList<>();
    private final Map<List<Integer>, Integer> numbers = new java.util.HashMap<>();
    private long[] offsets = new long[64];
    private int[] rules = new int[64];
    private int size;

    private Rows(UnwindTable table) {
        unexpressed = table.unexpressed();
        number(new int[Rule.LONG_WORDS]);
        number(new int[] {Rule.KIND_END, 0, 0, 0});
        long end = 0;
        for (UnwindBlock block : table.blocks()) {
            int last = size == 0 ? Rule.NONE : rules[size - 1];
            int before = global(block, block.words()[at(block)] >>> Short.SIZE);
            if (before != (block.start() == end ? last : Rule.NONE)) {
                throw new AssertionError("block at " + block.start() + ": goes on wrongly");
            }
            rows(block);
            end = block.end();
        }
    }

    static Rows of(UnwindTable table) {
        return new Rows(table);
    }

    /// Of a file, with memory for any.
    static Rows read(ElfFile file) throws IOException {
        return of(UnwindTable.read(file, memory(1L << 30), WORDS_MAX));
    }

    static BuildMemory memory(long bytes) {
        return new BuildMemory.Pool(bytes).open();
    }

    private static int at(UnwindBlock block) {
        int[] words = block.words();
        return BlockWriter.rowsAt(words[BlockWriter.PAGES], words[BlockWriter.LONG_RULES]);
    }

    private void rows(UnwindBlock block) {
        int[] words = block.words();
        for (int page = 0; page < words[BlockWriter.PAGES]; page++) {
            long start = block.start() + ((long) page << BlockWriter.PAGE_SHIFT);
            int to = words[BlockWriter.HEADER + page + 1];
            for (int row = words[BlockWriter.HEADER + page]; row < to; row++) {
                int word = words[at(block) + row];
                add((start & ~0xffffL) | (word & 0xffff), global(block, word >>> Short.SIZE));
            }
        }
    }

    private void add(long offset, int rule) {
        if (size == offsets.length) {
            offsets = java.util.Arrays.copyOf(offsets, 2 * size);
            rules = java.util.Arrays.copyOf(rules, 2 * size);
        }
        offsets[size] = offset;
        rules[size++] = rule;
    }

    private int global(UnwindBlock block, int rule) {
        return (rule & Rule.LONG) == 0 ? rule : number(block.longRule(rule));
    }

    private int number(int[] words) {
        List<Integer> key = java.util.Arrays.stream(words).boxed().toList();
        return Rule.LONG
                | numbers.computeIfAbsent(
                        key,
                        _ -> {
                            longRules.add(words);
                            return longRules.size() - 1;
                        });
    }

    int size() {
        return size;
    }

    /// The offset in the file from which on a row holds.
    long offset(int row) {
        return offsets[row];
    }

    /// What it says.
    int rule(int row) {
        return rules[row];
    }

    /// The rule for the instruction at an offset in the file.
    int ruleAt(long fileOffset) {
        int found = java.util.Arrays.binarySearch(offsets, 0, size, fileOffset);
        int row = found >= 0 ? found : -found - 2;
        return row < 0 ? Rule.NONE : rules[row];
    }

    /// The words of a long rule.
    int[] longRule(int rule) {
        return longRules.get(rule & ~Rule.LONG);
    }

    /// A rule for people.
    String text(int rule) {
        return Rule.toString(rule, (rule & Rule.LONG) == 0 ? new int[4] : longRule(rule));
    }

    Map<Unexpressed, Long> unexpressed() {
        return unexpressed;
    }
}

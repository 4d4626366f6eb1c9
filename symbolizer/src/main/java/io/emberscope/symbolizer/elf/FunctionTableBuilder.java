package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Builds one [FunctionTable] by the rules that are written there.
///
/// The symbols are streamed twice: once to count the functions, so that nothing grows, and once to
/// keep of each a 64-bit sort key, its length and where its name is. Sorted, the keys bring
/// together the symbols of one address, best first.
final class FunctionTableBuilder {
    /// Offsets of code have 32 bits; there is no program with code beyond.
    private static final long OFFSET_MAX = 0xffff_ffffL;

    // A sort key: the biased offset (32 bits), how good the symbol is (6, best is 0), its number.
    private static final int RANK_BITS = 6;
    private static final int NUMBER_BITS = Integer.SIZE - RANK_BITS;
    private static final int NUMBER_MASK = (1 << NUMBER_BITS) - 1;
    private static final int RANK_STUB = 32;
    private static final int RANK_UNSIZED = 16;
    private static final int RANK_NO_TYPE = 8;
    private static final int RANK_DYNAMIC = 4;
    private static final int RANK_LOCAL = 2;
    private static final int RANK_WEAK = 1;

    private static final int MACHINE_ARM = 40;

    private final ElfFile file;
    private final ElfFile fullFile;

    /// Whether what is in both tables is to be taken from the full one.
    private final boolean isFullFirst;

    private final ByteSource source;
    private final int functionsMax;
    private final SymbolTable full;
    private final SymbolTable dynamic;
    private final CodeRegions regions;
    private final FunctionNames names;
    private int count;
    private long[] keys = {};
    private int[] lengths = {};
    private int[] references = {};

    /// @param other file that has the full symbol table in place of the binary; null if there is
    ///   none
    /// @param isComplete whether the other's table also has what the dynamic linker's has
    FunctionTableBuilder(
            ElfFile file, @Nullable ElfFile other, boolean isComplete, int functionsMax)
            throws IOException {
        this.file = file;
        this.fullFile = other == null ? file : other;
        this.isFullFirst = other == null || isComplete;
        this.source = FunctionTable.namesOf(file, other);
        this.functionsMax = Math.min(functionsMax, NUMBER_MASK);
        this.full = SymbolTable.full(fullFile);
        this.dynamic = SymbolTable.dynamic(file);
        this.regions = CodeRegions.of(file);
        long fullAt = other == null ? 0 : file.source().size();
        this.names =
                new FunctionNames(
                        fullAt + full.stringsAt(),
                        full.stringsLength(),
                        dynamic.stringsAt(),
                        dynamic.stringsLength());
    }

    FunctionTable build() throws IOException {
        LinkageStubs stubs = LinkageStubs.of(file, functionsMax);
        int functions = count() + stubs.size();
        if (functions > functionsMax) {
            throw new TooManyFunctionsException(functions, functionsMax);
        }
        if (functions == 0) {
            return FunctionTable.empty();
        }
        keys = new long[functions];
        lengths = new int[functions];
        references = new int[functions];
        keep(fullFile, full, 0);
        keep(file, dynamic, FunctionNames.DYNAMIC);
        keep(stubs);
        Arrays.sort(keys, 0, count);
        return flatten();
    }

    private int count() throws IOException {
        long[] found = {0};
        count(fullFile, full, found);
        count(file, dynamic, found);
        return (int) found[0]; // two tables have less than 2^31 symbols
    }

    private void count(ElfFile of, SymbolTable table, long[] found) throws IOException {
        table.forEach(
                of,
                (name, info, section, value, size) -> {
                    if (isFunction(table, name, info, section, size)
                            && regionOf(value, info) >= 0) {
                        found[0]++;
                    }
                });
    }

    private static boolean isFunction(
            SymbolTable table, int name, int info, int section, long size) {
        int type = info & 0xf;
        int binding = info >>> 4;
        if (name <= 0
                || name >= table.stringsLength()
                || section == SymbolTable.SECTION_UNDEFINED) {
            return false;
        }
        if (section >= SymbolTable.SECTION_RESERVED
                && section != SymbolTable.SECTION_IS_ELSEWHERE) {
            return false;
        }
        return switch (type) {
            case SymbolTable.TYPE_FUNCTION, SymbolTable.TYPE_INDIRECT_FUNCTION -> true;
            case SymbolTable.TYPE_NONE -> size != 0 || binding != SymbolTable.BINDING_LOCAL;
            default -> false;
        };
    }

    private int regionOf(long value, int info) {
        long address = addressOf(value, info);
        int region = regions.find(address);
        return region >= 0 && isNear(regions.offsetOf(region, address)) ? region : -1;
    }

    private static boolean isNear(long offset) {
        return offset >= 0 && offset < OFFSET_MAX;
    }

    /// On 32-bit ARM the lowest bit of a function's address says which instruction set it uses.
    private long addressOf(long value, int info) {
        return file.machine() == MACHINE_ARM && (info & 0xf) != SymbolTable.TYPE_NONE
                ? value & ~1L
                : value;
    }

    private void keep(ElfFile of, SymbolTable table, int flags) throws IOException {
        table.forEach(
                of,
                (name, info, section, value, size) -> {
                    int region = regionOf(value, info);
                    if (region >= 0 && isFunction(table, name, info, section, size)) {
                        keep(name | flags, info, region, addressOf(value, info), size);
                    }
                });
    }

    private void keep(LinkageStubs stubs) throws IOException {
        stubs.forEach(
                dynamic,
                (address, length, name) -> {
                    int region = regions.find(address);
                    if (region >= 0 && isNear(regions.offsetOf(region, address))) {
                        int reference = name | FunctionNames.DYNAMIC | FunctionNames.STUB;
                        keep(reference, SymbolTable.TYPE_FUNCTION, region, address, length);
                    }
                });
    }

    private void keep(int reference, int info, int region, long address, long size)
            throws MalformedInputException {
        if (count == keys.length) {
            throw new MalformedInputException("symbols: changed (expected: the same while read)");
        }
        long offset = regions.offsetOf(region, address);
        long rest = Math.min(regions.restFrom(region, address), OFFSET_MAX - offset);
        lengths[count] = (int) (size != 0 && Long.compareUnsigned(size, rest) < 0 ? size : rest);
        references[count] = reference;
        keys[count] =
                ((long) FunctionTable.bias(offset) << Integer.SIZE)
                        | ((long) rank(reference, info, size) << NUMBER_BITS)
                        | count;
        count++;
    }

    /// Where another file has what the binary's own table lacks, the two are one.
    private int rank(int reference, int info, long size) {
        int binding =
                switch (info >>> 4) {
                    case SymbolTable.BINDING_LOCAL -> RANK_LOCAL;
                    case SymbolTable.BINDING_WEAK -> RANK_WEAK;
                    default -> 0; // global, or unique in the process, which is global and more
                };
        return binding
                | (size != 0 ? 0 : RANK_UNSIZED)
                | ((info & 0xf) == SymbolTable.TYPE_NONE ? RANK_NO_TYPE : 0)
                | (isFullFirst && (reference & FunctionNames.DYNAMIC) != 0 ? RANK_DYNAMIC : 0)
                | ((reference & FunctionNames.STUB) != 0 ? RANK_STUB : 0);
    }

    /// Walks the sorted symbols twice: to count the ranges, and to make them.
    private FunctionTable flatten() throws IOException {
        Flattening counted = new Flattening(0);
        walk(counted, new BestName(names, source, 0));
        Flattening ranges = new Flattening(counted.finish());
        walk(ranges, new BestName(names, source, BestName.NAMES_READ_MAX));
        ranges.finish();
        return ranges.table(names);
    }

    /// Passes the functions to `ranges`, one for each address.
    ///
    /// @param best chooses among several names of an address
    private void walk(Flattening ranges, BestName best) throws IOException {
        int first = 0;
        while (first < count) {
            long start = offset(first);
            boolean sized = isSized(first);
            long length = 0;
            best.first(references[number(first)]);
            int last = first;
            while (last < count && offset(last) == start) {
                if (isSized(last) == sized) {
                    length = Math.max(length, lengths[number(last)] & OFFSET_MAX);
                }
                if (rank(last) == rank(first)) {
                    best.next(references[number(last)]);
                }
                last++;
            }
            if (sized) {
                ranges.sized(start, start + length, best.reference());
            } else {
                long limit = last < count ? offset(last) : OFFSET_MAX;
                ranges.unsized(start, Math.min(start + length, limit), best.reference());
            }
            first = last;
        }
    }

    private long offset(int i) {
        return FunctionTable.unbias((int) (keys[i] >> Integer.SIZE));
    }

    private int rank(int i) {
        return (int) keys[i] >>> NUMBER_BITS;
    }

    private boolean isSized(int i) {
        return (rank(i) & RANK_UNSIZED) == 0;
    }

    private int number(int i) {
        return (int) keys[i] & NUMBER_MASK;
    }
}

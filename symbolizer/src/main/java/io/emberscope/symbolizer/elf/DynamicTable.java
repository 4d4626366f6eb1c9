package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.util.Optional;

/// What the dynamic linker is told: the part of a file that works without section headers. The
/// first entry of each kind counts; an address of zero means that there is none.
final class DynamicTable {
    private static final int ENTRIES_MAX = SourceReader.CHUNK_BYTES / 16;
    private static final int SONAME_BYTES_MAX = 4096;
    private static final int CHAIN_CHUNK = 64;
    private static final int RELOCATION_BYTES = 24;
    private static final int RELOCATIONS_MAX = 4 * 1024 * 1024;

    private static final long END = 0;
    private static final long HASH = 4;
    private static final long STRINGS = 5;
    private static final long SYMBOLS = 6;
    private static final long RELOCATIONS = 7;
    private static final long RELOCATIONS_SIZE = 8;
    private static final long STRINGS_SIZE = 10;
    private static final long SYMBOL_SIZE = 11;
    private static final long SONAME = 14;
    private static final long JUMP_RELOCATIONS = 23;
    private static final long JUMP_RELOCATIONS_SIZE = 2;
    private static final long RELATIVE_COUNT = 0x6fff_fff9L;
    private static final long GNU_HASH = 0x6fff_fef5L;

    private final ElfFile file;
    private long hash;
    private long strings;
    private long symbols;
    private long stringsSize;
    private long symbolSize;
    private long soname;
    private long gnuHash;
    private long relocations;
    private long relocationsSize;
    private long relativeCount;
    private long jumpRelocations;
    private long jumpRelocationsSize;

    private DynamicTable(ElfFile file) {
        this.file = file;
    }

    /// Reads the table; one without entries if the file is not dynamic.
    static DynamicTable of(ElfFile file) throws IOException {
        DynamicTable table = new DynamicTable(file);
        for (Segment segment : file.segments()) {
            if (segment.type() == Segment.DYNAMIC) {
                table.read(segment);
                break;
            }
        }
        return table;
    }

    private void read(Segment segment) throws IOException {
        int stride = file.is64Bit() ? 16 : 8;
        long count = Long.divideUnsigned(segment.fileSize(), stride);
        file.reader().check(segment.offset(), segment.fileSize(), "dynamic");
        int searched = (int) Math.min(count, ENTRIES_MAX);
        ByteCursor cursor = file.reader().cursor(segment.offset(), searched * stride, "dynamic");
        for (int i = 0; i < searched; i++) {
            long tag = file.word(cursor, "dynamic.tag");
            long value = file.word(cursor, "dynamic.value");
            if (tag == END) {
                return;
            }
            take(tag, value);
        }
        if (searched < count) {
            throw new MalformedInputException(
                    "dynamic: " + count + " entries (expected: at most " + ENTRIES_MAX + ")");
        }
    }

    private void take(long tag, long value) {
        if (tag == HASH) {
            hash = first(hash, value);
        } else if (tag == STRINGS) {
            strings = first(strings, value);
        } else if (tag == SYMBOLS) {
            symbols = first(symbols, value);
        } else if (tag == STRINGS_SIZE) {
            stringsSize = first(stringsSize, value);
        } else if (tag == SYMBOL_SIZE) {
            symbolSize = first(symbolSize, value);
        } else if (tag == SONAME) {
            soname = first(soname, value);
        } else if (tag == GNU_HASH) {
            gnuHash = first(gnuHash, value);
        } else if (tag == RELOCATIONS) {
            relocations = first(relocations, value);
        } else if (tag == RELOCATIONS_SIZE) {
            relocationsSize = first(relocationsSize, value);
        } else if (tag == RELATIVE_COUNT) {
            relativeCount = first(relativeCount, value);
        } else if (tag == JUMP_RELOCATIONS) {
            jumpRelocations = first(jumpRelocations, value);
        } else if (tag == JUMP_RELOCATIONS_SIZE) {
            jumpRelocationsSize = first(jumpRelocationsSize, value);
        }
    }

    private static long first(long had, long value) {
        return had == 0 ? value : had;
    }

    Optional<String> soname() throws IOException {
        if (soname == 0 || strings == 0) {
            return Optional.empty();
        }
        if (soname < 0 || soname >= stringsSize) {
            throw new MalformedInputException(
                    "dynamic.soname: "
                            + Long.toUnsignedString(soname)
                            + " (expected: below "
                            + stringsSize
                            + ", the size of the names)");
        }
        int searched = (int) Math.min(stringsSize - soname, SONAME_BYTES_MAX + 1);
        ByteCursor cursor =
                file.reader().cursor(offsetOf(strings) + soname, searched, "dynamic.soname");
        return Optional.of(cursor.cString(SONAME_BYTES_MAX, "dynamic.soname"));
    }

    /// The dynamic symbols. How many there are is written nowhere but in the hash tables.
    SymbolTable symbols() throws IOException {
        if (symbols == 0 || strings == 0 || (hash == 0 && gnuHash == 0)) {
            return SymbolTable.NONE;
        }
        if (symbolSize != SymbolTable.bytes(file)) {
            throw new MalformedInputException(
                    "dynamic.syment: "
                            + symbolSize
                            + " (expected: "
                            + SymbolTable.bytes(file)
                            + ")");
        }
        long count = hash != 0 ? countOfHash() : countOfGnuHash();
        return SymbolTable.of(file, offsetOf(symbols), count, offsetOf(strings), stringsSize);
    }

    private long countOfHash() throws IOException {
        ByteCursor cursor = file.reader().cursor(offsetOf(hash), 2 * Integer.BYTES, "dynamic.hash");
        cursor.skip(Integer.BYTES, "dynamic.hash.buckets");
        return cursor.u32("dynamic.hash.chains");
    }

    /// Takes relocations of 64-bit files.
    interface RelocationVisitor {
        void relocation(long at, long info);
    }

    /// Streams the relocations past `visitor` that may name a symbol: those of the procedure
    /// linkage table and those behind the relative ones, which linkers put first and count. Tables
    /// that are not where they are said to be, or too long, are passed over.
    void forEachRelocation(RelocationVisitor visitor) throws IOException {
        forEachRelocation(jumpRelocations, jumpRelocationsSize, 0, visitor);
        forEachRelocation(relocations, relocationsSize, relativeCount, visitor);
    }

    private void forEachRelocation(long address, long size, long skipped, RelocationVisitor visitor)
            throws IOException {
        long at = file.fileOffsetOf(address);
        long count = size / RELOCATION_BYTES;
        if (address == 0
                || at == ElfFile.NOWHERE
                || !file.reader().holds(at, size)
                || count > RELOCATIONS_MAX
                || skipped < 0) {
            return;
        }
        int chunk = SourceReader.CHUNK_BYTES / RELOCATION_BYTES;
        for (long done = Math.min(skipped, count); done < count; done += chunk) {
            int now = (int) Math.min(chunk, count - done);
            ByteCursor cursor =
                    file.reader()
                            .cursor(
                                    at + done * RELOCATION_BYTES,
                                    now * RELOCATION_BYTES,
                                    "relocations");
            for (int i = 0; i < now; i++) {
                long where = cursor.i64("relocation.offset");
                visitor.relocation(where, cursor.i64("relocation.info"));
                cursor.skip(Long.BYTES, "relocation.addend");
            }
        }
    }

    /// The last symbol is the end of the chain that begins with the greatest one in a bucket.
    private long countOfGnuHash() throws IOException {
        long at = offsetOf(gnuHash);
        ByteCursor head = file.reader().cursor(at, 4 * Integer.BYTES, "dynamic.gnu_hash");
        long buckets = limited(head.u32("dynamic.gnu_hash.buckets"), "buckets");
        long firstSymbol = limited(head.u32("dynamic.gnu_hash.first"), "first");
        long bloomWords = limited(head.u32("dynamic.gnu_hash.bloom"), "bloom");
        at += 4 * Integer.BYTES + bloomWords * (file.is64Bit() ? Long.BYTES : Integer.BYTES);
        long last = limited(greatest(at, buckets), "symbol");
        if (last < firstSymbol) {
            return firstSymbol;
        }
        at += buckets * Integer.BYTES;
        return endOfChain(at + (last - firstSymbol) * Integer.BYTES, last) + 1;
    }

    private static long limited(long number, String field) throws MalformedInputException {
        if (number > SymbolTable.SYMBOLS_MAX) {
            throw new MalformedInputException(
                    "dynamic.gnu_hash."
                            + field
                            + ": "
                            + number
                            + " (expected: at most "
                            + SymbolTable.SYMBOLS_MAX
                            + ")");
        }
        return number;
    }

    private long greatest(long at, long count) throws IOException {
        long greatest = 0;
        int chunk = SourceReader.CHUNK_BYTES / Integer.BYTES;
        for (long done = 0; done < count; done += chunk) {
            int now = (int) Math.min(chunk, count - done);
            ByteCursor cursor =
                    file.reader()
                            .cursor(
                                    at + done * Integer.BYTES,
                                    now * Integer.BYTES,
                                    "dynamic.gnu_hash.buckets");
            for (int i = 0; i < now; i++) {
                greatest = Math.max(greatest, cursor.u32("dynamic.gnu_hash.bucket"));
            }
        }
        return greatest;
    }

    private long endOfChain(long at, long symbol) throws IOException {
        long i = symbol;
        while (i < SymbolTable.SYMBOLS_MAX) {
            long position = at + (i - symbol) * Integer.BYTES;
            long left = (file.reader().size() - position) / Integer.BYTES;
            int now = Math.clamp(left, 1, CHAIN_CHUNK);
            ByteCursor cursor =
                    file.reader().cursor(position, now * Integer.BYTES, "dynamic.gnu_hash.chain");
            for (int j = 0; j < now; j++) {
                if ((cursor.i32("dynamic.gnu_hash.chain") & 1) != 0) {
                    return i + j;
                }
            }
            i += now;
        }
        throw new MalformedInputException(
                "dynamic.gnu_hash: endless chain (expected: at most "
                        + SymbolTable.SYMBOLS_MAX
                        + " symbols)");
    }

    private long offsetOf(long address) throws MalformedInputException {
        long offset = file.fileOffsetOf(address);
        if (offset == ElfFile.NOWHERE) {
            throw new MalformedInputException(
                    "dynamic: address 0x"
                            + Long.toHexString(address)
                            + " (expected: inside a loaded segment)");
        }
        return offset;
    }
}

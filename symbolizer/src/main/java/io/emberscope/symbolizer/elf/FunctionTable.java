package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteSource;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/// Which function each byte of a binary's code belongs to, by file offset: twelve bytes for each
/// function, names not included, which are read from the file when asked for.
///
/// The rules, which give one answer for one file on every machine:
///
/// - Functions are symbols of type `FUNC` and `GNU_IFUNC`, and those of no type that have a size or
///   are not local (labels in assembly code, but not mapping symbols or annotations), defined
///   inside a code section. A symbol without a section, or in a section that is not executable, is
///   none.
/// - Symbols are taken from `.symtab` and `.dynsym`, the latter only where the former has none at
///   that address. The stubs of the procedure linkage table are known as `name@plt`, if nothing
///   else is there.
/// - Of several symbols at one address the name is that of one with a size before one without, a
///   function before one without a type, global before weak before local, then the shortest, then
///   the first in the order of bytes. The function is as long as the longest of them.
/// - A byte belongs to the function that begins last at or before it and reaches it.
/// - A symbol without a size reaches to the next symbol, or the end of its section. Inside a
///   function that has a size it does not count.
///
/// A caller's frame has the address its callee returns to, which may be the first of the next
/// function: ask for it minus one.
public final class FunctionTable {
    /// Memory that a function takes.
    public static final int BYTES_PER_FUNCTION = 3 * Integer.BYTES;

    /// Memory that a function may take while the table is built; usually it is 28.
    public static final int BUILD_BYTES_PER_FUNCTION = 40;

    private static final FunctionTable EMPTY =
            new FunctionTable(
                    new int[0],
                    new int[0],
                    new int[0],
                    FunctionNames.of(SymbolTable.NONE, SymbolTable.NONE));

    /// Offsets are kept minus 2^31, so that signed comparison orders them.
    private final int[] starts;

    private final int[] ends;
    private final int[] references;
    private final FunctionNames names;

    FunctionTable(int[] starts, int[] ends, int[] references, FunctionNames names) {
        this.starts = starts;
        this.ends = ends;
        this.references = references;
        this.names = names;
    }

    /// The table that knows no function.
    public static FunctionTable empty() {
        return EMPTY;
    }

    /// Builds the table. Meanwhile it takes up to [#BUILD_BYTES_PER_FUNCTION].
    ///
    /// @param functionsMax symbols of functions there may be
    /// @throws TooManyFunctionsException if there are more
    /// @throws io.emberscope.base.bytes.MalformedInputException if the symbol table contradicts
    ///   itself
    public static FunctionTable read(ElfFile file, int functionsMax) throws IOException {
        return new FunctionTableBuilder(file, null, false, functionsMax).build();
    }

    /// The same for a binary whose full symbol table is in another file.
    ///
    /// @param other that file, whose addresses are the binary's
    /// @param isComplete whether it also has what the table for the dynamic linker has
    public static FunctionTable read(
            ElfFile file, ElfFile other, boolean isComplete, int functionsMax) throws IOException {
        return new FunctionTableBuilder(file, other, isComplete, functionsMax).build();
    }

    /// What names are read from.
    static ByteSource namesOf(ElfFile file, @Nullable ElfFile other) {
        return other == null ? file.source() : JoinedSource.of(file.source(), other.source());
    }

    /// Takes ranges in turn.
    public interface Visitor {
        /// A range of code of one function.
        ///
        /// @param address of its first byte, as the file itself numbers it (ELF virtual address)
        /// @param length in bytes
        /// @param name as [#name] says it
        void range(long address, long length, String name) throws IOException;
    }

    /// Passes all ranges of functions that have a name, in the order in which the file has the
    /// names and not in that of the code: so the names are read in large pieces. Meanwhile it takes
    /// 8 bytes for each.
    ///
    /// @param file the table was built from; may be a separate debug file
    public void forEach(ElfFile file, Visitor visitor) throws IOException {
        forEach(file, null, visitor);
    }

    /// The same for a table that was built from two files.
    ///
    /// @param other null if it was built from one
    public void forEach(ElfFile file, @Nullable ElfFile other, Visitor visitor) throws IOException {
        ByteSource source = new ReadAhead(namesOf(file, other));
        LongUnaryOperator addresses = CodeRegions.of(file).addressesOfOffsets();
        for (long key : byNames()) {
            int i = (int) key;
            String name = name(i, source);
            long address = addresses.applyAsLong(startOf(i));
            if (!name.isEmpty() && address != ElfFile.NOWHERE) {
                visitor.range(address, endOf(i) - startOf(i), name);
            }
        }
    }

    /// Numbers of ranges, in the lower half of each, in the order of their names in the file.
    private long[] byNames() {
        long[] keys = new long[size()];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = (long) (references[i] & ~FunctionNames.STUB) << Integer.SIZE | i;
        }
        Arrays.sort(keys);
        return keys;
    }

    /// Ranges of code with a function. A function interrupted by another has several.
    public int size() {
        return starts.length;
    }

    /// Whether the binary has a full symbol table, and not only the one for the dynamic linker.
    public boolean isFull() {
        return names.fullLength() > 1; // an empty one has a zero byte
    }

    /// Memory it takes.
    public long bytes() {
        return (long) starts.length * BYTES_PER_FUNCTION;
    }

    /// The number of the range that holds the byte at `fileOffset`, for [#name]; -1 if that is in
    /// no function we know.
    public int indexOf(long fileOffset) {
        if (fileOffset < 0 || fileOffset > 0xffff_ffffL) {
            return -1;
        }
        int biased = bias(fileOffset);
        int found = Arrays.binarySearch(starts, biased);
        int index = found >= 0 ? found : -found - 2;
        return index >= 0 && biased < ends[index] ? index : -1;
    }

    /// File offset at which range `index` begins.
    public long startOf(int index) {
        return unbias(starts[index]);
    }

    /// File offset behind the last byte of range `index`.
    public long endOf(int index) {
        return unbias(ends[index]);
    }

    /// The name of the function of range `index`, as the linker knows it; empty if it has none. It
    /// is text from a stranger, though without control characters.
    ///
    /// @param source the file the table was built from
    public String name(int index, ByteSource source) throws IOException {
        return names.text(references[index], source);
    }

    static int bias(long offset) {
        return (int) (offset + Integer.MIN_VALUE);
    }

    static long unbias(int biased) {
        return (long) biased - Integer.MIN_VALUE;
    }
}

package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Where a symbol table and its names are in the file; both ranges are inside it.
///
/// @param at file offset of the first symbol
/// @param count symbols
/// @param stringsAt file offset of the names
/// @param stringsLength bytes of names, at most [FunctionNames#STRINGS_BYTES_MAX]
record SymbolTable(long at, int count, long stringsAt, int stringsLength) {
    /// Symbols looked at in one table, functions or not. The largest programs we know of have about
    /// two million.
    static final int SYMBOLS_MAX = 4 * 1024 * 1024;

    static final SymbolTable NONE = new SymbolTable(0, 0, 0, 0);

    static final int TYPE_NONE = 0;
    static final int TYPE_FUNCTION = 2;
    static final int TYPE_INDIRECT_FUNCTION = 10;
    static final int BINDING_LOCAL = 0;
    static final int BINDING_WEAK = 2;
    static final int SECTION_UNDEFINED = 0;
    static final int SECTION_RESERVED = 0xff00;
    static final int SECTION_IS_ELSEWHERE = 0xffff;

    private static final int BYTES_32 = 16;
    private static final int BYTES_64 = 24;

    /// Takes the symbols of a table in turn.
    interface Visitor {
        void symbol(int name, int info, int section, long value, long size) throws IOException;
    }

    /// The full symbol table, which stripping removes; [#NONE] if there is none.
    static SymbolTable full(ElfFile file) throws IOException {
        return of(file, Section.SYMBOLS).orElse(NONE);
    }

    /// The symbols for the dynamic linker, from their section or, where sections are missing, from
    /// the dynamic table; [#NONE] if there are none.
    static SymbolTable dynamic(ElfFile file) throws IOException {
        Optional<SymbolTable> found = of(file, Section.DYNAMIC_SYMBOLS);
        return found.isPresent() ? found.get() : DynamicTable.of(file).symbols();
    }

    private static Optional<SymbolTable> of(ElfFile file, int type) throws IOException {
        List<Section> sections = file.sections();
        for (Section section : sections) {
            if (section.type() == type) {
                return Optional.of(of(file, section));
            }
        }
        return Optional.empty();
    }

    private static SymbolTable of(ElfFile file, Section section) throws IOException {
        if (section.link() < 0 || section.link() >= file.sections().size()) {
            throw new MalformedInputException(
                    "symbols.link: "
                            + section.link()
                            + " (expected: below "
                            + file.sections().size()
                            + ")");
        }
        Section strings = file.sections().get(section.link());
        if (strings.type() != Section.STRINGS) {
            throw new MalformedInputException(
                    "symbols.link: section of type "
                            + strings.type()
                            + " (expected: "
                            + Section.STRINGS
                            + ", strings)");
        }
        if (section.isCompressed() || strings.isCompressed()) {
            throw new MalformedInputException("symbols: compressed (expected: plain)");
        }
        if (section.entrySize() != bytes(file)) {
            throw new MalformedInputException(
                    "symbols.entsize: " + section.entrySize() + " (expected: " + bytes(file) + ")");
        }
        return of(
                file,
                section.offset(),
                Long.divideUnsigned(section.size(), bytes(file)),
                strings.offset(),
                strings.size());
    }

    /// Checks both ranges.
    static SymbolTable of(ElfFile file, long at, long count, long stringsAt, long stringsLength)
            throws MalformedInputException {
        if (count < 0 || count > SYMBOLS_MAX) {
            throw new MalformedInputException(
                    "symbols: "
                            + Long.toUnsignedString(count)
                            + " (expected: at most "
                            + SYMBOLS_MAX
                            + ")");
        }
        if (stringsLength < 0 || stringsLength > FunctionNames.STRINGS_BYTES_MAX) {
            throw new MalformedInputException(
                    "symbols.names: "
                            + Long.toUnsignedString(stringsLength)
                            + " bytes (expected: at most "
                            + FunctionNames.STRINGS_BYTES_MAX
                            + ")");
        }
        file.reader().check(at, count * bytes(file), "symbols");
        file.reader().check(stringsAt, stringsLength, "symbols.names");
        return new SymbolTable(at, (int) count, stringsAt, (int) stringsLength);
    }

    static int bytes(ElfFile file) {
        return file.is64Bit() ? BYTES_64 : BYTES_32;
    }

    /// Streams the symbols past `visitor`, in the table's order.
    void forEach(ElfFile file, Visitor visitor) throws IOException {
        int stride = bytes(file);
        int chunk = SourceReader.CHUNK_BYTES / stride;
        for (int done = 0; done < count; done += chunk) {
            int now = Math.min(chunk, count - done);
            ByteCursor cursor =
                    file.reader().cursor(at + (long) done * stride, now * stride, "symbols");
            for (int i = 0; i < now; i++) {
                if (file.is64Bit()) {
                    visit64(cursor, visitor);
                } else {
                    visit32(cursor, visitor);
                }
            }
        }
    }

    private static void visit64(ByteCursor cursor, Visitor visitor) throws IOException {
        int name = cursor.i32("symbol.name");
        int info = cursor.u8("symbol.info");
        cursor.skip(1, "symbol.other");
        int section = cursor.u16("symbol.section");
        long value = cursor.i64("symbol.value");
        visitor.symbol(name, info, section, value, cursor.i64("symbol.size"));
    }

    private static void visit32(ByteCursor cursor, Visitor visitor) throws IOException {
        int name = cursor.i32("symbol.name");
        long value = cursor.u32("symbol.value");
        long size = cursor.u32("symbol.size");
        int info = cursor.u8("symbol.info");
        cursor.skip(1, "symbol.other");
        visitor.symbol(name, info, cursor.u16("symbol.section"), value, size);
    }
}

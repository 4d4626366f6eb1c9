package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The skeleton of an ELF file, of 32 or 64 bits and either byte order: header, segments, sections.
/// What they point at is read when asked for.
///
/// A file whose section headers lie outside of it is taken as one without sections: stripped to the
/// bone, or cut off. It still has a build id and dynamic symbols if its segments do. Every other
/// contradiction is a [MalformedInputException].
public final class ElfFile {
    /// What [#fileOffsetOf] and [OwnAddresses#of] answer for a place that is in no segment of
    /// theirs.
    public static final long NOWHERE = -1;

    static final int SEGMENTS_MAX = 1024;
    static final int SECTIONS_MAX = 16_384;

    private static final int IDENT_BYTES = 16;
    private static final byte[] MAGIC = {0x7f, 'E', 'L', 'F'};
    private static final int CLASS_32 = 1;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int BIG_ENDIAN = 2;
    private static final int VERSION = 1;
    private static final int NUMBER_IS_IN_SECTION_0 = 0xffff;
    private static final int NOTES_BYTES_MAX = SourceReader.CHUNK_BYTES;

    private final SourceReader reader;
    private final boolean wide;
    private final int type;
    private final int machine;
    private final long entry;
    private final List<Segment> segments;
    private final List<Section> sections;
    private final int sectionNames;
    private final OwnAddresses addresses;

    private ElfFile(
            SourceReader reader,
            boolean wide,
            int type,
            int machine,
            long entry,
            List<Segment> segments,
            List<Section> sections,
            int sectionNames) {
        this.reader = reader;
        this.wide = wide;
        this.type = type;
        this.machine = machine;
        this.entry = entry;
        this.segments = segments;
        this.sections = sections;
        this.sectionNames = sectionNames;
        this.addresses = OwnAddresses.of(segments, sections);
    }

    /// Reads header, segments and sections.
    ///
    /// @param source stays open and the caller's to close; must be open while this object is used
    /// @throws MalformedInputException if it is no ELF file, or one that contradicts itself
    /// @throws IOException if the source cannot be read
    public static ElfFile open(ByteSource source) throws IOException {
        checkMagic(source);
        ByteCursor ident =
                new SourceReader(source, ByteOrder.LITTLE_ENDIAN)
                        .cursor(0, IDENT_BYTES, "elf.ident");
        ident.skip(MAGIC.length, "elf.magic");
        int width = expect(ident.u8("elf.class"), "elf.class", CLASS_32, CLASS_64);
        int order = expect(ident.u8("elf.order"), "elf.order", LITTLE_ENDIAN, BIG_ENDIAN);
        expect(ident.u8("elf.version"), "elf.version", VERSION, VERSION);
        return new Opening(
                        new SourceReader(
                                source,
                                order == BIG_ENDIAN
                                        ? ByteOrder.BIG_ENDIAN
                                        : ByteOrder.LITTLE_ENDIAN),
                        width == CLASS_64)
                .file();
    }

    private static void checkMagic(ByteSource source) throws IOException {
        byte[] beginning = new byte[MAGIC.length];
        if (source.size() >= beginning.length) {
            source.fill(0, beginning, beginning.length, "elf.magic");
        }
        if (!Arrays.equals(beginning, MAGIC)) {
            throw new MalformedInputException(
                    "file: not an ELF file (expected: one, which begins with 7f 45 4c 46)");
        }
    }

    private static int expect(int found, String field, int first, int last)
            throws MalformedInputException {
        if (found < first || found > last) {
            throw new MalformedInputException(
                    field
                            + ": 0x"
                            + Integer.toHexString(found)
                            + " (expected: 0x"
                            + Integer.toHexString(first)
                            + (first == last ? "" : " or 0x" + Integer.toHexString(last))
                            + ")");
        }
        return found;
    }

    /// Whether addresses have 64 bits.
    public boolean is64Bit() {
        return wide;
    }

    /// In which order the bytes of numbers are.
    public ByteOrder order() {
        return reader.order();
    }

    /// One of the `ET_` numbers.
    public int type() {
        return type;
    }

    /// One of the `EM_` numbers.
    public int machine() {
        return machine;
    }

    /// The address where a process begins; 0 if none does.
    public long entry() {
        return entry;
    }

    /// Program headers, in the file's order.
    public List<Segment> segments() {
        return segments;
    }

    /// Section headers, in the file's order; empty if the file has none.
    public List<Section> sections() {
        return sections;
    }

    /// The first section of that name.
    public Optional<Section> section(String name) throws IOException {
        if (sectionNames <= 0 || sectionNames >= sections.size()) {
            return Optional.empty();
        }
        Section names = sections.get(sectionNames);
        if (!names.hasBytes() || names.isCompressed()) {
            return Optional.empty();
        }
        byte[] wanted = (name + '\0').getBytes(StandardCharsets.ISO_8859_1);
        for (Section section : sections) {
            long at = section.nameOffset() & 0xffff_ffffL;
            if (at <= names.size() - wanted.length
                    && Arrays.equals(
                            wanted,
                            reader.cursor(names.offset() + at, wanted.length, "section name")
                                    .bytes(wanted.length, "section name"))) {
                return Optional.of(section);
            }
        }
        return Optional.empty();
    }

    /// The GNU build id in lower-case hex, from the first note segment or section that has one.
    /// Segments come first, as that is what the kernel reads.
    public Optional<String> buildId() throws IOException {
        for (Segment segment : segments) {
            if (segment.type() == Segment.NOTE) {
                Optional<String> id =
                        buildId(segment.offset(), segment.fileSize(), segment.alignment());
                if (id.isPresent()) {
                    return id;
                }
            }
        }
        for (Section section : sections) {
            if (section.type() == Section.NOTES && !section.isCompressed()) {
                Optional<String> id =
                        buildId(section.offset(), section.size(), section.alignment());
                if (id.isPresent()) {
                    return id;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<String> buildId(long offset, long size, long alignment) throws IOException {
        reader.check(offset, size, "notes");
        // Longer notes exist (annobin's fill megabytes), but none of them is a build id.
        int searched = (int) Math.min(size, NOTES_BYTES_MAX);
        ByteCursor notes = reader.cursor(offset, searched, "notes");
        try {
            return Notes.buildId(notes, alignment == Long.BYTES ? Long.BYTES : Integer.BYTES);
        } catch (MalformedInputException e) {
            if (searched < size) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// The name the dynamic linker knows it by; empty if it has none.
    public Optional<String> soname() throws IOException {
        return DynamicTable.of(this).soname();
    }

    /// Where in the file the byte is that is loaded at `address`; [#NOWHERE] if no byte of the file
    /// is.
    public long fileOffsetOf(long address) {
        for (Segment segment : segments) {
            if (segment.isLoaded() && segment.holds(address)) {
                return address - segment.address() + segment.offset();
            }
        }
        return NOWHERE;
    }

    /// Where in the file's own numbering its code is.
    public OwnAddresses addresses() {
        return addresses;
    }

    SourceReader reader() {
        return reader;
    }

    /// What it was opened on.
    public ByteSource source() {
        return reader.source();
    }

    /// A number as wide as the file's addresses.
    long word(ByteCursor cursor, String field) throws MalformedInputException {
        return wide ? cursor.i64(field) : cursor.u32(field);
    }

    /// Reads the headers in turn; only there while a file is opened.
    private static final class Opening {
        private static final int HEADER_BYTES_32 = 52;
        private static final int HEADER_BYTES_64 = 64;
        private static final int SEGMENT_BYTES_32 = 32;
        private static final int SEGMENT_BYTES_64 = 56;
        private static final int SECTION_BYTES_32 = 40;
        private static final int SECTION_BYTES_64 = 64;

        private final SourceReader reader;
        private final boolean wide;

        Opening(SourceReader reader, boolean wide) {
            this.reader = reader;
            this.wide = wide;
        }

        ElfFile file() throws IOException {
            ByteCursor header =
                    reader.cursor(0, wide ? HEADER_BYTES_64 : HEADER_BYTES_32, "elf.header");
            header.skip(IDENT_BYTES, "elf.ident");
            int type = header.u16("elf.type");
            int machine = header.u16("elf.machine");
            header.skip(Integer.BYTES, "elf.version");
            long entry = word(header, "elf.entry");
            long segmentsAt = word(header, "elf.phoff");
            long sectionsAt = word(header, "elf.shoff");
            header.skip(Integer.BYTES + Short.BYTES, "elf.flags");
            int segmentBytes = header.u16("elf.phentsize");
            long segmentCount = header.u16("elf.phnum");
            int sectionBytes = header.u16("elf.shentsize");
            long sectionCount = header.u16("elf.shnum");
            int sectionNames = header.u16("elf.shstrndx");

            int sectionStride = wide ? SECTION_BYTES_64 : SECTION_BYTES_32;
            // The kernel does not read sections when it runs a file: where their headers are not
            // there or make no sense, the file has none, and segments tell what they can.
            boolean hasSections =
                    sectionsAt != 0
                            && sectionBytes == sectionStride
                            && reader.holds(sectionsAt, sectionStride);
            if (hasSections && (sectionCount == 0 || segmentCount == NUMBER_IS_IN_SECTION_0)) {
                // Counts that do not fit the header are in the first section's header.
                ByteCursor cursor = reader.cursor(sectionsAt, sectionStride, "section 0");
                Section first = section(cursor);
                sectionCount = sectionCount == 0 ? first.size() : sectionCount;
                segmentCount = segmentCount == NUMBER_IS_IN_SECTION_0 ? first.info() : segmentCount;
                sectionNames = sectionNames == NUMBER_IS_IN_SECTION_0 ? first.link() : sectionNames;
            }
            List<Segment> segments = List.of();
            if (segmentCount != 0) {
                int stride = wide ? SEGMENT_BYTES_64 : SEGMENT_BYTES_32;
                expect(segmentBytes, "elf.phentsize", stride, stride);
                limit(segmentCount, SEGMENTS_MAX, "elf.phnum");
                segments = segments(segmentsAt, (int) segmentCount, stride);
            }
            List<Section> sections = List.of();
            if (hasSections
                    && sectionCount > 0
                    && sectionCount <= SECTIONS_MAX
                    && reader.holds(sectionsAt, sectionCount * sectionStride)) {
                sections = sections(sectionsAt, (int) sectionCount, sectionStride);
            }
            return new ElfFile(
                    reader, wide, type, machine, entry, segments, sections, sectionNames);
        }

        private static void limit(long count, int max, String field)
                throws MalformedInputException {
            if (count < 0 || count > max) {
                throw new MalformedInputException(
                        field
                                + ": "
                                + Long.toUnsignedString(count)
                                + " (expected: at most "
                                + max
                                + ")");
            }
        }

        private List<Segment> segments(long at, int count, int stride) throws IOException {
            List<Segment> found = new ArrayList<>(count);
            ByteCursor cursor = reader.cursor(at, count * stride, "segments");
            for (int i = 0; i < count; i++) {
                found.add(segment(cursor));
            }
            return List.copyOf(found);
        }

        private Segment segment(ByteCursor cursor) throws MalformedInputException {
            int type = cursor.i32("segment.type");
            int flags = wide ? cursor.i32("segment.flags") : 0;
            long offset = word(cursor, "segment.offset");
            long address = word(cursor, "segment.vaddr");
            word(cursor, "segment.paddr");
            long fileSize = word(cursor, "segment.filesz");
            long memorySize = word(cursor, "segment.memsz");
            if (!wide) {
                flags = cursor.i32("segment.flags");
            }
            long alignment = word(cursor, "segment.align");
            return new Segment(type, flags, offset, address, fileSize, memorySize, alignment);
        }

        private List<Section> sections(long at, int count, int stride) throws IOException {
            List<Section> found = new ArrayList<>(count);
            int chunk = SourceReader.CHUNK_BYTES / stride;
            for (int done = 0; done < count; done += chunk) {
                int now = Math.min(chunk, count - done);
                ByteCursor cursor =
                        reader.cursor(at + (long) done * stride, now * stride, "sections");
                for (int i = 0; i < now; i++) {
                    found.add(section(cursor));
                }
            }
            return List.copyOf(found);
        }

        private Section section(ByteCursor cursor) throws MalformedInputException {
            int name = cursor.i32("section.name");
            int type = cursor.i32("section.type");
            long flags = word(cursor, "section.flags");
            long address = word(cursor, "section.addr");
            long offset = word(cursor, "section.offset");
            long size = word(cursor, "section.size");
            int link = cursor.i32("section.link");
            int info = cursor.i32("section.info");
            long alignment = word(cursor, "section.addralign");
            long entrySize = word(cursor, "section.entsize");
            return new Section(
                    name, type, flags, address, offset, size, link, info, alignment, entrySize);
        }

        private long word(ByteCursor cursor, String field) throws MalformedInputException {
            return wide ? cursor.i64(field) : cursor.u32(field);
        }
    }
}

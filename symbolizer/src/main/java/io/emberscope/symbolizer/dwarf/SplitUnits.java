package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Finds the split unit that belongs to a skeleton: in the package if there is one, else in a file
/// of its own, which stays open until the next is wanted.
final class SplitUnits {
    private static final int UNITS_MAX = 1 << 16;

    private final SplitFiles files;
    private final @Nullable SplitPackage inPackage;
    private final SectionOpener opener;
    private final Work work;
    private final Cursor cursor = new Cursor();
    private final Entry entry = new Entry();
    private @Nullable ByteSource source;

    /// @param inPackage this reader's own view of the package
    /// @param opener this reader's own
    SplitUnits(
            SplitFiles files, @Nullable SplitPackage inPackage, SectionOpener opener, Work work) {
        this.files = files;
        this.inPackage = inPackage;
        this.opener = opener;
        this.work = work;
    }

    /// The split unit of a skeleton.
    ///
    /// @param in has the first entry, for texts within
    /// @param first entry of the skeleton
    /// @param texts finds texts of the skeleton, begun with it
    /// @return null if the unit is no skeleton, or nothing was found
    @Nullable Unit find(Unit skeleton, Cursor in, Entry first, FilePaths texts) throws IOException {
        UnitHeader header = skeleton.header();
        if (first.splitNameForm == 0 || (header.version() < 5 && first.splitIdForm == 0)) {
            return null;
        }
        long id = header.version() < 5 ? first.splitId : header.splitId();
        if (inPackage != null) {
            Sections sections = inPackage.find(id, work);
            return sections == null ? null : unitOf(sections, id, skeleton);
        }
        byte[] name = texts.bytes(skeleton, in, first.splitNameForm, first.splitName);
        source = open(id, new String(name, StandardCharsets.UTF_8), texts.directoryText());
        if (source == null) {
            return null;
        }
        Sections sections = opener.open(ElfFile.open(source), true);
        work.take(sections.bytes());
        return unitOf(sections, id, skeleton);
    }

    /// A file that is there and cannot be read is the matter of its unit only.
    private @Nullable ByteSource open(long id, String name, String directory)
            throws MalformedInputException {
        try {
            return files.open(id, name, directory);
        } catch (IOException e) {
            throw new MalformedInputException("split file " + name + ": " + e.getMessage(), e);
        }
    }

    private @Nullable Unit unitOf(Sections sections, long id, Unit skeleton) throws IOException {
        SectionView info = sections.info();
        long at = 0;
        for (int i = 0; at < info.size() && i < UNITS_MAX; i++) {
            UnitHeader header = UnitHeader.read(info, at, cursor);
            if (header.type() == UnitHeader.COMPILE || header.type() == UnitHeader.SPLIT_COMPILE) {
                Unit unit = read(sections, header, skeleton);
                if (header.version() < 5 ? entry.splitId == id : header.splitId() == id) {
                    return unit;
                }
            }
            at = header.end();
        }
        return null;
    }

    private Unit read(Sections sections, UnitHeader header, Unit skeleton) throws IOException {
        Abbreviations table =
                Abbreviations.read(
                        sections.abbrev(),
                        header.abbrevOffset(),
                        header.addressBytes(),
                        header.offsetBytes(),
                        header.version(),
                        cursor,
                        work);
        work.take(table.heapBytes());
        int length = (int) Math.min(16 * 1024, header.length());
        work.take(length);
        cursor.load(sections.info(), header.offset(), length);
        cursor.position = header.headerLength();
        int index = table.indexOf(cursor.uleb());
        if (index < 0) {
            throw new MalformedInputException(
                    sections.info().name() + ": first entry (expected: one of a known kind)");
        }
        entry.read(cursor, header, table, index);
        return Unit.of(header, sections, table, entry, skeleton);
    }

    /// Closes the file that was opened last.
    void close() {
        if (source != null) {
            source.close();
            source = null;
        }
        opener.close();
    }
}

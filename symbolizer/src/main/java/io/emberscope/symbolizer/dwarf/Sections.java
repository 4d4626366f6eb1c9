package io.emberscope.symbolizer.dwarf;

import io.emberscope.symbolizer.elf.SectionView;
import java.nio.ByteOrder;

/// The sections of one file that debug information is in; one that the file does not have is empty.
///
/// @param isSplit whether they are those of a `.dwo` or `.dwp` file
/// @param texts numbers of the texts in `str` and `lineStr`
record Sections(
        boolean isSplit,
        ByteOrder order,
        SectionView info,
        SectionView abbrev,
        SectionView line,
        SectionView str,
        SectionView lineStr,
        SectionView strOffsets,
        SectionView addr,
        SectionView ranges,
        SectionView rnglists,
        SectionView aranges,
        Texts texts) {

    /// The same for another thread.
    Sections twin() {
        return new Sections(
                isSplit,
                order,
                info.twin(),
                abbrev.twin(),
                line.twin(),
                str.twin(),
                lineStr.twin(),
                strOffsets.twin(),
                addr.twin(),
                ranges.twin(),
                rnglists.twin(),
                aranges.twin(),
                texts);
    }

    /// Those of one unit in a package of many.
    Sections with(
            SectionView unitInfo,
            SectionView unitAbbrev,
            SectionView unitLine,
            SectionView unitStrOffsets,
            SectionView unitRnglists) {
        return new Sections(
                isSplit,
                order,
                unitInfo,
                unitAbbrev,
                unitLine,
                str,
                lineStr,
                unitStrOffsets,
                addr,
                ranges,
                unitRnglists,
                aranges,
                texts);
    }

    /// Bytes of all.
    long bytes() {
        return info.size()
                + abbrev.size()
                + line.size()
                + str.size()
                + lineStr.size()
                + strOffsets.size()
                + addr.size()
                + ranges.size()
                + rnglists.size()
                + aranges.size();
    }
}

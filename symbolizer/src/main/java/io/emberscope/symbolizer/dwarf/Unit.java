package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import io.emberscope.symbolizer.symbols.CodeSink;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A unit of `.debug_info`, and what its first entry says of how to understand the others. Never
/// changes.
///
/// @param sections it is in
/// @param addressesAt where its addresses begin in `.debug_addr` of `skeletonSections`
/// @param stringOffsetsAt where its offsets of texts begin in `.debug_str_offsets`
/// @param rangeListsAt where its offsets of range lists begin in `.debug_rnglists`
/// @param rangesAt where range lists begin for it in `.debug_ranges`
/// @param low what range lists are relative to
/// @param skeletonSections the same as `sections`, unless it is a split unit
record Unit(
        UnitHeader header,
        Sections sections,
        Abbreviations table,
        long addressesAt,
        long stringOffsetsAt,
        long rangeListsAt,
        long rangesAt,
        long low,
        Sections skeletonSections) {
    private static final long NOT_SAID = -1;

    /// Understands a unit by its first entry.
    ///
    /// @param skeleton of a split unit, else null
    static Unit of(
            UnitHeader header,
            Sections sections,
            Abbreviations table,
            Entry first,
            @Nullable Unit skeleton)
            throws IOException {
        boolean isSplit = sections.isSplit();
        int listHeader = header.offsetBytes() == Long.BYTES ? 20 : 12;
        long stringOffsets =
                first.stringOffsetsForm != 0
                        ? first.stringOffsets
                        : isSplit && header.version() >= 5
                                ? (header.offsetBytes() == Long.BYTES ? 16 : 8)
                                : isSplit ? 0 : NOT_SAID;
        long rangeLists =
                first.rangeListsForm != 0 ? first.rangeLists : isSplit ? listHeader : NOT_SAID;
        long addresses =
                skeleton != null
                        ? skeleton.addressesAt
                        : first.addressesForm != 0 ? first.addresses : NOT_SAID;
        Unit without =
                new Unit(
                        header,
                        sections,
                        table,
                        addresses,
                        stringOffsets,
                        rangeLists,
                        0,
                        0,
                        skeleton == null ? sections : skeleton.skeletonSections);
        if (skeleton != null) {
            return without.with(skeleton.rangesAt, skeleton.low);
        }
        long low = 0;
        if (Form.isAddress(first.lowForm)) {
            low = without.address(first.lowForm, first.low);
        } else if (Form.isAddress(first.entryForm)) {
            low = without.address(first.entryForm, first.entry);
        }
        return without.with(first.rangesBaseForm != 0 ? first.rangesBase : 0, low);
    }

    private Unit with(long newRangesAt, long newLow) {
        return new Unit(
                header,
                sections,
                table,
                addressesAt,
                stringOffsetsAt,
                rangeListsAt,
                newRangesAt,
                newLow,
                skeletonSections);
    }

    /// The address that an attribute has.
    long address(int form, long value) throws IOException {
        return Form.isAddressIndex(form) ? address(value) : value;
    }

    /// The address with a number.
    long address(long index) throws IOException {
        return element(
                skeletonSections.addr(), addressesAt, index, header.addressBytes(), "address");
    }

    /// Where the text with a number is in `.debug_str`.
    long textAt(long index) throws IOException {
        return element(sections.strOffsets(), stringOffsetsAt, index, header.offsetBytes(), "text");
    }

    /// Where the range list with a number is in `.debug_rnglists`.
    long rangeListAt(long index) throws IOException {
        return rangeListsAt
                + element(
                        sections.rnglists(),
                        rangeListsAt,
                        index,
                        header.offsetBytes(),
                        "range list");
    }

    private static long element(SectionView section, long base, long index, int width, String what)
            throws IOException {
        if (base < 0 || index < 0 || index > section.size() / width) {
            throw new MalformedInputException(
                    section.name()
                            + ": "
                            + what
                            + " "
                            + Long.toUnsignedString(index)
                            + (base == NOT_SAID
                                    ? " (expected: a base in the unit's first entry)"
                                    : " (expected: less than bytes)"));
        }
        return section.unsigned(base + index * width, width);
    }

    /// What stands for the address of code that was discarded.
    long tombstone() {
        return header.addressBytes() == Integer.BYTES ? 0xffff_ffffL : -1L;
    }

    /// The number of the text that an attribute has; [CodeSink#NONE] if it has none.
    ///
    /// @param in has the entry, for texts within
    /// @param supplement sections of the supplementary file, if there is one
    int text(int form, long value, Cursor in, @Nullable Sections supplement, CodeSink sink)
            throws IOException {
        if (Form.isTextIndex(form)) {
            return sections.texts().ofStrings(sections.str(), textAt(value), sink);
        }
        return switch (form) {
            case Form.STRING ->
                    sink.text(
                            in.bytes,
                            (int) value,
                            Math.min(in.textLength((int) value), SectionView.TEXT_BYTES_MAX));
            case Form.STRP -> sections.texts().ofStrings(sections.str(), value, sink);
            case Form.LINE_STRP -> sections.texts().ofLineStrings(sections.lineStr(), value, sink);
            case Form.STRP_SUP, Form.GNU_STRP_ALT ->
                    supplement == null
                            ? CodeSink.NONE
                            : supplement.texts().ofStrings(supplement.str(), value, sink);
            default -> CodeSink.NONE;
        };
    }
}

package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;

/// What one entry of `.debug_info` says, as far as it matters here. Used again and again. Values
/// are as they are written: what they mean depends on their form, which is 0 where nothing is said.
final class Entry {
    int lowForm;
    long low;
    int highForm;
    long high;
    int rangesForm;
    long ranges;
    int linkageNameForm;
    long linkageName;
    int nameForm;
    long name;
    int originForm;
    long origin;
    int specificationForm;
    long specification;
    int siblingForm;
    long sibling;
    int callFile;
    int callLine;

    // Of units only.
    int entryForm;
    long entry;
    int directoryForm;
    long directory;
    int lineForm;
    long line;
    int splitNameForm;
    long splitName;
    long language;
    int splitIdForm;
    long splitId;
    int stringOffsetsForm;
    long stringOffsets;
    int addressesForm;
    long addresses;
    int rangeListsForm;
    long rangeLists;
    int rangesBaseForm;
    long rangesBase;

    private void clear() {
        lowForm = 0;
        highForm = 0;
        rangesForm = 0;
        linkageNameForm = 0;
        nameForm = 0;
        originForm = 0;
        specificationForm = 0;
        siblingForm = 0;
        callFile = 0;
        callLine = 0;
        entryForm = 0;
        directoryForm = 0;
        lineForm = 0;
        splitNameForm = 0;
        language = 0;
        splitIdForm = 0;
        stringOffsetsForm = 0;
        addressesForm = 0;
        rangeListsForm = 0;
        rangesBaseForm = 0;
    }

    /// Reads the attributes of an entry, of which the code has been read.
    ///
    /// @param index of the entry's abbreviation
    void read(Cursor in, UnitHeader unit, Abbreviations table, int index) throws IOException {
        clear();
        int last = table.lastAttributeOf(index);
        for (int at = table.firstAttributeOf(index); at < last; at++) {
            int form = table.form(at);
            if (form == Form.INDIRECT) {
                form = table.formWithin(in);
            }
            long value = form == Form.IMPLICIT_CONST ? table.constant(at) : value(in, form, unit);
            in.check();
            set(table.attribute(at), form, value);
        }
    }

    /// Reads a value: a number, or where the text or block begins.
    private static long value(Cursor in, int form, UnitHeader unit) throws IOException {
        switch (form) {
            case Form.DATA1, Form.FLAG, Form.REF1, Form.STRX1, Form.ADDRX1 -> {
                return in.u1();
            }
            case Form.DATA2, Form.REF2, Form.STRX2, Form.ADDRX2 -> {
                return in.u2();
            }
            case Form.STRX3, Form.ADDRX3 -> {
                return in.u3();
            }
            case Form.DATA4, Form.REF4, Form.STRX4, Form.ADDRX4, Form.REF_SUP4 -> {
                return in.u4();
            }
            case Form.DATA8, Form.REF8, Form.REF_SIG8, Form.REF_SUP8 -> {
                return in.u8();
            }
            case Form.SDATA -> {
                return in.sleb();
            }
            case Form.FLAG_PRESENT -> {
                return 1;
            }
            case Form.STRING -> {
                int start = in.position;
                in.skipText();
                return start;
            }
            default -> {}
        }
        int length = Form.length(form, unit.addressBytes(), unit.offsetBytes(), unit.version());
        switch (length) {
            case 4 -> {
                return in.u4();
            }
            case 8 -> {
                return in.u8();
            }
            case Form.LEB -> {
                return in.uleb();
            }
            case Form.SIZED_BY_1 -> in.skip(in.u1());
            case Form.SIZED_BY_2 -> in.skip(in.u2());
            case Form.SIZED_BY_4 -> in.skip(in.u4());
            case Form.SIZED_BY_LEB -> in.skip(in.uleb());
            default -> in.skip(length);
        }
        return 0;
    }

    private void set(int attribute, int form, long value) {
        switch (attribute) {
            case Attribute.SIBLING -> {
                siblingForm = form;
                sibling = value;
            }
            case Attribute.NAME -> {
                nameForm = form;
                name = value;
            }
            case Attribute.LOW_PC -> {
                lowForm = form;
                low = value;
            }
            case Attribute.HIGH_PC -> {
                highForm = form;
                high = value;
            }
            case Attribute.ENTRY_PC -> {
                entryForm = form;
                entry = value;
            }
            case Attribute.RANGES -> {
                rangesForm = form;
                ranges = value;
            }
            case Attribute.LINKAGE_NAME, Attribute.MIPS_LINKAGE_NAME -> {
                linkageNameForm = form;
                linkageName = value;
            }
            case Attribute.ABSTRACT_ORIGIN -> {
                originForm = form;
                origin = value;
            }
            case Attribute.SPECIFICATION -> {
                specificationForm = form;
                specification = value;
            }
            case Attribute.CALL_FILE -> callFile = small(form, value);
            case Attribute.CALL_LINE -> callLine = small(form, value);
            case Attribute.STMT_LIST -> {
                lineForm = form;
                line = value;
            }
            case Attribute.COMP_DIR -> {
                directoryForm = form;
                directory = value;
            }
            case Attribute.LANGUAGE -> language = value;
            case Attribute.STR_OFFSETS_BASE -> {
                stringOffsetsForm = form;
                stringOffsets = value;
            }
            case Attribute.ADDR_BASE, Attribute.GNU_ADDR_BASE -> {
                addressesForm = form;
                addresses = value;
            }
            case Attribute.RNGLISTS_BASE -> {
                rangeListsForm = form;
                rangeLists = value;
            }
            case Attribute.GNU_RANGES_BASE -> {
                rangesBaseForm = form;
                rangesBase = value;
            }
            case Attribute.DWO_NAME, Attribute.GNU_DWO_NAME -> {
                splitNameForm = form;
                splitName = value;
            }
            case Attribute.GNU_DWO_ID -> {
                splitIdForm = form;
                splitId = value;
            }
            default -> {}
        }
    }

    /// A number of a file or a line, or 0 if it is none.
    private static int small(int form, long value) {
        return Form.isConstant(form) && value >= 0 && value <= Integer.MAX_VALUE ? (int) value : 0;
    }

    /// Where the next entry is that is not within this one; 0 if it does not say.
    ///
    /// @param from where it has to be behind
    /// @param to where it has to be before or at
    int siblingWithin(int from, int to) throws MalformedInputException {
        switch (siblingForm) {
            case Form.REF1, Form.REF2, Form.REF4, Form.REF8, Form.REF_UDATA -> {}
            default -> {
                return 0;
            }
        }
        if (sibling < from || sibling > to) {
            throw new MalformedInputException(
                    ".debug_info: sibling at "
                            + Long.toUnsignedString(sibling)
                            + " (expected: from "
                            + from
                            + " to "
                            + to
                            + ")");
        }
        return (int) sibling;
    }
}

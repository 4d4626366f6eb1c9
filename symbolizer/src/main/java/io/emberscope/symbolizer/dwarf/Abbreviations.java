package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.util.Arrays;

/// One table of `.debug_abbrev`: for each kind of entry which attributes it has, made into a plan
/// of how to pass over one quickly. Never changes once read.
final class Abbreviations {
    // What an entry is to us.
    static final int PLAIN = 0;
    static final int TYPE = 1;
    static final int SUBPROGRAM = 2;
    static final int ABSTRACT = 3; // a subprogram that says nothing of where its code is
    static final int INLINED = 4;
    static final int DECLARATION = 5; // a subprogram that is described elsewhere

    static final int KIND = 7;
    static final int CHILDREN = 8;
    static final int LENGTH_SHIFT = 4;

    /// Stands for the length of entries that have not all the same.
    static final int VARIABLE = 0xfff_ffff;

    private static final int ENTRIES_MAX = 1 << 18;
    private static final int CODE_MAX = 1 << 20;
    private static final int ATTRIBUTES_MAX = 1 << 20;
    private static final int ATTRIBUTES_USUAL = 32;
    private static final int TABLE_BYTES_MAX = 16 * 1024 * 1024;
    private static final int FIRST_BYTES = 8 * 1024;

    private int size;
    private int[] indices = {}; // by code: the entry's index + 1, or 0
    private int[] kinds = new int[64]; // kind, CHILDREN, length
    private int[] firsts = new int[65]; // of an entry's attributes
    private int[] steps = new int[65]; // of an entry's plan
    private int attributeCount;
    private int[] attributes = new int[256];
    private int[] forms = new int[256];
    private long[] constants = {};
    private int stepCount;
    private int[] plan = new int[256];
    private int bytesRead;

    private final int addressBytes;
    private final int offsetBytes;
    private final int version;

    private Abbreviations(int addressBytes, int offsetBytes, int version) {
        this.addressBytes = addressBytes;
        this.offsetBytes = offsetBytes;
        this.version = version;
    }

    /// Reads the table at a place.
    ///
    /// @param cursor to read with
    static Abbreviations read(
            SectionView section,
            long at,
            int addressBytes,
            int offsetBytes,
            int version,
            Cursor cursor,
            Work work)
            throws IOException {
        section.check(at, 0);
        int length = (int) Math.min(FIRST_BYTES, section.size() - at);
        while (true) {
            work.take(length);
            cursor.load(section, at, length);
            Abbreviations table = new Abbreviations(addressBytes, offsetBytes, version);
            if (table.read(cursor)) {
                return table;
            }
            if (length == section.size() - at) {
                throw new MalformedInputException(
                        section.name() + ": table at " + at + " (expected: an entry 0 at its end)");
            }
            if (length >= TABLE_BYTES_MAX) {
                throw new TooMuchException(
                        TooMuchException.What.UNIT,
                        section.name()
                                + ": table at "
                                + at
                                + " (expected: at most "
                                + TABLE_BYTES_MAX
                                + " bytes)");
            }
            length = (int) Math.min(length * 8L, section.size() - at);
        }
    }

    /// Reads all entries; answers whether all were there.
    private boolean read(Cursor in) throws IOException {
        while (in.position < in.end) {
            long code = in.uleb();
            if (code == 0) {
                if (in.position > in.end) {
                    return false;
                }
                finish(in.position);
                return true;
            }
            if (code < 0 || code > CODE_MAX || size == ENTRIES_MAX) {
                throw new MalformedInputException(
                        in.name()
                                + ": code "
                                + Long.toUnsignedString(code)
                                + " (expected: at most "
                                + CODE_MAX
                                + ", for at most "
                                + ENTRIES_MAX
                                + " entries)");
            }
            if (!readEntry(in, (int) code)) {
                return false;
            }
        }
        return false;
    }

    private void finish(int bytes) {
        bytesRead = bytes;
        kinds = Arrays.copyOf(kinds, size);
        firsts = Arrays.copyOf(firsts, size + 1);
        steps = Arrays.copyOf(steps, size + 1);
        attributes = Arrays.copyOf(attributes, attributeCount);
        forms = Arrays.copyOf(forms, attributeCount);
        plan = Arrays.copyOf(plan, stepCount);
    }

    private boolean readEntry(Cursor in, int code) throws IOException {
        if (in.position >= in.end) {
            return false;
        }
        long tag = in.uleb();
        int children = in.u1() == 0 ? 0 : CHILDREN;
        if (size == kinds.length) {
            kinds = Arrays.copyOf(kinds, size * 2);
            firsts = Arrays.copyOf(firsts, size * 2 + 1);
            steps = Arrays.copyOf(steps, size * 2 + 1);
        }
        firsts[size] = attributeCount;
        steps[size] = stepCount;
        int fixed = 0; // bytes since the last step, all of the same length
        boolean hasCode = false;
        boolean isDeclaration = false;
        while (true) {
            if (in.position >= in.end) {
                return false;
            }
            long attribute = in.uleb();
            if (in.position >= in.end) {
                return false;
            }
            long form = in.uleb();
            long constant = form == Form.IMPLICIT_CONST ? in.sleb() : 0;
            if (in.position > in.end) {
                return false;
            }
            if (attribute == 0 && form == 0) {
                break;
            }
            add(in, attribute, form, constant);
            hasCode |= attribute == Attribute.LOW_PC || attribute == Attribute.RANGES;
            isDeclaration |= attribute == Attribute.DECLARATION;
            int length = Form.length((int) form, addressBytes, offsetBytes, version);
            if (length >= 0) {
                fixed += length;
            } else {
                if (fixed > 0) {
                    step(fixed);
                }
                step(length);
                fixed = 0;
            }
        }
        int length = VARIABLE;
        if (stepCount == steps[size]) {
            length = fixed;
        } else if (fixed > 0) {
            step(fixed);
        }
        kinds[size] = kind(tag, hasCode, isDeclaration) | children | (length << LENGTH_SHIFT);
        index(in, code);
        size++;
        firsts[size] = attributeCount;
        steps[size] = stepCount;
        return true;
    }

    private static int kind(long tag, boolean hasCode, boolean isDeclaration) {
        if (tag == Tag.SUBPROGRAM) {
            return hasCode ? SUBPROGRAM : isDeclaration ? DECLARATION : ABSTRACT;
        }
        if (tag == Tag.INLINED_SUBROUTINE) {
            return INLINED;
        }
        return tag > 0 && tag <= 0xffff && Tag.isType((int) tag) ? TYPE : PLAIN;
    }

    private void index(Cursor in, int code) throws MalformedInputException {
        if (code >= indices.length) {
            indices = Arrays.copyOf(indices, Math.max(code + 1, Math.min(2 * code, CODE_MAX + 1)));
        }
        if (indices[code] != 0) {
            throw new MalformedInputException(
                    in.name() + ": code " + code + " (expected: once in a table)");
        }
        indices[code] = size + 1;
    }

    private void add(Cursor in, long attribute, long form, long constant) throws IOException {
        if (form < 0
                || form > 0xffff
                || Form.length((int) form, addressBytes, offsetBytes, version) == Form.UNKNOWN) {
            throw new MalformedInputException(
                    in.name()
                            + ": form 0x"
                            + Long.toHexString(form)
                            + " (expected: one of DWARF 2 to 5 or GNU's)");
        }
        if (attributeCount == ATTRIBUTES_MAX) {
            throw new TooMuchException(
                    TooMuchException.What.UNIT,
                    in.name() + ": attributes (expected: at most " + ATTRIBUTES_MAX + ")");
        }
        if (attributeCount == attributes.length) {
            attributes = Arrays.copyOf(attributes, attributeCount * 2);
            forms = Arrays.copyOf(forms, attributeCount * 2);
        }
        attributes[attributeCount] = attribute >= 0 && attribute <= 0xffff ? (int) attribute : 0;
        forms[attributeCount] = (int) form;
        if (constant != 0) {
            if (constants.length <= attributeCount) {
                constants = Arrays.copyOf(constants, attributes.length);
            }
            constants[attributeCount] = constant;
        }
        attributeCount++;
    }

    private void step(int step) {
        if (stepCount == plan.length) {
            plan = Arrays.copyOf(plan, stepCount * 2);
        }
        plan[stepCount++] = step;
    }

    /// What the table takes, about.
    int heapBytes() {
        return Integer.BYTES
                        * (indices.length + 3 * kinds.length + 2 * attributeCount + plan.length)
                + Long.BYTES * constants.length;
    }

    /// How long it is.
    int bytesRead() {
        return bytesRead;
    }

    /// Which entry has a code; -1 if none has.
    int indexOf(long code) {
        return code > 0 && code < indices.length ? indices[(int) code] - 1 : -1;
    }

    /// Kind of an entry, whether it has [#CHILDREN], and its length shifted by [#LENGTH_SHIFT].
    int kindOf(int index) {
        return kinds[index];
    }

    int firstAttributeOf(int index) {
        return firsts[index];
    }

    int lastAttributeOf(int index) {
        return firsts[index + 1];
    }

    /// How many attributes an entry has beyond the usual, which take time without having bytes.
    int excessOf(int index) {
        return Math.max(0, firsts[index + 1] - firsts[index] - ATTRIBUTES_USUAL);
    }

    int attribute(int at) {
        return attributes[at];
    }

    int form(int at) {
        return forms[at];
    }

    /// The value of an attribute of the form [Form#IMPLICIT_CONST].
    long constant(int at) {
        return at < constants.length ? constants[at] : 0;
    }

    /// Passes over the attributes of an entry whose length is [#VARIABLE].
    void skip(int index, Cursor in) throws IOException {
        int last = steps[index + 1];
        for (int i = steps[index]; i < last; i++) {
            int step = plan[i];
            if (step >= 0) {
                in.skip(step);
            } else {
                skipForm(step, in);
            }
            in.check();
        }
    }

    private void skipForm(int length, Cursor in) throws IOException {
        switch (length) {
            case Form.LEB -> in.uleb();
            case Form.TEXT -> in.skipText();
            case Form.SIZED_BY_1 -> in.skip(in.u1());
            case Form.SIZED_BY_2 -> in.skip(in.u2());
            case Form.SIZED_BY_4 -> in.skip(in.u4());
            case Form.SIZED_BY_LEB -> in.skip(in.uleb());
            case Form.NAMED_WITHIN -> {
                int direct = formWithin(in);
                int known = Form.length(direct, addressBytes, offsetBytes, version);
                if (known >= 0) {
                    in.skip(known);
                } else {
                    skipForm(known, in);
                }
            }
            default -> throw new IllegalStateException("form's length " + length);
        }
    }

    /// Reads the form that a value of the form [Form#INDIRECT] begins with.
    int formWithin(Cursor in) throws IOException {
        long form = in.uleb();
        in.check();
        if (form <= 0
                || form > 0xffff
                || form == Form.INDIRECT
                || form == Form.IMPLICIT_CONST
                || Form.length((int) form, addressBytes, offsetBytes, version) == Form.UNKNOWN) {
            throw new MalformedInputException(
                    in.name()
                            + ": form 0x"
                            + Long.toHexString(form)
                            + " within a value (expected: one of DWARF 2 to 5 or GNU's)");
        }
        return (int) form;
    }
}

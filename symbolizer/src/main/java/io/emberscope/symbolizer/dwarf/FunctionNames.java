package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.symbols.CodeSink;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds the names of functions: the linkage name that an entry has, or one of those it refers to,
/// or else the first name.
final class FunctionNames {
    private static final int REFERENCES_MAX = 16;
    private static final int REFERENCE_WORK = 16; // bytes, about
    private static final int LOCAL_NAMES_MAX = 1 << 18;
    private static final int FOREIGN_UNITS_MAX = 256;
    private static final int FIRST_BYTES = 256;
    private static final int ENTRY_BYTES_MAX = 1024 * 1024;

    private final UnitReader.Shared shared;
    private final Sections sections;
    private final @Nullable Sections supplement;
    private final AbbreviationCache abbreviations;
    private final Entry entry = new Entry();
    private final Cursor foreign = new Cursor();

    /// By where the entry is in the unit: 2 * the number of its name, + 1 if it is a linkage name.
    private final NumberMap local = new NumberMap(LOCAL_NAMES_MAX);

    private final Map<Long, Unit> foreignUnits =
            new LinkedHashMap<>(64, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, Unit> eldest) {
                    return size() > FOREIGN_UNITS_MAX;
                }
            };

    private @Nullable Unit unit;
    private @Nullable Cursor dies;

    // References to follow: places in `.debug_info`, or the complement of those in the
    // supplementary file's.
    private final long[] references = new long[REFERENCES_MAX];

    FunctionNames(
            UnitReader.Shared shared,
            Sections sections,
            @Nullable Sections supplement,
            AbbreviationCache abbreviations) {
        this.shared = shared;
        this.sections = sections;
        this.supplement = supplement;
        this.abbreviations = abbreviations;
    }

    /// Begins with a unit.
    ///
    /// @param in has its entries
    void begin(Unit of, Cursor in) {
        unit = of;
        dies = in;
        local.clear();
    }

    /// Where in the unit the entry is that has the name of one which has none; 0 if it has one, or
    /// if that is elsewhere.
    int onlyOrigin(Entry of) {
        if (of.linkageNameForm != 0
                || of.nameForm != 0
                || of.originForm != 0 == (of.specificationForm != 0)) {
            return 0;
        }
        int form = of.originForm != 0 ? of.originForm : of.specificationForm;
        long to = of.originForm != 0 ? of.origin : of.specification;
        return isLocal(form) && to > 0 && to <= Integer.MAX_VALUE ? (int) to : 0;
    }

    private static boolean isLocal(int form) {
        return switch (form) {
            case Form.REF1, Form.REF2, Form.REF4, Form.REF8, Form.REF_UDATA -> true;
            default -> false;
        };
    }

    /// The name of the entry at a place in the unit.
    int of(int position, CodeSink sink) throws IOException {
        int known = local.get(position);
        if (known == NumberMap.NOTHING) {
            Unit here = unit();
            references[0] = here.header().offset() + position;
            known = follow(1, CodeSink.NONE, sink);
            local.put(position, known);
        }
        return known >> 1;
    }

    /// The same, not to be remembered.
    int ofEntryAt(int position, CodeSink sink) throws IOException {
        Unit here = unit();
        references[0] = here.header().offset() + position;
        return follow(1, CodeSink.NONE, sink) >> 1;
    }

    private Unit unit() {
        if (unit == null) {
            throw new IllegalStateException("no unit was begun");
        }
        return unit;
    }

    /// Follows the references to an entry that has a linkage name.
    ///
    /// @param count of the references to begin with
    /// @param first name to use if there is none
    private int follow(int count, int first, CodeSink sink) throws IOException {
        int name = first;
        int open = count;
        long memorable = -1; // the first place in another unit
        for (int steps = 0; open > 0 && steps < REFERENCES_MAX; steps++) {
            long place = references[--open];
            if (!isHere(place)
                    && place >= 0
                    && open == 0
                    && name == CodeSink.NONE
                    && memorable < 0) {
                int known = shared.functionNames().get(place);
                if (known != NumberMap.NOTHING) {
                    return known;
                }
                memorable = place;
            }
            Unit of = enter(place);
            if (of == null) {
                continue;
            }
            Cursor in = isHere(place) ? dies() : foreign;
            if (entry.linkageNameForm != 0) {
                int text = of.text(entry.linkageNameForm, entry.linkageName, in, supplement, sink);
                return remember(memorable, (text << 1) | 1);
            }
            if (name == CodeSink.NONE && entry.nameForm != 0) {
                name = of.text(entry.nameForm, entry.name, in, supplement, sink);
            }
            boolean isSupplement = place < 0;
            open = refer(open, of, entry.originForm, entry.origin, isSupplement);
            open = refer(open, of, entry.specificationForm, entry.specification, isSupplement);
        }
        return remember(memorable, name << 1);
    }

    private int remember(long place, int name) {
        if (place >= 0) {
            shared.functionNames().put(place, name);
        }
        return name;
    }

    private Cursor dies() {
        if (dies == null) {
            throw new IllegalStateException("no unit was begun");
        }
        return dies;
    }

    private int refer(int open, Unit from, int form, long to, boolean isSupplement)
            throws MalformedInputException {
        long place;
        if (form == 0 || open == REFERENCES_MAX) {
            return open;
        }
        if (isLocal(form)) {
            if (to <= 0 || to >= from.header().length()) {
                throw new MalformedInputException(
                        ".debug_info: reference to "
                                + Long.toUnsignedString(to)
                                + " (expected: within the unit's "
                                + from.header().length()
                                + " bytes)");
            }
            place = from.header().offset() + to;
        } else {
            switch (form) {
                case Form.REF_ADDR -> place = to;
                case Form.GNU_REF_ALT, Form.REF_SUP4, Form.REF_SUP8 -> {
                    if (isSupplement || to < 0) {
                        return open;
                    }
                    references[open] = ~to;
                    return open + 1;
                }
                default -> {
                    return open;
                }
            }
        }
        references[open] = isSupplement ? ~place : place;
        return open + 1;
    }

    private boolean isHere(long place) {
        UnitHeader here = unit().header();
        return place >= here.offset() && place < here.end();
    }

    /// Reads the entry at a place.
    ///
    /// @return the unit it is in; null if it is in none that can be read
    private @Nullable Unit enter(long place) throws IOException {
        Unit here = unit();
        if (isHere(place)) {
            Cursor in = dies();
            in.position = (int) (place - here.header().offset());
            readEntry(in, here);
            return here;
        }
        if (here.sections().isSplit()) {
            return null; // has no references to other units
        }
        boolean isSupplement = place < 0;
        Sections from = isSupplement ? supplement : sections;
        UnitIndex index = isSupplement ? shared.supplementUnits() : shared.units();
        long at = isSupplement ? ~place : place;
        if (from == null || index == null) {
            return null;
        }
        long unitAt = index.unitOf(at);
        if (unitAt < 0) {
            throw new MalformedInputException(
                    ".debug_info: reference to "
                            + Long.toUnsignedString(at)
                            + " (expected: within a unit)");
        }
        Unit other = foreignUnit(from, unitAt, isSupplement);
        load(from, at, other.header().end() - at, 0, other);
        return other;
    }

    /// Reads the entry at a place of another unit.
    ///
    /// @param left bytes there are in the unit
    /// @param skipped bytes before the entry
    private void load(Sections from, long at, long left, int skipped, Unit of) throws IOException {
        int length = (int) Math.min(FIRST_BYTES, left);
        while (true) {
            shared.work().take(length);
            foreign.load(from.info(), at, length);
            foreign.position = skipped;
            try {
                readEntry(foreign, of);
                return;
            } catch (MalformedInputException e) {
                if (length == Math.min(left, ENTRY_BYTES_MAX)) {
                    throw e;
                }
            }
            length = (int) Math.min(left, Math.min(ENTRY_BYTES_MAX, length * 16L));
        }
    }

    private void readEntry(Cursor in, Unit of) throws IOException {
        long code = in.uleb();
        in.check();
        int index = of.table().indexOf(code);
        if (index < 0) {
            throw new MalformedInputException(
                    ".debug_info: reference to an entry with abbreviation "
                            + Long.toUnsignedString(code)
                            + " (expected: one of its unit's)");
        }
        shared.work().take(REFERENCE_WORK + of.table().excessOf(index));
        entry.read(in, of.header(), of.table(), index);
    }

    private Unit foreignUnit(Sections from, long at, boolean isSupplement) throws IOException {
        long key = isSupplement ? ~at : at;
        Unit known = foreignUnits.get(key);
        if (known != null) {
            return known;
        }
        UnitHeader head = UnitHeader.read(from.info(), at, foreign);
        Abbreviations table = abbreviations.of(from.abbrev(), head);
        Unit bare = new Unit(head, from, table, 0, 0, 0, 0, 0, from);
        load(from, at, head.length(), head.headerLength(), bare);
        Unit found = Unit.of(head, from, table, entry, null);
        foreignUnits.put(key, found);
        return found;
    }
}

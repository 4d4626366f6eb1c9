package io.emberscope.symbolizer.dwarf;

import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/// The abbreviations that were used last: units share them, or refer to each other.
final class AbbreviationCache {
    private static final long HEAP_BYTES_MAX = 8L * 1024 * 1024;

    private record Key(SectionView section, long at, int addressBytes, int offsetBytes, int ref) {}

    private final Map<Key, Abbreviations> tables = new LinkedHashMap<>(64, 0.75f, true);
    private final Cursor cursor = new Cursor();
    private final Work work;
    private long heapBytes;

    AbbreviationCache(Work work) {
        this.work = work;
    }

    /// The table of a unit.
    Abbreviations of(SectionView section, UnitHeader unit) throws IOException {
        Key key =
                new Key(
                        section,
                        unit.abbrevOffset(),
                        unit.addressBytes(),
                        unit.offsetBytes(),
                        Math.min(unit.version(), 3));
        Abbreviations table = tables.get(key);
        if (table == null) {
            table =
                    Abbreviations.read(
                            section,
                            unit.abbrevOffset(),
                            unit.addressBytes(),
                            unit.offsetBytes(),
                            unit.version(),
                            cursor,
                            work);
            cursor.shrink(1 << 20);
            work.take(table.heapBytes());
            tables.put(key, table);
            heapBytes += table.heapBytes();
            evict();
        }
        return table;
    }

    /// Forgets what was used least recently, but not the last one.
    private void evict() {
        Iterator<Abbreviations> oldest = tables.values().iterator();
        while (heapBytes > HEAP_BYTES_MAX && tables.size() > 1) {
            heapBytes -= oldest.next().heapBytes();
            oldest.remove();
        }
    }
}

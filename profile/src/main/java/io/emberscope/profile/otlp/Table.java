package io.emberscope.profile.otlp;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.protobuf.WireReader;
import java.util.Arrays;

/// Where the entries of one table of the dictionary lie in the request. Entries are read when they
/// are first used, so an entry that nothing uses costs eight bytes.
final class Table {
    private final String name;
    private final byte[] bytes;
    private final int entriesMax;
    private int[] offsets = new int[16];
    private int[] lengths = new int[16];
    private int size;

    Table(String name, byte[] bytes, int entriesMax) {
        this.name = name;
        this.bytes = bytes;
        this.entriesMax = entriesMax;
    }

    /// Adds the entry that the field at hand of the reader holds.
    void add(WireReader dictionary) throws MalformedInputException {
        WireReader entry = dictionary.message(name);
        if (size == entriesMax) {
            throw Found.refusal(name, "more entries", "at most " + entriesMax);
        }
        if (size == offsets.length) {
            offsets = Arrays.copyOf(offsets, size * 2);
            lengths = Arrays.copyOf(lengths, size * 2);
        }
        offsets[size] = entry.offset();
        lengths[size] = entry.remaining();
        size++;
    }

    int size() {
        return size;
    }

    int offset(int index) {
        return offsets[index];
    }

    int length(int index) {
        return lengths[index];
    }

    WireReader entry(int index) {
        return WireReader.of(bytes, offsets[index], lengths[index]);
    }

    /// The refusal of what was found inside an entry.
    MalformedInputException in(int index, MalformedInputException inner) {
        return Found.in(Found.DICTIONARY + '.' + name, index, inner);
    }
}

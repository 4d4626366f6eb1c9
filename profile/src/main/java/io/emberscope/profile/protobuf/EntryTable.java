package io.emberscope.profile.protobuf;

import io.emberscope.base.bytes.MalformedInputException;
import java.util.Arrays;

/// Where the elements of one repeated field of texts or messages lie in an array of bytes, so that
/// each can be read when it is needed. One that is not needed costs eight bytes.
public final class EntryTable {
    private final String path;
    private final byte[] bytes;
    private final int entriesMax;
    private int[] offsets = new int[16];
    private int[] lengths = new int[16];
    private int size;

    /// An empty table.
    ///
    /// @param path name of the field with the way to it, for messages
    /// @param bytes what all readers given to [#add] read; it must not change
    /// @param entriesMax most entries that are taken
    public EntryTable(String path, byte[] bytes, int entriesMax) {
        this.path = path;
        this.bytes = bytes;
        this.entriesMax = entriesMax;
    }

    /// Adds the element that the field at hand of the reader holds.
    public void add(WireReader reader) throws MalformedInputException {
        WireReader entry = reader.message(path);
        if (size == entriesMax) {
            throw Refusal.of(path, "more entries", "at most " + entriesMax);
        }
        if (size == offsets.length) {
            offsets = Arrays.copyOf(offsets, size * 2);
            lengths = Arrays.copyOf(lengths, size * 2);
        }
        offsets[size] = entry.offset();
        lengths[size] = entry.remaining();
        size++;
    }

    /// How many entries there are.
    public int size() {
        return size;
    }

    /// Bytes of an entry.
    public int length(int index) {
        return lengths[index];
    }

    /// A reader of an entry that is a message.
    public WireReader entry(int index) {
        return WireReader.of(bytes, offsets[index], lengths[index]);
    }

    /// An entry that is a text of at most so many bytes; what is not UTF-8 becomes U+FFFD.
    ///
    /// @param field where the index came from, for the message
    public String text(int index, int bytesMax, String field) throws MalformedInputException {
        return Utf8.read(bytes, offsets[index], lengths[index], bytesMax, field);
    }

    /// An entry that is a text; if it is longer than so many bytes, as much of its start as fits
    /// together with `...`. What is not UTF-8 becomes U+FFFD.
    public String cutText(int index, int bytesMax) {
        return Utf8.cut(bytes, offsets[index], lengths[index], bytesMax);
    }

    /// The refusal of what was found inside an entry.
    public MalformedInputException in(int index, MalformedInputException inner) {
        return Refusal.in(path, index, inner);
    }
}

package io.emberscope.profile.intern;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Numbers distinct texts from 0 in the order of their first appearance.
///
/// Texts that were chosen to share a hash code cost a logarithm, not more: strings are comparable,
/// so a `HashMap` keeps such a bucket as a tree. Not safe for use by several threads.
public final class StringTable {
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> texts = new ArrayList<>();

    /// An empty table.
    public StringTable() {}

    /// A table in which the empty text has number 0, as protobuf's profile formats want it.
    public static StringTable withEmptyFirst() {
        StringTable table = new StringTable();
        table.add("");
        return table;
    }

    /// The number of a text, which is new if the text is.
    public int add(String text) {
        Integer known = numbers.putIfAbsent(text, texts.size());
        if (known != null) {
            return known;
        }
        texts.add(text);
        return texts.size() - 1;
    }

    /// The text with that number.
    public String get(int number) {
        return texts.get(number);
    }

    /// How many texts there are.
    public int size() {
        return texts.size();
    }

    /// A view of all texts by number.
    public List<String> texts() {
        return Collections.unmodifiableList(texts);
    }
}

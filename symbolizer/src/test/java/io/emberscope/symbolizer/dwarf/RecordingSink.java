package io.emberscope.symbolizer.dwarf;

import io.emberscope.symbolizer.symbols.CodeSink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/// Keeps in memory what it is told, checks what a sink may expect, and answers for addresses in the
/// form of `llvm-symbolizer`.
public class RecordingSink implements CodeSink {
    private record Node(int parent, int function, int callFile, int callLine) {}

    private record Row(long end, int node, int file, int line) {}

    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> texts = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final NavigableMap<Long, Row> rows = new TreeMap<>(Long::compareUnsigned);
    private long unitEnd;
    private int rowsTold;
    public int units;

    @Override
    public int text(byte[] bytes, int offset, int length) {
        String text = new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
        return numbers.computeIfAbsent(
                text,
                added -> {
                    texts.add(added);
                    return texts.size() - 1;
                });
    }

    @Override
    public int node(int parent, int function, int callFile, int callLine) {
        check(parent >= NONE && parent < nodes.size(), "parent");
        check(function >= NONE && function < texts.size(), "function");
        check(callFile >= NONE && callFile < texts.size(), "call file");
        check(callLine >= 0, "call line");
        check(parent != NONE || (callFile == NONE && callLine == 0), "call without parent");
        nodes.add(new Node(parent, function, callFile, callLine));
        return nodes.size() - 1;
    }

    @Override
    public void row(long start, long end, int node, int file, int line) {
        check(Long.compareUnsigned(start, end) < 0, "empty row");
        check(Long.compareUnsigned(start, unitEnd) >= 0, "order of rows in a unit");
        check(node >= NONE && node < nodes.size(), "node");
        check(file >= NONE && file < texts.size(), "file");
        check(node != NONE || file != NONE, "row that says nothing");
        check(line >= 0, "line");
        unitEnd = end;
        rowsTold++;
        // The first that says something of a byte is right.
        long at = start;
        while (Long.compareUnsigned(at, end) < 0) {
            Map.Entry<Long, Row> before = rows.floorEntry(at);
            if (before != null && Long.compareUnsigned(before.getValue().end, at) > 0) {
                at = before.getValue().end;
                continue;
            }
            Long next = rows.ceilingKey(at);
            long to = next == null || Long.compareUnsigned(next, end) > 0 ? end : next;
            rows.put(at, new Row(to, node, file, line));
            at = to;
        }
    }

    @Override
    public void endUnit() throws IOException {
        units++;
        unitEnd = 0;
    }

    int rowsTold() {
        return rowsTold;
    }

    private static void check(boolean isTrue, String what) {
        if (!isTrue) {
            throw new AssertionError(what);
        }
    }

    /// Function and `file:line` of each frame, the innermost first, as lines.
    public String at(long address) {
        Map.Entry<Long, Row> entry = rows.floorEntry(address);
        if (entry == null || Long.compareUnsigned(entry.getValue().end, address) <= 0) {
            return "??\n??:0";
        }
        Row row = entry.getValue();
        if (row.node == NONE) {
            return "??\n" + text(row.file) + ':' + row.line;
        }
        StringBuilder frames = new StringBuilder();
        int file = row.file;
        int line = row.line;
        for (int at = row.node; at != NONE; at = nodes.get(at).parent) {
            Node node = nodes.get(at);
            frames.append(frames.isEmpty() ? "" : "\n")
                    .append(text(node.function))
                    .append('\n')
                    .append(text(file))
                    .append(':')
                    .append(line);
            file = node.callFile;
            line = node.callLine;
        }
        return frames.toString();
    }

    private String text(int number) {
        return number == NONE ? "??" : texts.get(number);
    }
}

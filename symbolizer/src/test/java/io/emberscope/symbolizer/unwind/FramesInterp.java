package io.emberscope.symbolizer.unwind;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What `readelf --debug-dump=frames-interp` says of a file, function by function.
final class FramesInterp {
    private static final int LOCATION_DIGITS = 16;

    /// A register that another is in, which readelf writes `r5 (rdi)`.
    private static final Pattern IN_REGISTER = Pattern.compile("\\br\\d+ \\((\\w+)\\)");

    /// One row.
    ///
    /// @param cfa such as `rsp+8`, or `exp`
    /// @param rbp such as `c-16`, `u` if nothing is said, or `exp`
    /// @param rbx the same
    /// @param rsp the same; `u` means that it is the CFA
    /// @param returnAddress the same
    record Row(
            long address, String cfa, String rbp, String rbx, String rsp, String returnAddress) {}

    /// One function.
    record Function(long start, long end, boolean isSignal, List<Row> rows) {}

    private final Map<String, List<Row>> commons = new HashMap<>();
    private final Map<String, Boolean> signals = new HashMap<>();
    private final List<Function> functions = new ArrayList<>();
    private String[] columns = {};
    private List<Row> rows = new ArrayList<>();

    /// Runs readelf over a file.
    ///
    /// @param section the only one that is read, such as `.eh_frame`
    static List<Function> of(Path file, String section) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(
                                "readelf", "--wide", "--debug-dump=frames-interp", file.toString())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        FramesInterp parsed = new FramesInterp();
        try (BufferedReader lines = process.inputReader(StandardCharsets.ISO_8859_1)) {
            boolean isWanted = false;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("Contents of the ")) {
                    isWanted = line.startsWith("Contents of the " + section + " section");
                } else if (isWanted) {
                    parsed.line(line);
                }
            }
        }
        process.waitFor();
        return parsed.functions;
    }

    private void line(String line) {
        if (line.contains(" FDE ")) {
            String common = field(line, "cie=");
            String[] range = field(line, "pc=").split("\\.\\.", -1);
            rows = new ArrayList<>();
            functions.add(
                    new Function(
                            Long.parseUnsignedLong(range[0], 16),
                            Long.parseUnsignedLong(range[1], 16),
                            signals.getOrDefault(common, false),
                            new Rows(rows, commons.getOrDefault(common, List.of()))));
        } else if (line.contains(" CIE ")) {
            rows = new ArrayList<>();
            String offset = line.substring(0, line.indexOf(' '));
            commons.put(offset, rows);
            signals.put(
                    offset, line.contains("S") && line.substring(line.indexOf('"')).contains("S"));
        } else if (line.startsWith("   LOC")) {
            columns = line.strip().split(" +", -1);
        } else if (line.length() > LOCATION_DIGITS
                && line.charAt(LOCATION_DIGITS) == ' '
                && Character.digit(line.charAt(0), 16) >= 0) {
            row(line);
        }
    }

    private void row(String line) {
        String[] cells = IN_REGISTER.matcher(line.strip()).replaceAll("$1").split(" +", -1);
        String rbp = "u";
        String rbx = "u";
        String rsp = "u";
        String returnAddress = "u";
        for (int i = 2; i < cells.length && i < columns.length; i++) {
            switch (columns[i]) {
                case "rbp" -> rbp = cells[i].intern();
                case "rbx" -> rbx = cells[i].intern();
                case "rsp" -> rsp = cells[i].intern();
                case "ra" -> returnAddress = cells[i].intern();
                default -> {}
            }
        }
        rows.add(
                new Row(
                        Long.parseUnsignedLong(cells[0], 16),
                        cells[1].intern(),
                        rbp,
                        rbx,
                        rsp,
                        returnAddress));
    }

    private static String field(String line, String name) {
        int at = line.indexOf(name) + name.length();
        int end = line.indexOf(' ', at);
        return end < 0 ? line.substring(at) : line.substring(at, end);
    }

    /// The rows of a function or, where readelf prints none, those of what is common.
    private static final class Rows extends java.util.AbstractList<Row> {
        private final List<Row> own;
        private final List<Row> common;

        Rows(List<Row> own, List<Row> common) {
            this.own = own;
            this.common = common;
        }

        @Override
        public Row get(int index) {
            return own.isEmpty() ? common.get(index) : own.get(index);
        }

        @Override
        public int size() {
            return own.isEmpty() ? common.size() : own.size();
        }
    }
}

package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.elf.FunctionTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What is found by following the code of functions that do have call frame instructions, beside
/// what those say, at each instruction.
///
/// Where they differ because call frame instructions do not follow the code (the CFA's distance
/// from rsp changes otherwise than an instruction moves rsp: hand-written assembly without any,
/// compilers' mistakes where code was merged, fragments that are entered in their middle), that is
/// told from the instructions alone, and the function is counted as explained. So is what lies
/// behind a call in functions without a name: they may be fragments, which have one else.
class StackDepthsOracleIT {
    /// In the name of code that was moved out of a function, which is entered by jumps.
    private static final String FRAGMENT = ".cold";

    private final StackDepths depths = new StackDepths();
    private final Instruction instruction = new Instruction();
    private final byte[] code = new byte[StackDepths.BYTES_MAX];
    private final List<String> differences = new ArrayList<>();
    private int functions;
    private int refused;
    private int explained;
    private long bytes;
    private long claimed;

    /// Of those of the other oracle enough to see all kinds of code, unless all are asked for.
    private static final Pattern USUAL =
            Pattern.compile("(libc|libcrypto|libstdc\\+\\+|libpython|bash|ld-linux).*");

    private static final boolean ALL = "all".equals(System.getProperty("oracle.files"));

    static List<Path> files() throws IOException {
        return UnwindTableOracleIT.installed().stream()
                .filter(file -> ALL || USUAL.matcher(file.getFileName().toString()).matches())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("files")
    void whatIsClaimedIsWhatCallFrameInstructionsSay(Path file) throws Exception {
        try (PathSource source = PathSource.open(file)) {
            ElfFile elf = ElfFile.open(source);
            FunctionTable names = FunctionTable.read(elf, 1 << 21);
            for (FramesInterp.Function function : FramesInterp.of(file, ".eh_frame")) {
                long offset = elf.fileOffsetOf(function.start());
                long size = function.end() - function.start();
                int name = names.indexOf(offset);
                if (name >= 0 && names.name(name, source).contains(FRAGMENT)) {
                    continue;
                }
                if (offset >= 0 && size > 0 && size <= code.length && isEnteredByCall(function)) {
                    source.fill(offset, code, (int) size, "code");
                    compare(function, (int) size, name >= 0);
                }
            }
        }
        System.out.printf(
                "depths oracle: %s: %d functions, %d refused, %.1f %% of %d bytes claimed,"
                        + " %d functions explained, %d differences%n",
                file.getFileName(),
                functions,
                refused,
                100.0 * claimed / bytes,
                bytes,
                explained,
                differences.size());
        assertThat(differences.stream().limit(10)).as("%s", file).isEmpty();
        assertThat(claimed).isGreaterThanOrEqualTo(ALL ? 0 : bytes / 2);
    }

    private static boolean isEnteredByCall(FramesInterp.Function function) {
        FramesInterp.Row first =
                function.rows().isEmpty()
                        ? new FramesInterp.Row(0, "", "", "", "", "u")
                        : function.rows().getFirst();
        return !function.isSignal()
                && first.cfa().equals("rsp+8")
                && !first.returnAddress().equals("u");
    }

    private void compare(FramesInterp.Function function, int size, boolean isNamed) {
        functions++;
        bytes += size;
        if (!depths.read(code, size)) {
            refused++;
            return;
        }
        FramesInterp.Row[] rows = new FramesInterp.Row[size];
        int row = 0;
        for (int at = 0; at < size; at++) {
            long address = function.start() + at;
            List<FramesInterp.Row> all = function.rows();
            while (row + 1 < all.size() && all.get(row + 1).address() <= address) {
                row++;
            }
            rows[at] = all.get(row);
        }
        BitSet slots = new BitSet();
        for (int at = 0; at < size; at++) {
            slots.set(StackDepths.slot(depths.state(at)));
        }
        List<String> found = new ArrayList<>();
        int first = -1;
        for (int at = 0; at < size; at++) {
            long state = depths.state(at);
            if (StackDepths.rsp(state) != 0 || StackDepths.frame(state) != 0) {
                instruction.read(code, at, size);
                claimed += instruction.length;
                String difference = difference(state, rows[at], slots);
                if (!difference.isEmpty()) {
                    first = first < 0 ? at : first;
                    found.add(Long.toHexString(function.start() + at) + ": " + difference);
                }
            }
        }
        if (!found.isEmpty()
                && (isBehindCall(isNamed, first, size) || contradictsCode(rows, size))) {
            explained++;
        } else {
            differences.addAll(found);
        }
    }

    /// @param slots words where the function keeps rbp at some time
    private static String difference(long state, FramesInterp.Row row, BitSet slots) {
        int words = words(state, row);
        if (words == 0) {
            return "";
        }
        if (8 * words != distance(row)) {
            return 8 * words + " (expected: " + row.cfa() + ")";
        }
        int slot = StackDepths.slot(state);
        if (slot == StackDepths.LOST) {
            return "";
        }
        boolean isSaved = row.rbp().startsWith("c-");
        int saved = isSaved ? Integer.parseInt(row.rbp().substring(2)) / 8 : 0;
        boolean isSame =
                slot == saved
                        // Where rbp was taken back or not changed yet, both are right.
                        || (slot == 0 && (saved > StackDepths.rsp(state) || slots.get(saved)))
                        || (slot != 0 && row.rbp().equals("u"));
        return isSame ? "" : "rbp at " + slot + " words (expected: " + row.rbp() + ")";
    }

    /// Whether a place is behind a call, in a function that has lost its name: it may be a
    /// fragment, and other functions jump there.
    private boolean isBehindCall(boolean isNamed, int place, int size) {
        for (int at = 0; at < place && !isNamed; at++) {
            if (depths.state(at) != 0
                    && instruction.read(code, at, size)
                    && at + instruction.length == place) {
                return StackDepths.Flow.of(instruction) == StackDepths.Flow.CALL;
            }
        }
        return false;
    }

    private static int distance(FramesInterp.Row row) {
        return Integer.parseInt(row.cfa().substring(4));
    }

    /// Whether the distance of rsp changes otherwise between two instructions, one of which leads
    /// to the other for certain, than the code says.
    private boolean contradictsCode(FramesInterp.Row[] rows, int size) {
        for (int at = 0; at < size; at++) {
            long state = depths.state(at);
            if (state == 0 || !instruction.read(code, at, size)) {
                continue;
            }
            long next = (long) at + instruction.length;
            StackDepths.Flow flow = StackDepths.Flow.of(instruction);
            boolean goesOn =
                    (flow == StackDepths.Flow.NEXT || flow == StackDepths.Flow.BRANCH)
                            && isWrongStep(rows, at, next, size);
            boolean jumps =
                    (flow == StackDepths.Flow.JUMP || flow == StackDepths.Flow.BRANCH)
                            && isWrongStep(rows, at, next + instruction.immediate, size);
            if (goesOn || jumps) {
                return true;
            }
        }
        return false;
    }

    private boolean isWrongStep(FramesInterp.Row[] rows, int at, long to, int size) {
        if (to < 0 || to >= size) {
            return false;
        }
        FramesInterp.Row from = rows[at];
        FramesInterp.Row next = rows[(int) to];
        int before = words(depths.state(at), from);
        int after = words(depths.state((int) to), next);
        return from.cfa().substring(0, 3).equals(next.cfa().substring(0, 3))
                && before != 0
                && after != 0
                && distance(next) - distance(from) != 8 * (after - before);
    }

    /// What we say of the distance that a row has; 0 if nothing.
    private static int words(long state, FramesInterp.Row row) {
        return row.cfa().startsWith("rsp+")
                ? StackDepths.rsp(state)
                : row.cfa().startsWith("rbp+") ? StackDepths.frame(state) : 0;
    }
}

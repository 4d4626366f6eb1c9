package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The lengths of all instructions of libraries, and which write rsp or rbp, beside `objdump`.
class InstructionOracleIT {
    private static final Pattern LINE = Pattern.compile("^ +[0-9a-f]+:\t([0-9a-f ]+?) *\t(.*)$");
    private static final Pattern TARGET =
            Pattern.compile("[,\\s]%(rsp|esp|sp|spl|rbp|ebp|bp|bpl)$");

    /// Do not write the operand that they have last.
    private static final Pattern READ_ONLY =
            Pattern.compile(
                    "^(push|cmp|test|call|jmp|bt |bt[lqw] |nop|div|idiv|mul|imul[lq]? +%[a-z]+$|"
                            + "notrack|bnd|cvtsi|ptwrite|invlpg)");

    /// objdump takes it as a part of the instruction that follows.
    private static final String WAIT = "9b ";

    @ParameterizedTest
    @ValueSource(strings = {"libc.so.6", "libm.so.6", "libstdc++.so.6"})
    void everyInstructionIsAsLongAsObjdumpSays(String name) throws Exception {
        Path library = Path.of("/usr/lib/x86_64-linux-gnu", name);
        Process process =
                new ProcessBuilder("objdump", "-d", "--insn-width=16", library.toString())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        Instruction instruction = new Instruction();
        List<String> differences = new ArrayList<>();
        Map<String, Integer> unknown = new TreeMap<>();
        long[] count = {0};
        try (var lines = process.inputReader().lines()) {
            lines.forEach(
                    line -> {
                        Matcher matcher = LINE.matcher(line.replaceAll(" *[#<].*", ""));
                        if (!matcher.matches() || matcher.group(1).startsWith(WAIT)) {
                            return;
                        }
                        byte[] bytes = HexFormat.of().parseHex(matcher.group(1).replace(" ", ""));
                        byte[] more = java.util.Arrays.copyOf(bytes, bytes.length + 15);
                        count[0]++;
                        String text = matcher.group(2).strip();
                        if (!instruction.read(more, 0, more.length)) {
                            unknown.merge(text.replaceAll(" .*", ""), 1, Integer::sum);
                        } else if (instruction.length != bytes.length) {
                            differences.add(line + ": " + instruction.length);
                        } else {
                            Matcher target = TARGET.matcher(text);
                            if (target.find() && !READ_ONLY.matcher(text).find()) {
                                int register =
                                        target.group(1).contains("s")
                                                ? Instruction.RSP
                                                : Instruction.RBP;
                                if ((instruction.written & 1 << register) == 0) {
                                    differences.add(line + ": does not write it");
                                }
                            }
                        }
                    });
        }
        System.out.printf(
                "instructions: %s: %d, %d differences, unknown %s%n",
                name, count[0], differences.size(), unknown);
        assertThat(differences.stream().limit(10)).isEmpty();
        assertThat(count[0]).isGreaterThan(10_000);
    }
}

package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Encodings by the GNU assembler.
class InstructionTest {
    private final Instruction instruction = new Instruction();

    /// Reads an instruction and what follows it.
    private boolean read(String hex) {
        byte[] code = HexFormat.of().parseHex(hex + "cccccccccccccccccccc");
        return instruction.read(code, 0, code.length);
    }

    private String written() {
        return (instruction.written & 1 << Instruction.RSP) != 0
                ? "rsp"
                : (instruction.written & 1 << Instruction.RBP) != 0 ? "rbp" : "-";
    }

    @ParameterizedTest(name = "{2}")
    @CsvSource(
            delimiter = ';',
            textBlock =
                    """
                    55; -; push %rbp
                    4155; -; push %r13
                    5c; rsp; pop %rsp
                    4883ec18; rsp; sub $0x18,%rsp
                    4881ec00100000; rsp; sub $0x1000,%rsp
                    488d642410; rsp; lea 0x10(%rsp),%rsp
                    4889e5; rbp; mov %rsp,%rbp
                    48896c2408; -; mov %rbp,0x8(%rsp)
                    488b6c2408; rbp; mov 0x8(%rsp),%rbp
                    4883e4f0; rsp; and $0xfffffffffffffff0,%rsp
                    88e0; -; mov %ah,%al
                    b501; -; mov $0x1,%ch
                    40b501; rbp; mov $0x1,%bpl
                    48bd8877665544332211; rbp; movabs $0x1122334455667788,%rbp
                    bd01000000; rbp; mov $0x1,%ebp
                    66c7000100; -; movw $0x1,(%rax)
                    a08877665544332211; -; movabs 0x1122334455667788,%al
                    67a044332211; -; addr32 mov 0x11223344,%al
                    f7c501000000; -; test $0x1,%ebp
                    48f7dd; rbp; neg %rbp
                    486beb05; rbp; imul $0x5,%rbx,%rbp
                    4869ebe8030000; rbp; imul $0x3e8,%rbx,%rbp
                    4894; rsp; xchg %rax,%rsp
                    4887e5; rsp; xchg %rsp,%rbp
                    480fb1c5; rbp; cmpxchg %rax,%rbp
                    4883fd01; -; cmp $0x1,%rbp
                    480fbae501; -; bt $0x1,%rbp
                    480fbaed01; rbp; bts $0x1,%rbp
                    480f44e8; rbp; cmove %rax,%rbp
                    400f92c5; rbp; setb %bpl
                    0f92c5; -; setb %ch
                    0fb6e8; rbp; movzbl %al,%ebp
                    480fcd; rbp; bswap %rbp
                    f3480fb8e8; rbp; popcnt %rax,%rbp
                    480fa4c503; rbp; shld $0x3,%rax,%rbp
                    f30f1efa; -; endbr64
                    660f1f0400; -; nopw (%rax,%rax,1)
                    488d2cc508000000; rbp; lea 0x8(,%rax,8),%rbp
                    66480f7ee0; -; movq %xmm4,%rax
                    f30f7eec; -; movq %xmm4,%xmm5
                    66480f3a16cd01; rbp; pextrq $0x1,%xmm1,%rbp
                    660fd7e9; rbp; pmovmskb %xmm1,%ebp
                    f20f38f0e8; rbp; crc32 %al,%ebp
                    c5fe6fec; -; vmovdqu %ymm4,%ymm5
                    c4e1f97ecd; rbp; vmovq %xmm1,%rbp
                    c5fdd7e9; rbp; vpmovmskb %ymm1,%ebp
                    c4e2e0f2e8; rbp; andn %rax,%rbx,%rbp
                    c4e2f8f7eb; rbp; bextr %rax,%rbx,%rbp
                    c4e3fbf0e803; rbp; rorx $0x3,%rax,%rbp
                    c4e35d0fe903; -; vpalignr $0x3,%ymm1,%ymm4,%ymm5
                    62b15c4858ec; -; vaddps %zmm20,%zmm4,%zmm5
                    62f35d4825680103; -; vpternlogd $0x3,0x40(%rax),%zmm4,%zmm5
                    62e1fd087ee5; rbp; vmovq %xmm20,%rbp
                    c4e1fb93e9; rbp; kmovq %k1,%rbp
                    c8100000; -; enter $0x10,$0x0
                    c9; -; leave
                    c20800; -; ret $0x8
                    cd80; -; int $0x80
                    0f05; -; syscall
                    666648e805000000; -; data16 data16 rex.W call 0x119
                    c7f804000000; -; xbegin 0x11e
                    dfe0; -; fnstsw %ax
                    ffe0; -; jmp *%rax
                    ff54d808; -; call *0x8(%rax,%rbx,8)
                    """)
    void lengthAndRegistersWrittenAreKnown(String hex, String written, String name) {
        assertThat(read(hex)).isTrue();
        assertThat(instruction.length).isEqualTo(hex.length() / 2);
        assertThat(written()).isEqualTo(written);
    }

    @ParameterizedTest
    @CsvSource({
        "06", // not in 64 bits
        "0f04",
        "0fff", // a trap with an operand
        "8fe8780101", // XOP
        "c4e0000000", // VEX, no map
        "62f4000000", // EVEX, map 4
        "d510", // REX2
        "66e800000000", // a distance of 16 or 32 bits
        "4866", // a prefix after REX
    })
    void whatIsNotKnownIsRefused(String hex) {
        assertThat(read(hex)).isFalse();
    }

    @Test
    void anInstructionHasFifteenBytesAtMost() {
        assertThat(read("66".repeat(14) + "90")).isTrue();
        assertThat(instruction.length).isEqualTo(15);
        assertThat(read("66".repeat(15) + "90")).isFalse();
        assertThat(read("66".repeat(200))).isFalse();
    }

    @Test
    void anInstructionEndsInTime() {
        byte[] code = HexFormat.of().parseHex("4881ec00100000");
        for (int end = 0; end < code.length; end++) {
            assertThat(instruction.read(code, 0, end)).as("%d bytes", end).isFalse();
        }
        assertThat(instruction.read(code, 0, code.length)).isTrue();
        assertThat(instruction.read(code, 3, code.length)).isTrue(); // in %dx,%al
    }

    @Test
    void operandsAreInParts() {
        assertThat(read("48896c2408")).isTrue(); // mov %rbp,8(%rsp)
        assertThat(instruction.isWide).isTrue();
        assertThat(instruction.isRegister).isFalse();
        assertThat(instruction.reg).isEqualTo(Instruction.RBP);
        assertThat(instruction.base).isEqualTo(Instruction.RSP);
        assertThat(instruction.displacement).isEqualTo(8);
        assertThat(read("4881ec00100000")).isTrue(); // sub $4096,%rsp
        assertThat(instruction.rm).isEqualTo(Instruction.RSP);
        assertThat(instruction.immediate).isEqualTo(4096);
        assertThat(read("488b0500000080")).isTrue(); // mov -0x80000000(%rip),%rax
        assertThat(instruction.base).isEqualTo(-1);
        assertThat(instruction.displacement).isEqualTo(Integer.MIN_VALUE);
        assertThat(read("488d2cc508000000")).isTrue(); // lea 8(,%rax,8),%rbp
        assertThat(instruction.base).isEqualTo(-1);
        assertThat(instruction.hasIndex).isTrue();
        assertThat(read("67488d642408")).isTrue(); // lea 8(%esp),%rsp
        assertThat(instruction.base).isEqualTo(-1);
        assertThat(read("7480")).isTrue(); // je
        assertThat(instruction.immediate).isEqualTo(-128);
    }
}

package io.emberscope.symbolizer.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Functions written by hand, an instruction a word.
class StackDepthsTest {
    private static final String PUSH_RBP = "55";
    private static final String SET_RBP = "4889e5";
    private static final String POP_RBP = "5d";
    private static final String PUSH_RBX = "53";
    private static final String POP_RBX = "5b";
    private static final String SUB_24 = "4883ec18";
    private static final String ADD_24 = "4883c418";
    private static final String CALL = "e800010000";
    private static final String JUMP_AWAY = "e900010000";
    private static final String JUMP_REGISTER = "ffe0";
    private static final String NOP = "90";
    private static final String RET = "c3";

    private final StackDepths depths = new StackDepths();

    private static String jump(int by) {
        return "eb" + HexFormat.of().toHexDigits((byte) by);
    }

    private static String branch(int by) {
        return "74" + HexFormat.of().toHexDigits((byte) by);
    }

    /// Of each instruction: words from rsp to the CFA, `b` and those from rbp if it is used, and
    /// `@` and the word that has the caller's rbp; `-` if nothing leads there.
    private List<String> states(String... instructions) {
        byte[] code = HexFormat.of().parseHex(String.join("", instructions));
        if (!depths.read(code, code.length)) {
            return List.of("contradiction");
        }
        List<String> found = new ArrayList<>();
        int at = 0;
        for (String instruction : instructions) {
            long state = depths.state(at);
            int slot = StackDepths.slot(state);
            int frame = StackDepths.frame(state);
            found.add(
                    state == 0
                            ? "-"
                            : StackDepths.rsp(state)
                                    + (frame == 0 ? "" : "b" + frame)
                                    + (slot == 0
                                            ? ""
                                            : slot == StackDepths.LOST ? "@?" : "@" + slot));
            at += instruction.length() / 2;
        }
        return found;
    }

    @Test
    void whatIsPushedAndTakenIsCounted() {
        assertThat(states(PUSH_RBX, SUB_24, CALL, ADD_24, POP_RBX, RET))
                .containsExactly("1", "2", "5", "5", "2", "1");
        assertThat(states("6a01", "4883c408", "9c", "9d", "ff30", "8f00", RET))
                .containsExactly("1", "2", "1", "2", "1", "2", "1");
        assertThat(states("488d6424f8", "488d642408", RET)).containsExactly("1", "2", "1");
    }

    @Test
    void theCallersFramePointerIsFollowed() {
        assertThat(states(PUSH_RBP, PUSH_RBX, "31ed", POP_RBX, POP_RBP, RET))
                .containsExactly("1", "2@2", "3@2", "3@2", "2@2", "1");
        // mov %rbp,8(%rsp); xor %ebp,%ebp; mov 8(%rsp),%rbp
        assertThat(states(SUB_24, "48896c2408", "31ed", "488b6c2408", ADD_24, RET))
                .containsExactly("1", "4", "4@3", "4@3", "4", "1");
        assertThat(states("31ed", NOP, RET)).containsExactly("1", "1@?", "1@?");
        // Taken off the stack, but not into rbp.
        assertThat(states(PUSH_RBP, "4883c408", RET)).containsExactly("1", "2@2", "1@?");
        // push and pop %r13 are not of rbp.
        assertThat(states("4155", "415d", RET)).containsExactly("1", "2", "1");
    }

    @Test
    void aFramePointerHoldsWhereRspIsMovedFreely() {
        String alloca = "4829c4"; // sub %rax,%rsp
        assertThat(states(PUSH_RBP, SET_RBP, alloca, CALL, "c9", RET))
                .containsExactly("1", "2@2", "2b2@2", "0b2@2", "0b2@2", "1");
        // lea -8(%rbp),%rsp; pop %rbx; pop %rbp
        assertThat(states(PUSH_RBP, SET_RBP, PUSH_RBX, alloca, "488d65f8", POP_RBX, POP_RBP, RET))
                .containsExactly("1", "2@2", "2b2@2", "3b2@2", "0b2@2", "3b2@2", "2b2@2", "1");
        assertThat(states("4883e4f0", CALL, RET)).containsExactly("1", "0", "0"); // realigned
        assertThat(states("c8100000", "c9", RET)).containsExactly("1", "0@?", "0@?"); // enter
        assertThat(states(PUSH_RBX, "83ec08", NOP)).containsExactly("1", "2", "0"); // sub $8,%esp
    }

    @Test
    void waysThatMeetAgreeOrNothingIsClaimed() {
        assertThat(states(branch(1), NOP, PUSH_RBX, POP_RBX, RET))
                .containsExactly("1", "1", "1", "2", "1");
        assertThat(states(branch(1), PUSH_RBX, NOP, RET)).containsExactly("contradiction");
        // With a frame pointer it does not matter.
        assertThat(states(PUSH_RBP, SET_RBP, branch(1), PUSH_RBX, NOP, "c9", RET))
                .containsExactly("1", "2@2", "2b2@2", "2b2@2", "0b2@2", "0b2@2", "1");
        // Where only one way keeps rbp, its place is not known.
        assertThat(states(branch(3), PUSH_RBP, jump(1), PUSH_RBX, NOP, CALL))
                .containsExactly("1", "1", "2@2", "1", "2@?", "2@?");
        // Not to be left over from a function before.
        assertThat(states(RET, NOP, NOP)).containsExactly("1", "-", "-");
    }

    @Test
    void aReturnFromAnotherDepthIsAContradiction() {
        assertThat(states(PUSH_RBX, RET)).containsExactly("contradiction");
        assertThat(states("c20800")).containsExactly("1");
    }

    @Test
    void jumpsOutAreFollowedNoFurther() {
        assertThat(states(SUB_24, ADD_24, JUMP_AWAY)).containsExactly("1", "4", "1");
        assertThat(states(SUB_24, branch(100), ADD_24, "ff2500000000", NOP))
                .containsExactly("1", "4", "4", "1", "-");
        assertThat(states("0f0b", NOP)).containsExactly("1", "-");
        assertThat(states("f4", NOP)).containsExactly("1", "-");
    }

    @Test
    void whatACallGoesOnToMayBeSomethingElse() {
        // The call does not return: what lies behind is where the branch leads to.
        assertThat(states(branch(6), PUSH_RBX, CALL, NOP, RET))
                .containsExactly("1", "1", "2", "1", "1");
        // The same, but the jump comes from behind another call, so that it is found later.
        assertThat(states(branch(7), CALL, jump(6), PUSH_RBX, CALL, NOP, JUMP_AWAY))
                .containsExactly("1", "1", "1", "1", "2", "1", "1");
    }

    @Test
    void aJumpToOneOfManyPlacesMayLeadBehindACall() {
        // The case behind the call has the state of the jump, not that of the call.
        assertThat(states(branch(2), JUMP_REGISTER, PUSH_RBX, CALL, NOP, RET))
                .containsExactly("1", "1", "1", "2", "-", "-");
        // Where both have the same it does not matter; nor does a jump at the end to elsewhere.
        assertThat(states(PUSH_RBX, branch(2), JUMP_REGISTER, CALL, POP_RBX, RET))
                .containsExactly("1", "2", "2", "2", "2", "1");
        assertThat(states(PUSH_RBX, CALL, POP_RBX, "ff6010", RET))
                .containsExactly("1", "2", "2", "1", "-");
        assertThat(states(PUSH_RBX, CALL, "ff6010", RET)).containsExactly("1", "2", "2", "-");
    }

    @Test
    void codeThatIsNotUnderstoodIsAContradiction() {
        assertThat(states(PUSH_RBX, "06")).containsExactly("contradiction");
        assertThat(states(PUSH_RBX, "48")).containsExactly("contradiction"); // cut off
        assertThat(states("e800000000", POP_RBX, RET)).containsExactly("contradiction");
    }

    @Test
    void framesThatAreTooLargeHaveNoDepth() {
        // sub $0x100000,%rsp
        assertThat(states("4881ec00001000", NOP)).containsExactly("1", "0");
        assertThat(states("4883ec04", NOP)).containsExactly("1", "0"); // half a word
        assertThat(states(POP_RBX, NOP)).containsExactly("1", "0"); // the return address
    }

    @Test
    void anyCodeIsReadInBoundedTime() {
        byte[] code = new byte[4096];
        for (long seed = 0; seed < 2_000; seed++) {
            Random random = new Random(seed);
            random.nextBytes(code);
            for (int i = 0; i < code.length; i += 2) {
                // Mostly what leads elsewhere: calls, branches, jumps, and moves of rsp.
                int[] usual = {0x53, 0x5b, 0x74, 0xeb, 0xe8, 0x55, 0x5d, 0xff};
                code[i] = (byte) usual[random.nextInt(usual.length)];
            }
            StackDepthsFuzzTarget.fuzzerTestOneInput(code);
        }
    }
}

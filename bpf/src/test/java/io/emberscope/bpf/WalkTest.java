package io.emberscope.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.bpf.UnwindMemory.UserStack;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The step of a walk as it is compiled for user space, over stacks and tables written here, one
/// rule at a time. The kernel has the same step.
class WalkTest {
    /// One mapping of 64 KiB of code, of offset 0 of a file whose table is number 2.
    private static final long CODE = 0x5555_0000_0000L;

    private static final int CODE_BYTES = 1 << 16;

    /// Code in memory without a file, which has no table.
    private static final long ANONYMOUS = 0x7000_0000_0000L;

    private static final long STACK = 0x7ffc_0000_1000L;
    private static final int MAPPINGS_PLACE = 64;
    private static final int TABLE_PLACE = 1024;
    private static final int PAGES = CODE_BYTES >> 10;

    private static final int RBX = 3;
    private static final int RDI = 5;
    private static final int RBP = 6;
    private static final int RSP = 7;
    private static final int R10 = 10;
    private static final int R11 = 11;
    private static final int RIP = 16;
    private static final int NONE = 0x8000;

    private UnwindMemory memory = null;
    private final UserStack stack = new UserStack();
    private final List<int[]> longRules = new ArrayList<>(List.of(new int[4], longRule(1, 0, 0)));
    private final List<Integer> rows = new ArrayList<>();

    private final long[] registers = new long[RIP + 1];
    private long[] words = {};
    private long code;
    private long exact = 1L << 32;
    private long unread;

    @BeforeEach
    void open() throws Exception {
        memory = UnwindMemory.detached();
        assertThat(memory.addChunk()).isZero();
        registers[RSP] = STACK;
        registers[RIP] = CODE + 0x100;
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private static int longRule(int kind, int register, int rbp, int returnAddress) {
        return kind | register << 8 | rbp << 16 | returnAddress << 24;
    }

    private static int[] longRule(int kind, int a, int b) {
        return new int[] {kind, a, b, 0};
    }

    /// A rule `rsp + 8 n` that says where rbp is.
    private static int ofRsp(int n, int slot) {
        return n | slot << 10;
    }

    private static int ofRbp(int n, int slot) {
        return n | 0x200 | slot << 10;
    }

    /// The number of a new long rule.
    private int add(int what, int a, int b, int c, int d) {
        longRules.add(new int[] {what, a, b, (c & 0xffff) | d << 16});
        return NONE | (longRules.size() - 1);
    }

    /// A row of the table, for code from an offset on.
    private WalkTest row(int offset, int rule) {
        rows.add(offset | rule << 16);
        return this;
    }

    private WalkTest stack(long... found) {
        words = found;
        return this;
    }

    /// Walks and returns the frames, as offsets of the code where they are in it.
    private List<String> walk() {
        writeTable();
        writeMappings();
        long[] resumption = new long[Sample.RESUMPTION_WORDS + words.length];
        System.arraycopy(registers, 0, resumption, 0, registers.length);
        resumption[17] = (1L << 17) - 1 | exact | unread; // all known
        resumption[18] = code;
        resumption[19] = STACK;
        System.arraycopy(words, 0, resumption, Sample.RESUMPTION_WORDS, words.length);
        stack.take(new long[0], 0, 0, StackEnd.PROCESS_UNKNOWN);
        memory.resume(stack, resumption, 0, resumption.length, MAPPINGS_PLACE, 2);
        List<String> frames = new ArrayList<>();
        for (int i = 0; i < stack.count(); i++) {
            long address = Sample.address(stack.frames()[i]);
            String text = Long.toHexString(address >= ANONYMOUS ? address : address - CODE);
            frames.add(Sample.isExact(stack.frames()[i]) ? text + '!' : text);
        }
        return frames;
    }

    private void writeTable() {
        int rulesAt = (4 + PAGES + 1 + 3) & ~3;
        int rowsAt = rulesAt + 4 * longRules.size();
        int[] block = new int[rowsAt + 1 + rows.size()];
        block[1] = PAGES;
        block[2] = longRules.size();
        block[3] = 1 + rows.size();
        block[rowsAt] = NONE << 16;
        for (int i = 0; i < longRules.size(); i++) {
            System.arraycopy(longRules.get(i), 0, block, rulesAt + 4 * i, 4);
        }
        for (int page = 0; page <= PAGES; page++) {
            int first = 1;
            while (first <= rows.size()
                    && page < PAGES
                    && (rows.get(first - 1) & 0xffff) < page << 10) {
                first++;
            }
            block[4 + page] = page == PAGES ? 1 + rows.size() : first;
        }
        for (int i = 0; i < rows.size(); i++) {
            block[rowsAt + 1 + i] = rows.get(i);
        }
        memory.write(TABLE_PLACE, block, block.length);
        memory.table(2, TABLE_PLACE);
    }

    private void writeMappings() {
        int[] mappings = new int[2 * UnwindMemory.MAPPING_WORDS];
        mapping(mappings, 0, CODE, CODE, 2);
        mapping(mappings, 1, ANONYMOUS, 0, 0);
        memory.write(MAPPINGS_PLACE, mappings, mappings.length);
    }

    private static void mapping(int[] into, int index, long start, long bias, int table) {
        long[] fields = {start, start + CODE_BYTES, bias, table};
        for (int i = 0; i < fields.length; i++) {
            into[8 * index + 2 * i] = (int) fields[i];
            into[8 * index + 2 * i + 1] = (int) (fields[i] >>> Integer.SIZE);
        }
    }

    private void assertEnd(StackEnd end) {
        assertThat(stack.end()).isEqualTo(end);
    }

    @Test
    void aFrameOnRspIsLeftByItsSize() {
        row(0x100, ofRsp(2, 0)).row(0x200, ofRsp(3, 2)).row(0x300, NONE | 1).row(0x400, NONE);
        stack(1, CODE + 0x210, 2, 0xbbbb, CODE + 0x310);
        assertThat(walk()).containsExactly("100!", "210", "310");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void aFrameOnRbpIsLeftByRbp() {
        row(0x100, ofRbp(2, 2)).row(0x200, ofRbp(2, 2)).row(0x300, NONE | 1);
        registers[RBP] = STACK + 24;
        stack(1, 2, 3, STACK + 48, CODE + 0x210, 6, 0, CODE + 0x310);
        assertThat(walk()).containsExactly("100!", "210", "310");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void aReturnAddressIsLookedUpAtOneLess() {
        // The call is the last instruction of its function; the next one has another rule.
        row(0x100, ofRsp(1, 0))
                .row(0x200, ofRsp(2, 0))
                .row(0x300, ofRsp(5, 0))
                .row(0x400, NONE | 1);
        stack(CODE + 0x300, 7, CODE + 0x410);
        assertThat(walk()).containsExactly("100!", "300", "410");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void whatIsReturnedToAtItsFirstByteHasNoCaller() {
        row(0x100, ofRsp(1, 0)).row(0x200, NONE).row(0x300, ofRsp(1, 0));
        registers[RBP] = STACK;
        stack(CODE + 0x300, CODE + 0x110, CODE + 0x110);
        // It is in the function that begins there, not in the one before.
        assertThat(walk()).containsExactly("100!", "300!");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void whatAFunctionGoesOnToWhoseCodeIsUnclearHasACaller() {
        // Its last instruction is a call that does not return, of the function that runs; the next
        // function has a rule. It goes by frame pointers.
        int byPointer = add(longRule(0, 0, 0, 0), 1, 0, 0, 0);
        row(0x100, ofRsp(1, 0)).row(0x200, byPointer).row(0x300, ofRsp(1, 0));
        row(0x400, NONE | 1);
        registers[RBP] = STACK + 16;
        stack(CODE + 0x300, 2, 0, CODE + 0x410);
        assertThat(walk()).containsExactly("100!", "300", "410");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void stubsOfTheLinkageTableHaveAWordMoreFromSomeByteOn() {
        int plt = add(longRule(4, 0, 0, 0), 8, 11, 0, -8);
        row(0x100, plt).row(0x200, NONE | 1);
        stack(CODE + 0x210, CODE + 0x220);
        assertThat(walk()).containsExactly("100!", "210");
        registers[RIP] = CODE + 0x10b;
        assertThat(walk()).containsExactly("10b!", "220");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void realignedStacksHaveTheirFrameStored() {
        // CFA = *(rbp - 8), rbp at rbp
        row(0x100, add(longRule(3, RBP, 2, 0), -8, 0, 0, -8)).row(0x200, ofRbp(2, 2));
        row(0x300, NONE | 1);
        registers[RBP] = STACK + 16;
        stack(1, STACK + 48, STACK + 56, 4, 5, CODE + 0x210, 7, 8, CODE + 0x310);
        assertThat(walk()).containsExactly("100!", "210", "310");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void aRealignedFrameThatIsLeftMayHaveGivenRbpBackAlready() {
        // CFA = r10, rbp at rbp, which has the caller's value: no place on the stack.
        row(0x100, add(longRule(2, R10, 2, 0), 0, 0, 0, -8)).row(0x200, ofRsp(2, 0));
        row(0x300, NONE | 1);
        registers[RBP] = 7;
        registers[R10] = STACK + 16;
        stack(1, CODE + 0x210, 3, CODE + 0x310);
        assertThat(walk()).containsExactly("100!", "210", "310");
        assertEnd(StackEnd.COMPLETE);
        // A caller has not left its frame.
        exact = 0;
        registers[RIP] = CODE + 0x110;
        assertThat(walk()).containsExactly("110");
        assertEnd(StackEnd.STACK_UNREADABLE);
    }

    @Test
    void aSignalFrameHasAllRegistersAndIsNeitherCalledNorReturnedFrom() {
        row(0x100, ofRsp(1, 0)).row(0x200, add(longRule(5, 0, 0, 0), 160, 0, 0, 0));
        row(0x300, add(longRule(2, R11, 0, 0), 16, 0, 0, -8)).row(0x400, NONE | 1);
        long[] found = new long[40];
        found[0] = CODE + 0x210;
        // From the trampoline's rsp, 160 bytes up to rsp in the context: 15 words into it.
        int context = 1 + 20 - 15;
        found[context + 3] = STACK + 8 * 36; // r11
        found[context + 10] = 0xbbbb; // rbp
        found[context + 15] = STACK + 8 * 30; // rsp
        found[context + 16] = CODE + 0x300; // rip
        found[37] = CODE + 0x410;
        stack(found);
        assertThat(walk()).containsExactly("100!", "210!", "300!", "410");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void aReturnAddressMayBeInARegisterAndRbpToo() {
        registers[RDI] = CODE + 0x210;
        registers[R11] = STACK + 8;
        row(0x100, add(longRule(2, RSP, 5, 1), 0, 0, R11, RDI)).row(0x200, ofRbp(2, 2));
        row(0x300, NONE | 1);
        stack(1, 2, CODE + 0x310);
        assertThat(walk()).containsExactly("100!", "210", "310");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void rbxIsFollowedWhereTablesSaySo() {
        row(0x100, add(longRule(2, RSP, 0, 0), 16, -16, 0, -8));
        row(0x200, add(longRule(2, RSP, 0, 0), 8, 1, 0, -8));
        row(0x300, add(longRule(2, RBX, 0, 0), 8, 1, 0, -8)).row(0x400, NONE | 1);
        stack(STACK + 32, CODE + 0x210, CODE + 0x310, 4, CODE + 0x410);
        assertThat(walk()).containsExactly("100!", "210", "310", "410");
        assertEnd(StackEnd.COMPLETE);
        // The second frame's rule does not say where rbx is.
        rows.set(1, 0x200 | ofRsp(1, 0) << 16);
        assertThat(walk()).containsExactly("100!", "210", "310");
        assertEnd(StackEnd.REGISTER_LOST);
    }

    /// From code without a table to the root.
    private void assertFramePointersLeadOn() {
        registers[RIP] = ANONYMOUS + 0x50;
        registers[RBP] = STACK + 8;
        row(0x100, NONE | 1);
        stack(1, STACK + 32, ANONYMOUS + 0x80, 4, 0, CODE + 0x110);
        assertThat(walk()).containsExactly("700000000050!", "700000000080", "110");
        assertEnd(StackEnd.COMPLETE);
    }

    @Test
    void codeWithoutATableGoesByFramePointers() {
        assertFramePointersLeadOn();
        // In what was interrupted it may be any number.
        registers[RBP] = 0;
        assertThat(walk()).hasSize(1);
        assertEnd(StackEnd.NO_RULE);
        registers[RBP] = STACK + 8;
        stack(1, 0, ANONYMOUS + 0x80);
        assertThat(walk()).containsExactly("700000000050!", "700000000080");
        assertEnd(StackEnd.COMPLETE);
        registers[RBP] = 12345;
        assertThat(walk()).hasSize(1);
        assertEnd(StackEnd.NO_RULE);
    }

    @Test
    void codeWhoseTableHasNoRoomGoesByFramePointersAndSaysSoIfTheyLeadNowhere() {
        memory.table(0, UnwindMemory.TABLE_NO_ROOM);
        assertFramePointersLeadOn();
        registers[RBP] = 12345;
        assertThat(walk()).hasSize(1);
        assertEnd(StackEnd.TABLE_NO_ROOM);
        // What was no frame pointer may lead to what is no code.
        registers[RBP] = STACK + 8;
        stack(1, 0, 77, 0);
        assertThat(walk()).hasSize(1);
        assertEnd(StackEnd.TABLE_NO_ROOM);
    }

    @Test
    void aFunctionThatHasNotSetUpItsFrameIsSeenByItsCode() {
        registers[RIP] = ANONYMOUS + 0x50;
        registers[RBP] = STACK + 24;
        row(0x100, NONE | 1).row(0x200, NONE | 1).row(0x300, NONE | 1);
        stack(CODE + 0x110, CODE + 0x210, 3, STACK, CODE + 0x310);
        // The byte before, then what runs next: push %rbp; endbr64; ret; jmp *x(%rip)
        for (long next : new long[] {0x55_90, 0xfa1e0ff3_90L, 0xc3_90, 0x25ff_5d}) {
            code = next;
            assertThat(walk()).as("%x", next).containsExactly("700000000050!", "110");
        }
        code = 0xe58948_55L; // mov %rsp,%rbp after push %rbp
        assertThat(walk()).containsExactly("700000000050!", "210");
        code = 0x48_90; // in the middle
        assertThat(walk()).containsExactly("700000000050!", "310");
    }

    @Test
    void aWalkEndsWithAReason() {
        row(0x100, ofRsp(1, 0)).row(0x200, ofRsp(1, 0)).row(0x300, ofRbp(1, 0));
        stack(0x1234);
        assertThat(walk()).containsExactly("100!");
        assertEnd(StackEnd.NO_MAPPING);
        assertThat(stack.stoppedAt()).isEqualTo(0x1234);
        stack(CODE + 0x210);
        assertThat(walk()).containsExactly("100!", "210");
        assertEnd(StackEnd.COPY_CUT);
        stack(CODE + 0x210, CODE + 0x310);
        registers[RBP] = STACK - 64;
        assertThat(walk()).containsExactly("100!", "210", "310");
        assertEnd(StackEnd.NOT_GROWING);
        stack();
        assertThat(walk()).containsExactly("100!");
        assertEnd(StackEnd.STACK_UNREADABLE);
    }

    @Test
    void aMissingTableIsSaidAndTheFrameIsNotNoted() {
        row(0x100, ofRsp(1, 0));
        stack(CODE + 0x110, 0);
        assertThat(walk()).containsExactly("100!", "110");
        memory.table(2, UnwindMemory.TABLE_MISSING);
        long[] resumption = new long[Sample.RESUMPTION_WORDS];
        System.arraycopy(registers, 0, resumption, 0, registers.length);
        resumption[17] = (1L << 17) - 1 | 1L << 32;
        stack.take(new long[0], 0, 0, StackEnd.PROCESS_UNKNOWN);
        memory.resume(stack, resumption, 0, resumption.length, MAPPINGS_PLACE, 2);
        assertThat(stack.count()).isZero();
        assertEnd(StackEnd.TABLE_MISSING);
        assertThat(stack.stoppedAt()).isEqualTo(CODE + 0x100);
    }

    @Test
    void aStackThatIsNotInMemoryIsNotTakenForACopyThatIsTooShort() {
        row(0x100, ofRsp(1, 0)).row(0x200, ofRsp(4, 0));
        stack(CODE + 0x210, 0, 0);
        assertThat(walk()).containsExactly("100!", "210");
        assertEnd(StackEnd.COPY_CUT);
        unread = 1L << 48;
        assertThat(walk()).containsExactly("100!", "210");
        assertEnd(StackEnd.STACK_UNREADABLE);
    }

    @Test
    void aReturnToTheFirstByteOfAFunctionIsOneIfACallIsBefore() {
        row(0x100, ofRsp(1, 0));
        exact = 0;
        registers[RBP] = STACK;
        stack(0, CODE + 0x150, 0);
        code = 0x90_9090_9090L;
        assertThat(walk()).containsExactly("100!");
        assertEnd(StackEnd.COMPLETE);
        code = 0x1234_5678_e8c3_9090L; // ret; call x
        assertThat(walk()).containsExactly("100", "150");
        code = 0x1234_5678_15ff_9090L; // call *x(%rip)
        assertThat(walk()).containsExactly("100", "150");
    }

    @Test
    void endlessStacksEndAtTheLimit() {
        registers[RIP] = ANONYMOUS + 0x50;
        registers[RBP] = STACK;
        // Two frames that are each other's caller.
        stack(STACK + 16, ANONYMOUS + 0x60, STACK, ANONYMOUS + 0x70);
        assertThat(walk()).hasSize(Sample.USER_FRAMES_MAX);
        assertEnd(StackEnd.TRUNCATED);
    }

    @Test
    void whatAWalkTakesAnAddressForCanBeAsked() {
        row(0x100, ofRsp(1, 0));
        stack(0);
        walk();
        long[] found = new long[2];
        assertThat(memory.find(MAPPINGS_PLACE, 2, CODE + 5, found)).isTrue();
        assertThat(found).containsExactly(2, CODE);
        assertThat(memory.find(MAPPINGS_PLACE, 2, ANONYMOUS, found)).isTrue();
        assertThat(found).containsExactly(0, 0);
        assertThat(memory.find(MAPPINGS_PLACE, 2, CODE - 1, found)).isFalse();
        assertThat(memory.find(MAPPINGS_PLACE, 0, CODE, found)).isFalse();
        assertThat(memory.find(1 << 20, 2, CODE, found)).isFalse();
    }

    @Test
    void randomStacksTablesAndRegistersNeverLeaveTheirBounds() {
        for (long seed = 0; seed < 20_000; seed++) {
            java.util.Random random = new java.util.Random(seed);
            rows.clear();
            longRules.subList(2, longRules.size()).clear();
            for (int i = random.nextInt(4); i > 0; i--) {
                int what = longRule(random.nextInt(8), random.nextInt(20), random.nextInt(7), 0);
                add(what | random.nextInt(2) << 24, small(random), small(random), small(random), 5);
            }
            int at = 0;
            for (int i = random.nextInt(20); i > 0; i--) {
                at += random.nextInt(0x400);
                row(
                        at,
                        random.nextBoolean()
                                ? random.nextInt(0x8000)
                                : NONE | random.nextInt(longRules.size() + 1));
            }
            for (int i = 0; i < registers.length; i++) {
                registers[i] = address(random);
            }
            registers[RIP] = CODE + random.nextInt(CODE_BYTES);
            code = random.nextLong();
            stack(new long[random.nextInt(200)]);
            Arrays.setAll(words, _ -> address(random));
            assertThat(walk().size()).isLessThanOrEqualTo(Sample.USER_FRAMES_MAX);
        }
    }

    private static int small(java.util.Random random) {
        return random.nextInt(64) * 8 - 64;
    }

    private static long address(java.util.Random random) {
        return switch (random.nextInt(5)) {
            case 0 -> random.nextLong();
            case 1 -> STACK + random.nextInt(200) * 8L;
            case 2 -> ANONYMOUS + random.nextInt(CODE_BYTES);
            default -> CODE + random.nextInt(CODE_BYTES);
        };
    }
}

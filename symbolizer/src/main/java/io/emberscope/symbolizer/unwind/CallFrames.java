package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One frame section: `.eh_frame` (Linux Standard Base) or `.debug_frame` (DWARF 5, section 6.4),
/// which differ in how entries refer to each other and how addresses are written.
///
/// Read twice: once to find which functions it describes, and once function by function.
final class CallFrames implements FrameSource {
    private static final long WIDE = 0xffff_ffffL;
    private static final int NARROW_ID = 0xffff_ffff;
    private static final int AUGMENTATION_BYTES_MAX = 16;
    private static final int COMMONS_MAX = 4096;
    private static final int COMMON_BYTES = 256; // rather more than it takes
    private static final int REMEMBERED_MAX = 64;

    private final FrameBytes bytes;
    private final BuildMemory memory;
    private final boolean isDebug;
    private final boolean endsWithZero;
    private final Map<Long, Common> commons = new HashMap<>();
    private final Expression expression = new Expression();
    private final FrameState state = new FrameState();
    private final FrameState[] remembered = new FrameState[REMEMBERED_MAX];

    /// What a common information entry says for all functions that refer to it.
    private static final class Common {
        int addressEncoding = Pointers.ABSOLUTE;
        boolean hasAugmentation;
        boolean isSignal;
        long codeFactor;
        long dataFactor;
        final FrameState initial = new FrameState();
    }

    /// @param isDebug whether it is a `.debug_frame`
    /// @param endsWithZero whether it ends with an entry of no length, and not with its bytes
    CallFrames(FrameBytes bytes, BuildMemory memory, boolean isDebug, boolean endsWithZero) {
        this.bytes = bytes;
        this.memory = memory;
        this.isDebug = isDebug;
        this.endsWithZero = endsWithZero;
    }

    // The entry that was entered last.
    private long bodyEnd;
    private long idPosition;
    private long id;
    private boolean isEnd;

    /// Enters the entry at a position and reads what entries begin with.
    private void enter(long position) throws IOException {
        int headerBytes = (int) Math.min(24, bytes.size() - position);
        bytes.enter(position, headerBytes);
        long length = bytes.i32() & 0xffff_ffffL;
        boolean wide = length == WIDE;
        if (wide) {
            length = bytes.i64();
        }
        isEnd = length == 0;
        long body = bytes.position();
        if (isEnd) {
            bodyEnd = body;
            return;
        }
        bytes.enter(body, length);
        bodyEnd = body + length;
        idPosition = body;
        if (wide && isDebug) {
            id = bytes.i64();
        } else {
            id = bytes.i32() & 0xffff_ffffL;
            if (isDebug && id == (NARROW_ID & 0xffff_ffffL)) {
                id = -1;
            }
        }
    }

    private boolean isCommon() {
        return isDebug ? id == -1 : id == 0;
    }

    @Override
    public void index(FunctionIndex functions) throws IOException {
        long position = 0;
        while (bytes.size() - position >= Integer.BYTES) {
            enter(position);
            long next = bodyEnd;
            if (isEnd && endsWithZero) {
                return;
            }
            if (!isEnd && !isCommon()) {
                Common common = commonOfEntry();
                long start = address(common);
                long length = Pointers.number(bytes, common.addressEncoding);
                functions.add(start, length, position);
            }
            position = next;
        }
    }

    private long address(Common common) throws MalformedInputException {
        return Pointers.read(bytes, common.addressEncoding, 0);
    }

    /// What the function's entry that was just entered refers to; enters the entry again.
    private Common commonOfEntry() throws IOException {
        long at = isDebug ? id : idPosition - id;
        Common common = commons.get(at);
        if (common == null) {
            long bodyPosition = bytes.position();
            long end = bodyEnd;
            common = readCommon(at);
            if (commons.size() == COMMONS_MAX) {
                memory.give((long) COMMONS_MAX * COMMON_BYTES);
                commons.clear();
            }
            memory.take(COMMON_BYTES);
            commons.put(at, common);
            bytes.enter(bodyPosition, end - bodyPosition);
            bodyEnd = end;
        }
        return common;
    }

    private Common readCommon(long at) throws IOException {
        if (at < 0 || at > bytes.size() - Integer.BYTES) {
            throw new MalformedInputException(
                    bytes.name()
                            + ": common entry at "
                            + at
                            + " (expected: within "
                            + bytes.size()
                            + " bytes)");
        }
        enter(at);
        if (isEnd || !isCommon()) {
            throw new MalformedInputException(
                    bytes.name() + ": entry at " + at + " (expected: a common one)");
        }
        Common common = new Common();
        int version = bytes.u8();
        if (version != 1 && version != 3 && version != 4) {
            throw new MalformedInputException(
                    bytes.name() + ": version " + version + " (expected: 1, 3 or 4)");
        }
        byte[] augmentation = new byte[AUGMENTATION_BYTES_MAX];
        int length = augmentation(augmentation);
        if (version == 4) {
            int addressBytes = bytes.u8();
            int segmentBytes = bytes.u8();
            if (addressBytes != Long.BYTES || segmentBytes != 0) {
                throw new MalformedInputException(
                        bytes.name()
                                + ": addresses of "
                                + addressBytes
                                + " bytes in segments of "
                                + segmentBytes
                                + " (expected: 8 and 0)");
            }
        }
        int first = 0;
        if (length >= 2 && augmentation[0] == 'e' && augmentation[1] == 'h') {
            bytes.i64(); // a pointer of compilers before 2000
            first = 2;
        }
        common.codeFactor = bytes.uleb();
        common.dataFactor = bytes.sleb();
        long returnRegister = version == 1 ? bytes.u8() : bytes.uleb();
        if (returnRegister != Rule.RIP) {
            throw new MalformedInputException(
                    bytes.name()
                            + ": return address in register "
                            + returnRegister
                            + " (expected: 16, rip)");
        }
        readAugmentation(common, augmentation, first, length);
        run(common, common.initial, null, 0, 0, null);
        return common;
    }

    private int augmentation(byte[] into) throws MalformedInputException {
        for (int length = 0; length < into.length; length++) {
            int b = bytes.u8();
            if (b == 0) {
                return length;
            }
            into[length] = (byte) b;
        }
        throw new MalformedInputException(
                bytes.name()
                        + ": augmentation (expected: at most "
                        + (AUGMENTATION_BYTES_MAX - 1)
                        + " letters)");
    }

    private void readAugmentation(Common common, byte[] letters, int first, int count)
            throws MalformedInputException {
        if (first == count) {
            return;
        }
        if (letters[first] != 'z') {
            throw new MalformedInputException(
                    bytes.name()
                            + ": augmentation '"
                            + (char) letters[first]
                            + "' (expected: z, or eh)");
        }
        common.hasAugmentation = true;
        long length = bytes.uleb();
        long end = bytes.position() + length;
        for (int i = first + 1; i < count; i++) {
            switch (letters[i]) {
                case 'R' -> common.addressEncoding = bytes.u8();
                case 'P' -> {
                    int encoding = bytes.u8();
                    Pointers.number(bytes, encoding);
                }
                case 'L' -> bytes.u8();
                case 'S' -> common.isSignal = true;
                case 'B' -> {} // arm64's signed return addresses
                default -> i = count; // the rest is passed over by its length
            }
        }
        if (length < 0 || bytes.position() > end) {
            throw new MalformedInputException(
                    bytes.name() + ": augmentation (expected: to end at its length)");
        }
        bytes.skip(end - bytes.position());
    }

    @Override
    public void rows(long position, Rules rules, RowSink sink) throws IOException {
        enter(position);
        if (isEnd || isCommon()) {
            throw new MalformedInputException(
                    bytes.name() + ": changed (expected: the same while read)");
        }
        Common common = commonOfEntry();
        long start = address(common);
        long length = Pointers.number(bytes, common.addressEncoding);
        if (common.hasAugmentation) {
            bytes.skip(bytes.uleb());
        }
        state.set(common.initial);
        run(common, state, sink, start, length, rules);
    }

    private static final int ADVANCE = 0x40;
    private static final int OFFSET = 0x80;
    private static final int RESTORE = 0xc0;
    private static final int HIGH = 0xc0;
    private static final int LOW = 0x3f;

    /// Runs the instructions from here to the end of the entry.
    ///
    /// @param sink gets the rows; null for those of a common entry
    private void run(
            Common common,
            FrameState now,
            @Nullable RowSink sink,
            long start,
            long length,
            @Nullable Rules rules)
            throws IOException {
        long at = 0;
        int depth = 0;
        while (bytes.hasRemaining()) {
            int instruction = bytes.u8();
            int low = instruction & LOW;
            long advance = 0;
            switch (instruction & HIGH) {
                case ADVANCE -> advance = low * common.codeFactor;
                case OFFSET ->
                        now.register(low, FrameState.AT_CFA, bytes.uleb() * common.dataFactor);
                case RESTORE -> now.restore(low, common.initial);
                default -> {
                    switch (low) {
                        case 0x00 -> {} // nop
                        case 0x01 -> advance = address(common) - start - at;
                        case 0x02 -> advance = bytes.u8() * common.codeFactor;
                        case 0x03 -> advance = bytes.u16() * common.codeFactor;
                        case 0x04 -> advance = (bytes.i32() & 0xffff_ffffL) * common.codeFactor;
                        case 0x05 -> { // offset_extended
                            int register = register();
                            now.register(
                                    register, FrameState.AT_CFA, bytes.uleb() * common.dataFactor);
                        }
                        case 0x06 -> now.restore(register(), common.initial);
                        case 0x07 -> now.register(register(), FrameState.UNDEFINED, 0);
                        case 0x08 -> now.register(register(), FrameState.SAME, 0);
                        case 0x09 -> { // register
                            int register = register();
                            now.register(register, FrameState.IN_REGISTER, register());
                        }
                        case 0x0a -> remember(now, depth++);
                        case 0x0b -> {
                            if (depth == 0) {
                                throw new MalformedInputException(
                                        bytes.name() + ": restore_state (expected: a state)");
                            }
                            now.set(remembered[--depth]);
                        }
                        case 0x0c -> cfa(now, register(), bytes.uleb());
                        case 0x0d -> cfa(now, register(), now.cfaOffset);
                        case 0x0e -> cfa(now, now.cfaRegister, bytes.uleb());
                        case 0x0f -> {
                            expression.read(bytes);
                            expression.toCfa(now);
                        }
                        case 0x10 -> {
                            int register = register();
                            expression.read(bytes);
                            expression.toRegister(register, now);
                        }
                        case 0x11 -> { // offset_extended_sf
                            int register = register();
                            now.register(
                                    register, FrameState.AT_CFA, bytes.sleb() * common.dataFactor);
                        }
                        case 0x12 -> cfa(now, register(), bytes.sleb() * common.dataFactor);
                        case 0x13 -> cfa(now, now.cfaRegister, bytes.sleb() * common.dataFactor);
                        case 0x14 -> { // val_offset
                            now.register(register(), FrameState.OTHERWISE, 0);
                            bytes.uleb();
                        }
                        case 0x15 -> { // val_offset_sf
                            now.register(register(), FrameState.OTHERWISE, 0);
                            bytes.sleb();
                        }
                        case 0x16 -> { // val_expression
                            int register = register();
                            expression.read(bytes);
                            now.register(register, FrameState.OTHERWISE, 0);
                        }
                        case 0x2e -> bytes.uleb(); // GNU_args_size
                        case 0x2f -> { // GNU_negative_offset_extended
                            int register = register();
                            now.register(
                                    register, FrameState.AT_CFA, -bytes.uleb() * common.dataFactor);
                        }
                        default ->
                                throw new MalformedInputException(
                                        bytes.name()
                                                + ": instruction 0x"
                                                + Integer.toHexString(instruction)
                                                + " (expected: one of DWARF 5)");
                    }
                }
            }
            if (advance != 0 && sink != null && rules != null) {
                sink.row(start + at, rules.of(now, common.isSignal));
                if (advance < 0 || advance >= length - at) {
                    return; // beyond the function's end nothing is its own
                }
                at += advance;
            }
        }
        if (sink != null && rules != null) {
            sink.row(start + at, rules.of(now, common.isSignal));
        }
    }

    private static void cfa(FrameState state, int register, long offset) {
        state.cfa = FrameState.CFA_REGISTER;
        state.cfaRegister = register;
        state.cfaOffset = offset;
    }

    private void remember(FrameState now, int depth) throws MalformedInputException {
        if (depth == REMEMBERED_MAX) {
            throw new MalformedInputException(
                    bytes.name()
                            + ": remember_state (expected: at most "
                            + REMEMBERED_MAX
                            + " states at once)");
        }
        FrameState kept = remembered[depth];
        if (kept == null) {
            kept = new FrameState();
            remembered[depth] = kept;
        }
        kept.set(now);
    }

    private int register() throws MalformedInputException {
        long number = bytes.uleb();
        return number < 0 || number > 0xffff ? 0xffff : (int) number;
    }
}

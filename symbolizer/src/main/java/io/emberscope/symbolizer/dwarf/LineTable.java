package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.SectionView;
import java.io.IOException;
import java.util.Arrays;

/// One program of `.debug_line`, run: which line of which file instructions belong to. What belongs
/// to one line in a row is one row. Used again for the next.
final class LineTable {
    private static final int PROGRAM_BYTES_MAX = 64 * 1024 * 1024;
    private static final int ROWS_MAX = 3_000_000;
    private static final int FILES_MAX = 1 << 20;
    private static final int KEPT_ROWS = 1 << 16;
    private static final int KEPT_BYTES = 4 * 1024 * 1024;

    private static final int CONTENT_PATH = 1;
    private static final int CONTENT_DIRECTORY = 2;

    private final Cursor in = new Cursor();
    private int version;
    private int offsetBytes;
    private boolean isThere;

    // Directories and files; the first is number 1 before DWARF 5, and 0 since.
    private int directoryCount;
    private int[] directoryForms = new int[16];
    private long[] directoryPlaces = new long[16];
    private int fileCount;
    private int[] fileForms = new int[64];
    private long[] filePlaces = new long[64];
    private int[] fileDirectories = new int[64];

    // Rows, and the sequences they are in: from a row to before the next sequence's first.
    private int rowCount;
    private long[] addresses = new long[1024];
    private int[] files = new int[1024];
    private int[] lines = new int[1024];
    private int sequenceCount;
    private long[] lows = new long[64];
    private long[] highs = new long[64];
    private int[] firsts = new int[64];
    private int[] lasts = new int[64];

    /// Forgets what it has.
    void clear() {
        isThere = false;
        directoryCount = 0;
        fileCount = 0;
        rowCount = 0;
        sequenceCount = 0;
        if (addresses.length > KEPT_ROWS) {
            addresses = new long[1024];
            files = new int[1024];
            lines = new int[1024];
        }
        in.shrink(KEPT_BYTES);
    }

    /// Runs the program at a place.
    ///
    /// @param unitAddressBytes as wide as addresses are before DWARF 5
    void read(SectionView section, long at, int unitAddressBytes, Work work) throws IOException {
        clear();
        long end = UnitHeader.end(section, at);
        if (end - at > PROGRAM_BYTES_MAX) {
            throw new TooMuchException(
                    TooMuchException.What.UNIT,
                    section.name()
                            + ": program of "
                            + (end - at)
                            + " bytes (expected: at most "
                            + PROGRAM_BYTES_MAX
                            + ")");
        }
        work.take(end - at);
        in.load(section, at, (int) (end - at));
        offsetBytes = in.u4() == 0xffff_ffffL ? Long.BYTES : Integer.BYTES;
        if (offsetBytes == Long.BYTES) {
            in.u8();
        }
        version = in.u2();
        in.check();
        if (version < 2 || version > 5) {
            throw new MalformedInputException(
                    section.name() + ": version " + version + " (expected: 2 to 5)");
        }
        int addressBytes = unitAddressBytes;
        if (version == 5) {
            addressBytes = in.u1();
            in.u1(); // of segment selectors, which nobody has
        }
        long headerLength = in.unsigned(offsetBytes);
        in.check();
        int headerStart = in.position;
        in.skip(headerLength);
        int program = in.position;
        in.position = headerStart;
        int instructionBytes = in.u1();
        int operationsMax = version >= 4 ? in.u1() : 1;
        in.u1(); // whether rows are statements by default
        int lineBase = (byte) in.u1();
        int lineRange = in.u1();
        int opcodeBase = in.u1();
        in.check();
        int lengths = in.position;
        in.skip(Math.max(0, opcodeBase - 1));
        if (version == 5) {
            readLists(addressBytes);
        } else {
            readOldLists();
        }
        isThere = true;
        in.position = program;
        new Program(
                        instructionBytes,
                        operationsMax,
                        lineBase,
                        lineRange,
                        opcodeBase,
                        lengths,
                        addressBytes == Integer.BYTES ? 0xffff_ffffL : -1L)
                .run();
        sortSequences();
    }

    private void readOldLists() throws IOException {
        while (in.position < in.end && in.bytes[in.position] != 0) {
            addDirectory(Form.STRING, in.position);
            in.skipText();
        }
        in.skip(1);
        while (in.position < in.end && in.bytes[in.position] != 0) {
            readOldFile();
        }
        in.skip(1);
    }

    private void readOldFile() throws IOException {
        int name = in.position;
        in.skipText();
        long directory = in.uleb();
        in.check();
        in.uleb(); // time
        in.check();
        in.uleb(); // length
        in.check();
        addFile(Form.STRING, name, directory);
    }

    private void readLists(int addressBytes) throws IOException {
        readList(true, addressBytes);
        readList(false, addressBytes);
    }

    private void readList(boolean isDirectories, int addressBytes) throws IOException {
        int formatCount = in.u1();
        int[] contents = new int[formatCount];
        int[] forms = new int[formatCount];
        for (int i = 0; i < formatCount; i++) {
            contents[i] = (int) Math.min(in.uleb() & Long.MAX_VALUE, 0xffff);
            in.check();
            long form = in.uleb();
            in.check();
            int length =
                    form > 0 && form <= 0xffff
                            ? Form.length((int) form, addressBytes, offsetBytes, version)
                            : Form.UNKNOWN;
            if (length == 0 || length == Form.UNKNOWN || length == Form.NAMED_WITHIN) {
                throw new MalformedInputException(
                        in.name()
                                + ": form 0x"
                                + Long.toHexString(form)
                                + " of files (expected: one that has bytes)");
            }
            forms[i] = (int) form;
        }
        long count = in.uleb();
        in.check();
        if (count < 0 || (count > 0 && formatCount == 0) || count > in.end - in.position) {
            throw new MalformedInputException(
                    in.name()
                            + ": "
                            + Long.toUnsignedString(count)
                            + " files or directories (expected: no more than bytes)");
        }
        for (long i = 0; i < count; i++) {
            int nameForm = 0;
            long name = 0;
            long directory = 0;
            for (int j = 0; j < formatCount; j++) {
                int start = in.position;
                long value = readValue(forms[j], addressBytes);
                in.check();
                if (contents[j] == CONTENT_PATH) {
                    nameForm = forms[j];
                    name = nameForm == Form.STRING ? start : value;
                } else if (contents[j] == CONTENT_DIRECTORY) {
                    directory = value;
                }
            }
            if (isDirectories) {
                addDirectory(nameForm, name);
            } else {
                addFile(nameForm, name, directory);
            }
        }
    }

    private long readValue(int form, int addressBytes) throws IOException {
        int length = Form.length(form, addressBytes, offsetBytes, version);
        switch (length) {
            case 1, 2, 3, 4, 8 -> {
                return in.unsigned(length);
            }
            case Form.LEB -> {
                return form == Form.SDATA ? in.sleb() : in.uleb();
            }
            case Form.TEXT -> in.skipText();
            case Form.SIZED_BY_1 -> in.skip(in.u1());
            case Form.SIZED_BY_2 -> in.skip(in.u2());
            case Form.SIZED_BY_4 -> in.skip(in.u4());
            case Form.SIZED_BY_LEB -> in.skip(in.uleb());
            default -> in.skip(length);
        }
        return 0;
    }

    private void addDirectory(int form, long place) throws TooMuchException {
        checkFiles(directoryCount);
        if (directoryCount == directoryForms.length) {
            directoryForms = Arrays.copyOf(directoryForms, directoryCount * 2);
            directoryPlaces = Arrays.copyOf(directoryPlaces, directoryCount * 2);
        }
        directoryForms[directoryCount] = form;
        directoryPlaces[directoryCount++] = place;
    }

    private void addFile(int form, long place, long directory) throws TooMuchException {
        checkFiles(fileCount);
        if (fileCount == fileForms.length) {
            fileForms = Arrays.copyOf(fileForms, fileCount * 2);
            filePlaces = Arrays.copyOf(filePlaces, fileCount * 2);
            fileDirectories = Arrays.copyOf(fileDirectories, fileCount * 2);
        }
        fileForms[fileCount] = form;
        filePlaces[fileCount] = place;
        fileDirectories[fileCount++] =
                directory < 0 || directory > Integer.MAX_VALUE
                        ? Integer.MAX_VALUE
                        : (int) directory;
    }

    private void checkFiles(int count) throws TooMuchException {
        if (count == FILES_MAX) {
            throw new TooMuchException(
                    TooMuchException.What.UNIT,
                    in.name() + ": files (expected: at most " + FILES_MAX + ")");
        }
    }

    /// The machine that a line program is for (DWARF 5, section 6.2).
    private final class Program {
        private static final int COPY = 1;
        private static final int ADVANCE_PC = 2;
        private static final int ADVANCE_LINE = 3;
        private static final int SET_FILE = 4;
        private static final int SET_COLUMN = 5;
        private static final int NEGATE_STMT = 6;
        private static final int SET_BASIC_BLOCK = 7;
        private static final int CONST_ADD_PC = 8;
        private static final int FIXED_ADVANCE_PC = 9;
        private static final int SET_PROLOGUE_END = 10;
        private static final int SET_EPILOGUE_BEGIN = 11;
        private static final int SET_ISA = 12;

        private static final int END_SEQUENCE = 1;
        private static final int SET_ADDRESS = 2;
        private static final int DEFINE_FILE = 3;

        private final int instructionBytes;
        private final int operationsMax;
        private final int lineBase;
        private final int lineRange;
        private final int opcodeBase;
        private final int lengths;
        private final long tombstone;

        private long address;
        private int operation;
        private int file = 1;
        private int line = 1;

        // The sequence that was begun.
        private boolean isEmpty = true;
        private boolean isDiscarded;
        private int firstRow;
        private long low;
        private long lastAddress;

        Program(
                int instructionBytes,
                int operationsMax,
                int lineBase,
                int lineRange,
                int opcodeBase,
                int lengths,
                long tombstone) {
            this.instructionBytes = instructionBytes;
            this.operationsMax = operationsMax;
            this.lineBase = lineBase;
            this.lineRange = lineRange;
            this.opcodeBase = opcodeBase;
            this.lengths = lengths;
            this.tombstone = tombstone;
        }

        void run() throws IOException {
            int end = in.end;
            byte[] bytes = in.bytes;
            while (in.position < end) {
                int opcode = bytes[in.position++] & 0xff;
                if (opcode >= opcodeBase) {
                    if (lineRange == 0) {
                        throw new MalformedInputException(
                                in.name() + ": line range 0 (expected: at least 1)");
                    }
                    int adjusted = opcode - opcodeBase;
                    int advance = adjusted / lineRange;
                    advance(advance);
                    line += lineBase + (adjusted - advance * lineRange);
                    row();
                } else if (opcode == 0) {
                    extended();
                } else {
                    standard(opcode);
                    in.check();
                }
            }
        }

        private void advance(long operations) {
            if (operationsMax <= 1) {
                address += instructionBytes * operations;
                return;
            }
            long all = operation + operations;
            address += instructionBytes * Long.divideUnsigned(all, operationsMax);
            operation = (int) Long.remainderUnsigned(all, operationsMax);
        }

        private void standard(int opcode) throws IOException {
            switch (opcode) {
                case COPY -> row();
                case ADVANCE_PC -> advance(in.uleb());
                case ADVANCE_LINE -> line += (int) in.sleb();
                case SET_FILE -> {
                    long number = in.uleb();
                    file = number < 0 || number > Integer.MAX_VALUE ? -1 : (int) number;
                }
                case SET_COLUMN, SET_ISA -> in.uleb();
                case NEGATE_STMT, SET_BASIC_BLOCK, SET_PROLOGUE_END, SET_EPILOGUE_BEGIN -> {}
                case CONST_ADD_PC -> advance(lineRange == 0 ? 0 : (255 - opcodeBase) / lineRange);
                case FIXED_ADVANCE_PC -> {
                    address += in.u2();
                    operation = 0;
                }
                default -> {
                    int operands = in.bytes[lengths + opcode - 1] & 0xff;
                    for (int i = 0; i < operands; i++) {
                        in.uleb();
                        in.check();
                    }
                }
            }
        }

        private void extended() throws IOException {
            long length = in.uleb();
            int start = in.position;
            in.skip(length);
            int next = in.position;
            if (length == 0) {
                return;
            }
            in.position = start;
            int opcode = in.u1();
            int operandBytes = (int) length - 1;
            switch (opcode) {
                case END_SEQUENCE -> endSequence();
                case SET_ADDRESS -> {
                    switch (operandBytes) {
                        case 1, 2, 4, 8 -> address = in.unsigned(operandBytes);
                        default ->
                                throw new MalformedInputException(
                                        in.name()
                                                + ": address of "
                                                + operandBytes
                                                + " bytes (expected: 1, 2, 4 or 8)");
                    }
                    operation = 0;
                    isDiscarded = address == tombstone;
                }
                case DEFINE_FILE -> {
                    readOldFile();
                    if (in.position > next) {
                        throw new MalformedInputException(
                                in.name() + ": file (expected: to end with its instruction)");
                    }
                }
                default -> {}
            }
            in.position = next;
        }

        private void row() throws TooMuchException {
            if (isDiscarded) {
                return;
            }
            if (isEmpty) {
                isEmpty = false;
                firstRow = rowCount;
                low = address;
            } else if (Long.compareUnsigned(address, lastAddress) < 0) {
                return; // addresses must not go back
            } else {
                int last = rowCount - 1;
                if (address == lastAddress && addresses[last] == address) {
                    // Only the last row of an address counts.
                    files[last] = file;
                    lines[last] = line;
                    return;
                }
                if (files[last] == file && lines[last] == line) {
                    lastAddress = address;
                    return;
                }
            }
            lastAddress = address;
            if (rowCount == addresses.length) {
                grow();
            }
            addresses[rowCount] = address;
            files[rowCount] = file;
            lines[rowCount++] = line;
        }

        private void endSequence() throws TooMuchException {
            if (!isEmpty) {
                if (Long.compareUnsigned(low, address) < 0) {
                    addSequence(low, address, firstRow);
                } else {
                    rowCount = firstRow;
                }
            }
            isEmpty = true;
            isDiscarded = false;
            address = 0;
            operation = 0;
            file = 1;
            line = 1;
        }
    }

    private void grow() throws TooMuchException {
        if (rowCount >= ROWS_MAX) {
            throw new TooMuchException(
                    TooMuchException.What.UNIT,
                    in.name() + ": rows (expected: at most " + ROWS_MAX + ")");
        }
        int room = Math.min(ROWS_MAX, rowCount * 2);
        addresses = Arrays.copyOf(addresses, room);
        files = Arrays.copyOf(files, room);
        lines = Arrays.copyOf(lines, room);
    }

    private void addSequence(long low, long high, int first) {
        if (sequenceCount == lows.length) {
            int room = sequenceCount * 2;
            lows = Arrays.copyOf(lows, room);
            highs = Arrays.copyOf(highs, room);
            firsts = Arrays.copyOf(firsts, room);
            lasts = Arrays.copyOf(lasts, room);
        }
        lows[sequenceCount] = low;
        highs[sequenceCount] = high;
        firsts[sequenceCount] = first;
        lasts[sequenceCount++] = rowCount;
    }

    private int[] order = new int[64];

    /// Sorts the sequences by their ends.
    private void sortSequences() {
        if (order.length < sequenceCount) {
            order = new int[lows.length];
        }
        NaturalSort.order(highs, sequenceCount, order);
    }

    /// Whether it was read.
    boolean isThere() {
        return isThere;
    }

    int sequenceCount() {
        return sequenceCount;
    }

    /// The number of the sequence that comes in a place of their order by ends.
    int sequence(int place) {
        return order[place];
    }

    long low(int sequence) {
        return lows[sequence];
    }

    long high(int sequence) {
        return highs[sequence];
    }

    int firstRow(int sequence) {
        return firsts[sequence];
    }

    int lastRow(int sequence) {
        return lasts[sequence];
    }

    long address(int row) {
        return addresses[row];
    }

    int file(int row) {
        return files[row];
    }

    int line(int row) {
        return lines[row];
    }

    int version() {
        return version;
    }

    int offsetBytes() {
        return offsetBytes;
    }

    /// The bytes of the program, for texts of the form [Form#STRING].
    Cursor bytes() {
        return in;
    }

    /// Which file has a number; -1 if none has.
    int fileIndex(int number) {
        int index = version >= 5 ? number : number - 1;
        return index >= 0 && index < fileCount ? index : -1;
    }

    int fileCount() {
        return fileCount;
    }

    int fileForm(int index) {
        return fileForms[index];
    }

    long filePlace(int index) {
        return filePlaces[index];
    }

    int fileDirectory(int index) {
        return fileDirectories[index];
    }

    /// Which directory has a number; -1 if none has.
    int directoryIndex(int number) {
        int index = version >= 5 ? number : number - 1;
        return index >= 0 && index < directoryCount ? index : -1;
    }

    int directoryForm(int index) {
        return directoryForms[index];
    }

    long directoryPlace(int index) {
        return directoryPlaces[index];
    }
}

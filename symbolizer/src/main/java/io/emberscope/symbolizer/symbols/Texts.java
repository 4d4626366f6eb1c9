package io.emberscope.symbolizer.symbols;

import io.emberscope.base.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;

/// Texts by number, and what each is used for. They are kept in a file; in memory there are a few
/// numbers of each.
///
/// Texts that were told before are found by 128 bits of their SHA-256, which no two texts share.
final class Texts implements AutoCloseable {
    private static final int DIGEST_INTS = 4;
    private static final int SLOTS_MIN = 1024;

    /// Names sorted at once.
    private static final int RUN_BYTES = 1 << 20;

    private static final int RECORD_HEAD_BYTES = 2 * Integer.BYTES;
    private static final byte[] ELLIPSIS = {(byte) 0xe2, (byte) 0x80, (byte) 0xa6};

    private final SymbolLimits limits;
    private final Spill told;
    private final Spill sorted;
    private final MessageDigest sha256;
    private final ByteBuffer digest = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);

    /// Of each text the number that functions know it by and the one that files do, from 1; 0 if it
    /// is none of these. Until they are sorted, 1 if it is.
    private final IntList functions = new IntList();

    private final IntList files = new IntList();

    /// The number of the text that has no bytes; [CodeSink#NONE] if nobody told it.
    private int empty = CodeSink.NONE;

    /// Digests of those texts that may be told again.
    private IntList digests = new IntList();

    /// Their numbers.
    private IntList numbers = new IntList();

    /// Numbers of digests, from 1, by digest; 0 where there is none.
    private int[] slots = new int[SLOTS_MIN];

    Texts(SymbolLimits limits, Disk disk, Path told, Path sorted) {
        this.limits = limits;
        this.told = new Spill(disk, told);
        this.sorted = new Spill(disk, sorted);
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /// How many there are.
    int size() {
        return functions.size();
    }

    /// The number of a text, which may have been told before.
    int number(byte[] bytes, int offset, int length) throws IOException {
        sha256.update(bytes, offset, length);
        byte[] all = sha256.digest();
        digest.clear().put(all);
        int slot = slotOf(digest.getInt(0));
        for (; slots[slot] != 0; slot = (slot + 1) & (slots.length - 1)) {
            if (isDigest(slots[slot] - 1)) {
                return numbers.get(slots[slot] - 1);
            }
        }
        int number = add(bytes, offset, length);
        for (int i = 0; i < DIGEST_INTS; i++) {
            digests.add(digest.getInt(i * Integer.BYTES));
        }
        numbers.add(number);
        if (length == 0) {
            empty = number;
        }
        slots[slot] = numbers.size();
        if (numbers.size() > slots.length / 4 * 3) {
            grow();
        }
        return number;
    }

    private boolean isDigest(int index) {
        for (int i = 0; i < DIGEST_INTS; i++) {
            if (digests.get(index * DIGEST_INTS + i) != digest.getInt(i * Integer.BYTES)) {
                return false;
            }
        }
        return true;
    }

    private int slotOf(int hash) {
        return hash & (slots.length - 1);
    }

    private void grow() {
        slots = new int[2 * slots.length];
        for (int i = 0; i < numbers.size(); i++) {
            int slot = slotOf(digests.get(i * DIGEST_INTS));
            while (slots[slot] != 0) {
                slot = (slot + 1) & (slots.length - 1);
            }
            slots[slot] = i + 1;
        }
    }

    /// A new number for a text, which is not looked for.
    int add(byte[] bytes, int offset, int length) throws IOException {
        boolean isCut = length > Layout.TEXT_BYTES_MAX;
        int kept = isCut ? cut(bytes, offset) : length;
        int total = isCut ? kept + ELLIPSIS.length : kept;
        SymbolLimits.check("texts", size() + 1L, limits.textsMax());
        SymbolLimits.check(
                "bytes of texts", told.size() + Integer.BYTES + total, limits.textBytesMax());
        ByteBuffer room = told.room(Integer.BYTES + total);
        room.putInt(total).put(bytes, offset, kept);
        if (isCut) {
            room.put(ELLIPSIS);
        }
        functions.add(0);
        files.add(0);
        return size() - 1;
    }

    /// How much of a text that is too long is kept: whole characters.
    private static int cut(byte[] bytes, int offset) {
        int kept = Layout.TEXT_BYTES_MAX - ELLIPSIS.length;
        while (kept > 0 && (bytes[offset + kept] & 0xc0) == 0x80) {
            kept--;
        }
        return kept;
    }

    /// The number of a text, or [CodeSink#NONE] if it says nothing.
    int unlessEmpty(int text) {
        return text == empty ? CodeSink.NONE : text;
    }

    /// Notes that a text is the name of a function.
    void usedAsFunction(int text) {
        functions.set(text, 1);
    }

    /// Notes that a text is the path of a source file.
    void usedAsFile(int text) {
        files.set(text, 1);
    }

    /// What functions know a text by, once they are sorted: from 1; 0 for [CodeSink#NONE], the
    /// empty text, and one that is no function's.
    int function(int text) {
        return text == CodeSink.NONE ? 0 : functions.get(text);
    }

    /// What files know a text by.
    int file(int text) {
        return text == CodeSink.NONE ? 0 : files.get(text);
    }

    /// Takes texts in the order of their bytes, each once.
    interface Visitor {
        /// Takes a text and numbers it.
        ///
        /// @param length of the text in `bytes`, from 0
        /// @return its number, from 1
        int text(byte[] bytes, int length) throws IOException;
    }

    /// Passes the texts that are used and numbers them. To be called once, when all are told.
    void sort(Visitor ofFunctions, Visitor ofFiles) throws IOException {
        digests = new IntList();
        numbers = new IntList();
        slots = new int[0];
        Merge<Run> merge =
                new Merge<>(
                        Comparator.<Run, Run>comparing(run -> run, Run::compareTexts)
                                .thenComparingInt(run -> run.number));
        IntList runs = writeRuns();
        int bufferBytes = Math.max(Merge.bufferBytes(runs.size()), Run.BYTES_MAX);
        long position = 0;
        for (int i = 0; i < runs.size(); i++) {
            long end = position + runs.get(i);
            merge.add(new Run(sorted.reader(position, end, bufferBytes)));
            position = end;
        }
        byte[] last = new byte[Layout.TEXT_BYTES_MAX];
        int lastLength = 0; // the empty text is none
        int function = 0;
        int file = 0;
        for (Run run = merge.next(); run != null; run = merge.next()) {
            if (!Arrays.equals(run.bytes, 0, run.length, last, 0, lastLength)) {
                System.arraycopy(run.bytes, 0, last, 0, run.length);
                lastLength = run.length;
                function = 0;
                file = 0;
            }
            if (functions.get(run.number) != 0) {
                function =
                        function != 0 || lastLength == 0
                                ? function
                                : ofFunctions.text(last, lastLength);
                functions.set(run.number, function);
            }
            if (files.get(run.number) != 0) {
                file = file != 0 || lastLength == 0 ? file : ofFiles.text(last, lastLength);
                files.set(run.number, file);
            }
        }
    }

    /// Sorts as many texts as fit into memory, again and again.
    ///
    /// @return bytes of each run
    private IntList writeRuns() throws IOException {
        IntList runs = new IntList();
        Spill.Reader all = told.reader(0, told.size(), Spill.BUFFER_BYTES);
        byte[] bytes = new byte[(int) Math.min(RUN_BYTES, told.size())];
        IntList run = new IntList(); // number, offset and length of each
        int filled = 0;
        for (int number = 0; number < size(); number++) {
            int length = all.next(Integer.BYTES).getInt();
            ByteBuffer text = all.next(length);
            if (functions.get(number) == 0 && files.get(number) == 0) {
                text.position(text.position() + length);
                continue;
            }
            if (filled + length > bytes.length) {
                runs.add(writeRun(bytes, run));
                run = new IntList();
                filled = 0;
            }
            text.get(bytes, filled, length);
            run.add(number);
            run.add(filled);
            run.add(length);
            filled += length;
        }
        runs.add(writeRun(bytes, run));
        return runs;
    }

    private int writeRun(byte[] bytes, IntList run) throws IOException {
        long before = sorted.size();
        int[] order =
                IndexSort.sorted(
                        run.size() / 3,
                        (i, j) -> {
                            int first = run.get(3 * i + 1);
                            int second = run.get(3 * j + 1);
                            return Arrays.compareUnsigned(
                                    bytes,
                                    first,
                                    first + run.get(3 * i + 2),
                                    bytes,
                                    second,
                                    second + run.get(3 * j + 2));
                        });
        for (int i : order) {
            int length = run.get(3 * i + 2);
            sorted.room(RECORD_HEAD_BYTES + length)
                    .putInt(run.get(3 * i))
                    .putInt(length)
                    .put(bytes, run.get(3 * i + 1), length);
        }
        return (int) (sorted.size() - before);
    }

    @Override
    public void close() throws IOException {
        try (told;
                sorted) {
            slots = new int[0];
        }
    }

    private static final class Run implements Merge.Run {
        static final int BYTES_MAX = RECORD_HEAD_BYTES + Layout.TEXT_BYTES_MAX;

        private final Spill.Reader reader;
        private byte[] bytes = new byte[256];
        private int length;
        private int number;

        Run(Spill.Reader reader) {
            this.reader = reader;
        }

        @Override
        public boolean advance() throws IOException {
            if (!reader.hasRemaining()) {
                return false;
            }
            ByteBuffer head = reader.next(RECORD_HEAD_BYTES);
            number = head.getInt();
            length = head.getInt();
            if (bytes.length < length) {
                bytes = new byte[length];
            }
            reader.next(length).get(bytes, 0, length);
            return true;
        }

        static int compareTexts(Run a, Run b) {
            return Arrays.compareUnsigned(a.bytes, 0, a.length, b.bytes, 0, b.length);
        }
    }
}

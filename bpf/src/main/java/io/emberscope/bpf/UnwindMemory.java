package io.emberscope.bpf;

/// What the walk of user stacks goes by: tables of binaries and mappings of processes, in memory
/// that the sampler's program reads. Memory comes in chunks of words; a *place* is the number of a
/// word, counted through all chunks. Place 0 is nowhere.
///
/// Whoever uses this says where things are: write first, then let it be found. What was found
/// before must stay as it is for as long as a walk may last, some milliseconds, after it can no
/// longer be.
///
/// Safe for use by several threads. Everything fails with an [IllegalStateException] once closed.
public final class UnwindMemory implements AutoCloseable {
    /// Words of a chunk. What is written lies in one chunk.
    public static final int CHUNK_WORDS = 1 << 18;

    /// Chunks at most.
    public static final int CHUNKS_MAX = 256;

    /// Numbers of tables are below this. 0 always means code without a table.
    public static final int TABLES_MAX = 8192;

    /// Mappings of one process at most.
    public static final int MAPPINGS_MAX = 16_384;

    /// Processes at most.
    public static final int PROCESSES_MAX = 8192;

    /// Words of a mapping: start, end and bias (address minus offset in the file), low half first,
    /// the number of the table, and an unused one.
    public static final int MAPPING_WORDS = 8;

    /// Instead of a place: nobody has looked for this table yet.
    public static final int TABLE_MISSING = 0;

    /// Instead of a place: there is no table, code goes by frame pointers.
    public static final int TABLE_NONE = 1;

    /// Instead of a place: there is no room for the table, code goes by frame pointers and stacks
    /// that these do not lead on end with [StackEnd#TABLE_NO_ROOM].
    public static final int TABLE_NO_ROOM = 2;

    /// Places below are no places.
    public static final int FIRST_PLACE = 8;

    private static final int LENGTH_MASK = 0xffff;

    private final NativeHandle handle;

    private UnwindMemory(long handle) {
        this.handle = new NativeHandle(handle, "unwind memory");
    }

    /// The memory that the program of `sampler` reads.
    ///
    /// @throws BpfException if it walks no stacks, see [SamplerOptions#unwinding]
    public static UnwindMemory of(Sampler sampler) throws BpfException {
        UnwindMemory memory = new UnwindMemory(Natives.unwindOpen(sampler.handle().value()));
        memory.table(0, TABLE_NONE);
        return memory;
    }

    /// Memory that no program reads, for [#resume] alone.
    public static UnwindMemory detached() throws BpfException {
        NativeLibrary.load();
        UnwindMemory memory = new UnwindMemory(Natives.unwindOpen(0));
        memory.table(0, TABLE_NONE);
        return memory;
    }

    /// Adds a chunk, all zero, and returns its number: its first place by [#CHUNK_WORDS].
    public int addChunk() throws BpfException {
        return Natives.unwindAddChunk(handle.value());
    }

    /// Gives a chunk back to the kernel.
    public void removeChunk(int number) throws BpfException {
        Natives.unwindRemoveChunk(handle.value(), number);
    }

    /// Writes the first `count` words to a place.
    public void write(int place, int[] words, int count) {
        if (count < 0 || count > words.length) {
            throw new IllegalArgumentException(
                    "words: " + count + " (expected: 0.." + words.length + ")");
        }
        if (!Natives.unwindWrite(handle.value(), place, words, count)) {
            throw new IllegalArgumentException(
                    "place: "
                            + Integer.toUnsignedString(place)
                            + " (expected: "
                            + count
                            + " words of a chunk that was added)");
        }
    }

    /// Says where the table with that number is, or [#TABLE_MISSING], or [#TABLE_NONE].
    public void table(int number, int placeOrState) {
        Natives.unwindSetTable(handle.value(), checkedTable(number), placeOrState);
    }

    /// When a walk last came to a mapping with that table, in units of 2^30 nanoseconds of
    /// CLOCK_MONOTONIC.
    public int tableUsed(int number) {
        return Natives.unwindTableUsed(handle.value(), checkedTable(number));
    }

    /// Says what is mapped in a process, as long as its [Sample#space] is the same. Mappings are
    /// executable ones, sorted, without overlaps.
    ///
    /// @param settled whether code in none of them is nothing that could be told more of, so that
    ///   the kernel need not send what [#resume] needs for it
    /// @throws BpfException with E2BIG if there are [#PROCESSES_MAX] already
    public void process(int pid, long space, int place, int mappings, boolean settled)
            throws BpfException {
        if (mappings < 0 || mappings > MAPPINGS_MAX) {
            throw new IllegalArgumentException(
                    "mappings: " + mappings + " (expected: 0.." + MAPPINGS_MAX + ")");
        }
        Natives.unwindSetProcess(handle.value(), pid, space, place, mappings, settled);
    }

    /// Says that there is no room for what is mapped in a process: until something else is said,
    /// its samples have the instruction that was interrupted alone, and end with
    /// [StackEnd#MAPPINGS_NO_ROOM].
    ///
    /// @throws BpfException with E2BIG if there are [#PROCESSES_MAX] already
    public void processWithoutRoom(int pid) throws BpfException {
        Natives.unwindSetProcess(handle.value(), pid, 0, 0, 0, true);
    }

    /// Forgets a process, if it is known.
    public void removeProcess(int pid) throws BpfException {
        Natives.unwindRemoveProcess(handle.value(), pid);
    }

    /// A user stack, innermost frame first. Made once and used again.
    public static final class UserStack {
        private final long[] frames = new long[Sample.USER_FRAMES_MAX + 1];
        private int count;
        private StackEnd end = StackEnd.NO_STACK;

        /// Takes frames that were found before.
        ///
        /// @param from where the first of them is in `words`
        public void take(long[] words, int from, int length, StackEnd reason) {
            System.arraycopy(words, from, frames, 0, length);
            count = length;
            end = reason;
        }

        /// Leaves out all callers of a frame.
        public void cutAfter(int frame, StackEnd reason) {
            count = Math.min(count, frame + 1);
            end = reason;
        }

        /// Its frames, as [Sample#copyUserFrames] gives them; the first [#count] are valid.
        public long[] frames() {
            return frames;
        }

        /// How many frames there are.
        public int count() {
            return count;
        }

        /// Why there are no more.
        public StackEnd end() {
            return end;
        }

        /// The address of code that the walk ended at for want of a mapping or a table; it is no
        /// frame of the stack.
        public long stoppedAt() {
            return frames[count];
        }
    }

    /// Takes the walk of a user stack up again where it stopped and adds what is found.
    ///
    /// @param stack what was found before
    /// @param words of [Sample#copyResumption]
    /// @param start where they begin
    /// @param length how many there are
    /// @param place of the mappings of the process
    /// @param mappings how many there are
    public void resume(
            UserStack stack, long[] words, int start, int length, int place, int mappings) {
        int found =
                Natives.unwindWalk(
                        handle.value(),
                        words,
                        start,
                        length,
                        place,
                        mappings,
                        stack.frames,
                        stack.count);
        stack.count += found & LENGTH_MASK;
        stack.end = StackEnd.of(found >>> Short.SIZE);
    }

    /// What a walk by some mappings takes an address for.
    ///
    /// @param found gets the number of the table and the bias
    /// @return whether it is in one of the mappings
    public boolean find(int place, int mappings, long address, long[] found) {
        return Natives.unwindFind(handle.value(), place, mappings, address, found);
    }

    /// Gives the memory back. What the kernel was told stays as long as the sampler.
    @Override
    public void close() {
        handle.close();
    }

    private static int checkedTable(int number) {
        if (number < 0 || number >= TABLES_MAX) {
            throw new IllegalArgumentException(
                    "table: " + number + " (expected: 0.." + (TABLES_MAX - 1) + ")");
        }
        return number;
    }
}

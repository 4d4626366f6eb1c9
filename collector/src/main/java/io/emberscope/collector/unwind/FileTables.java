package io.emberscope.collector.unwind;

import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.naming.BinaryFiles;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.reader.Reader;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.unwind.TooManyRowsException;
import io.emberscope.symbolizer.unwind.UnwindBlock;
import io.emberscope.symbolizer.unwind.UnwindTable;
import io.emberscope.symbolizer.vdso.Vdso;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The real [TableLoader]: reads the files that profiled processes have mapped, one after the
/// other.
public final class FileTables implements TableLoader {
    private static final Reader.Limits LIMITS = new Reader.Limits(10_000_000_000L, 3, 4096);

    /// Rows of one binary at most: the largest known has a third of it.
    private static final int ROWS_MAX = 3 << 20;

    /// Words of a block: a chunk of the kernel's memory without the places that are none.
    private static final int BLOCK_WORDS_MAX = (1 << 18) - 1024;

    private final BinaryFiles files;
    private final Consumer<Binary> stuck;
    private final Reader<BinaryFiles> reader;
    private final ConcurrentLinkedQueue<Loaded> loaded = new ConcurrentLinkedQueue<>();

    /// @param stuck takes a binary whose file did not answer in time
    public FileTables(
            BinaryFiles files,
            Consumer<Binary> stuck,
            LongSupplier monotonicNanos,
            Metrics metrics) {
        this.files = files;
        this.stuck = stuck;
        reader = new Reader<>("unwind", LIMITS, () -> this.files, _ -> {}, monotonicNanos, metrics);
    }

    @Override
    public boolean request(Binary binary) {
        return reader.submit(
                new Reader.Task<>() {
                    @Override
                    public void run(BinaryFiles shared) {
                        loaded.add(load(shared, binary));
                    }

                    @Override
                    public void giveUp() {
                        stuck.accept(binary);
                        loaded.add(new Loaded(binary, "", List.of(), true));
                    }
                });
    }

    @Override
    public @Nullable Loaded poll() {
        return loaded.poll();
    }

    /// Leaves a file behind that takes too long. To be called about once a second.
    public void check() {
        reader.check();
    }

    @Override
    public void close() {
        reader.close();
    }

    private static Loaded load(BinaryFiles files, Binary binary) {
        try {
            if (binary.kind() == Binary.Kind.VDSO) {
                return vdso(binary);
            }
            BinaryFiles.OpenFile file = files.open(binary);
            try {
                ElfFile elf = ElfFile.open(file.source());
                return new Loaded(binary, elf.buildId().orElse(""), blocks(elf), false);
            } finally {
                file.source().close();
            }
        } catch (IOException | TooManyRowsException _) {
            return new Loaded(binary, "", List.of(), true);
        }
    }

    private static Loaded vdso(Binary binary) throws IOException, TooManyRowsException {
        Optional<Vdso> vdso = Vdso.ofThisProcess();
        return vdso.isEmpty()
                ? new Loaded(binary, "", List.of(), false)
                : new Loaded(binary, "", blocks(ElfFile.open(vdso.get().image())), false);
    }

    private static List<int[]> blocks(ElfFile elf) throws IOException, TooManyRowsException {
        List<int[]> blocks = new ArrayList<>();
        for (UnwindBlock block : UnwindTable.read(elf, ROWS_MAX).blocks(BLOCK_WORDS_MAX)) {
            blocks.add(block.words());
        }
        return blocks;
    }
}

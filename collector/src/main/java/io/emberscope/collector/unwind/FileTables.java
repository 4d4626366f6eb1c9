package io.emberscope.collector.unwind;

import io.emberscope.base.disk.Disk;
import io.emberscope.base.metrics.Metrics;
import io.emberscope.collector.naming.BinaryFiles;
import io.emberscope.collector.process.Binary;
import io.emberscope.collector.reader.Reader;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.unwind.BuildMemory;
import io.emberscope.symbolizer.unwind.UnwindBlock;
import io.emberscope.symbolizer.unwind.UnwindTable;
import io.emberscope.symbolizer.vdso.Vdso;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The real [TableLoader]: reads the files that profiled processes have mapped, one after the
/// other.
public final class FileTables implements TableLoader {
    private static final Reader.Limits LIMITS = new Reader.Limits(10_000_000_000L, 3, 4096);

    /// Memory for tables while they are made and until they are used, of a small heap. What a
    /// thread that was left behind has taken of it stays taken.
    static final long MEMORY_BYTES = 12 << 20;

    /// Words of a block: a chunk of the kernel's memory without the places that are none.
    static final int BLOCK_WORDS_MAX = (1 << 18) - 1024;

    private static final long CACHE_BYTES_MAX = 128L << 20;

    private final Consumer<Binary> stuck;
    private final Reader<Shared> reader;
    private final BuildMemory.Pool pool = new BuildMemory.Pool(MEMORY_BYTES);
    private final ConcurrentLinkedQueue<Made> made = new ConcurrentLinkedQueue<>();
    private @Nullable Made polled;

    private static final int LINES_MAX = 20;

    /// What requests share, on the reader's thread.
    private record Shared(BinaryFiles files, @Nullable TableCache cache, Consumer<String> log) {}

    /// A table that waits to be used, and its memory.
    private record Made(Loaded loaded, BuildMemory memory) {}

    /// @param stuck takes a binary whose file did not answer in time, or that we failed to read
    /// @param log takes a line for each of the first files that no table can be made of
    /// @param cacheDirectory where tables are kept across restarts, or null for nowhere; no other
    ///   process may use it
    public FileTables(
            BinaryFiles files,
            Consumer<Binary> stuck,
            @Nullable Path cacheDirectory,
            Disk disk,
            LongSupplier monotonicNanos,
            Metrics metrics,
            Consumer<String> log) {
        this.stuck = stuck;
        AtomicInteger lines = new AtomicInteger();
        Consumer<String> few =
                line -> {
                    if (lines.getAndIncrement() < LINES_MAX) {
                        log.accept(line);
                    }
                };
        reader =
                new Reader<>(
                        "unwind",
                        LIMITS,
                        () -> new Shared(files, cache(cacheDirectory, disk, metrics), few),
                        _ -> {},
                        monotonicNanos,
                        metrics);
    }

    private static @Nullable TableCache cache(
            @Nullable Path directory, Disk disk, Metrics metrics) {
        try {
            return directory == null
                    ? null
                    : new TableCache(directory, disk, CACHE_BYTES_MAX, metrics);
        } catch (IOException _) {
            return null; // tables are made anew at each start
        }
    }

    @Override
    public boolean request(Binary binary) {
        return reader.submit(
                new Reader.Task<>() {
                    @Override
                    public void run(Shared shared) {
                        BuildMemory memory = pool.open();
                        boolean isMade = false;
                        try {
                            finish(load(shared, memory, binary), memory);
                            isMade = true;
                        } finally {
                            if (!isMade) {
                                memory.close();
                            }
                        }
                    }

                    @Override
                    public void giveUp() {
                        stuck.accept(binary);
                        finish(new Loaded(binary, "", List.of(), true), pool.open());
                    }
                });
    }

    private void finish(Loaded loaded, BuildMemory memory) {
        long words = loaded.blocks().stream().mapToLong(block -> block.length).sum();
        memory.finish(words * Integer.BYTES);
        made.add(new Made(loaded, memory));
    }

    /// The next table. The one before is not used any more.
    @Override
    public @Nullable Loaded poll() {
        if (polled != null) {
            polled.memory().close();
        }
        polled = made.poll();
        return polled == null ? null : polled.loaded();
    }

    /// Leaves a file behind that takes too long. To be called about once a second.
    public void check() {
        reader.check();
    }

    @Override
    public void close() {
        reader.close();
        while (poll() != null) {} // nothing is to wait for their memory
    }

    private static Loaded load(Shared shared, BuildMemory memory, Binary binary) {
        try {
            if (binary.kind() == Binary.Kind.VDSO) {
                return vdso(binary, memory);
            }
            TableCache cache = shared.cache();
            String told = binary.buildId().hex();
            List<int[]> kept = cache == null || told.isEmpty() ? null : cache.get(told, memory);
            if (kept != null) {
                return new Loaded(binary, told, kept, false);
            }
            BinaryFiles.OpenFile file = shared.files().open(binary);
            try {
                ElfFile elf = ElfFile.open(file.source());
                // A build id is easily copied: what anybody wrote must not outlive its process.
                String buildId = file.isOfRoot() ? elf.buildId().orElse("") : "";
                TableCache own = buildId.isEmpty() ? null : cache;
                // The kernel does not tell those of processes that were there before us.
                if (own != null && !buildId.equals(told)) {
                    kept = own.get(buildId, memory);
                    if (kept != null) {
                        return new Loaded(binary, buildId, kept, false);
                    }
                }
                List<int[]> blocks = blocks(elf, memory);
                if (own != null && !blocks.isEmpty()) {
                    own.put(buildId, blocks);
                }
                return new Loaded(binary, buildId, blocks, false);
            } catch (IOException e) {
                shared.log()
                        .accept(
                                "no unwind table of "
                                        + binary.path()
                                        + ", stacks through it go by frame pointers: "
                                        + e.getMessage());
                return new Loaded(binary, "", List.of(), true);
            } finally {
                file.source().close();
            }
        } catch (IOException _) {
            // Gone, as its processes are, or not to be opened.
            return Loaded.gone(binary);
        }
    }

    private static Loaded vdso(Binary binary, BuildMemory memory) throws IOException {
        Optional<Vdso> vdso = Vdso.ofThisProcess();
        return vdso.isEmpty()
                ? new Loaded(binary, "", List.of(), false)
                : new Loaded(binary, "", blocks(ElfFile.open(vdso.get().image()), memory), false);
    }

    private static List<int[]> blocks(ElfFile elf, BuildMemory memory) throws IOException {
        List<int[]> blocks = new ArrayList<>();
        for (UnwindBlock block : UnwindTable.read(elf, memory, BLOCK_WORDS_MAX).blocks()) {
            blocks.add(block.words());
        }
        return blocks;
    }
}

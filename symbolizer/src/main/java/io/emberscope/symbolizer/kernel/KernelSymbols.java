package io.emberscope.symbolizer.kernel;

import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What the kernel said of its functions at one moment. A few megabytes for a hundred thousand of
/// them. Safe for use by several threads.
///
/// The rules:
///
/// - Functions are symbols of type `t`, `T`, `w` and `W`. Of several at one address, global comes
///   before weak before local, then the shortest, then the first in the order of bytes.
/// - A function reaches to the next one, as the kernel does not say how long it is; at most to
///   `_etext` or `_einittext`, where code ends. The last function of a module, or a BPF program,
///   reaches at most 64 KiB.
public final class KernelSymbols {
    /// Bytes that the last function before a gap may be long.
    static final int LAST_FUNCTION_BYTES_MAX = 64 * 1024;

    /// Marks where code ends, in place of a reference to a name.
    static final int END_OF_CODE = -1;

    /// The kernel's own functions, by distance from `_text`; unsigned, so kept minus 2^31.
    private final int[] starts;

    private final int[] names;

    /// Functions of modules and BPF programs, by address; unsigned, so kept minus 2^63.
    private final long[] moduleStarts;

    private final int[] moduleNames;
    private final short[] moduleNumbers;
    private final List<Module> modules;
    private final Names text;
    private final long textStart;
    private final String buildId;
    private final String whyEmpty;

    /// Code beside the kernel itself.
    ///
    /// @param name in brackets
    /// @param base where it begins; 0 if it is no module, but code made at run time
    record Module(String name, String buildId, long base) {}

    KernelSymbols(
            int[] starts,
            int[] names,
            long[] moduleStarts,
            int[] moduleNames,
            short[] moduleNumbers,
            List<Module> modules,
            Names text,
            long textStart,
            String buildId,
            String whyEmpty) {
        this.starts = starts;
        this.names = names;
        this.moduleStarts = moduleStarts;
        this.moduleNames = moduleNames;
        this.moduleNumbers = moduleNumbers;
        this.modules = modules;
        this.text = text;
        this.textStart = textStart;
        this.buildId = buildId;
        this.whyEmpty = whyEmpty;
    }

    /// Knows no function.
    ///
    /// @param whyEmpty what is wrong and what to do
    static KernelSymbols none(String whyEmpty, String buildId) {
        return new KernelSymbols(
                new int[0],
                new int[0],
                new long[0],
                new int[0],
                new short[0],
                List.of(),
                new Names(),
                0,
                buildId,
                whyEmpty);
    }

    /// Reads them all. If the kernel hides its addresses, and there is no other way to them, the
    /// result is empty and [#whyEmpty] says so.
    ///
    /// @param hidden where addresses are if the files hide them
    /// @throws io.emberscope.base.bytes.MalformedInputException if the text is not what kernels
    ///   write
    public static KernelSymbols read(KernelFiles files, SymbolText hidden) throws IOException {
        KernelSymbolsBuilder shown = builder(files, () -> Files.newInputStream(files.symbols()));
        if (!shown.isHidden()) {
            return shown.build();
        }
        try {
            return builder(files, hidden).build();
        } catch (MalformedInputException e) {
            throw e;
        } catch (IOException e) {
            KernelSymbols none = shown.build();
            return none(none.whyEmpty + "; nor " + e.getMessage(), none.buildId);
        }
    }

    private static KernelSymbolsBuilder builder(KernelFiles files, SymbolText text)
            throws IOException {
        KernelSymbolsBuilder builder = new KernelSymbolsBuilder(files);
        try (InputStream in = files.openModules()) {
            builder.readModules(in);
        }
        try (InputStream in = text.open()) {
            builder.readSymbols(in);
        }
        return builder;
    }

    /// Why there are no functions, and what to do; empty if there are some.
    public Optional<String> whyEmpty() {
        return whyEmpty.isEmpty() ? Optional.empty() : Optional.of(whyEmpty);
    }

    /// The kernel's build id in lower-case hex, or empty.
    public String buildId() {
        return buildId;
    }

    /// Address of `_text`, from which offsets in the kernel count; 0 if it is not known.
    public long textStart() {
        return textStart;
    }

    /// Functions known.
    public int size() {
        return starts.length + moduleStarts.length;
    }

    /// Memory it takes.
    public long bytes() {
        return 8L * starts.length + 14L * moduleStarts.length + text.bytes();
    }

    /// The place at `address`. An address that a callee returns to may be the first of the next
    /// function: ask for it minus one.
    public KernelFrame frame(long address) {
        int module = floor(moduleStarts, address + Long.MIN_VALUE);
        if (module >= 0 && moduleNames[module] != END_OF_CODE && isWithin(module, address)) {
            return ofModule(module, address);
        }
        long offset = address - textStart;
        if (starts.length == 0 || offset < 0 || offset > 0xffff_ffffL) {
            return KernelFrame.unknown(address);
        }
        int index = floor(starts, (int) (offset + Integer.MIN_VALUE));
        boolean isLast = index == starts.length - 1;
        if (index < 0
                || (isLast && offset - start(index) >= LAST_FUNCTION_BYTES_MAX)
                || names[index] == END_OF_CODE) {
            return KernelFrame.unknown(address);
        }
        return new KernelFrame(KernelFrame.KERNEL, buildId, offset, text.text(names[index]));
    }

    private long start(int index) {
        return (long) starts[index] - Integer.MIN_VALUE;
    }

    private boolean isWithin(int index, long address) {
        boolean isFollowed =
                index + 1 < moduleStarts.length
                        && moduleNumbers[index + 1] == moduleNumbers[index]
                        && modules.get(moduleNumbers[index]).base() != 0;
        return isFollowed
                || address + Long.MIN_VALUE - moduleStarts[index] < LAST_FUNCTION_BYTES_MAX;
    }

    private KernelFrame ofModule(int index, long address) {
        Module module = modules.get(moduleNumbers[index]);
        long from = module.base() != 0 ? module.base() : moduleStarts[index] - Long.MIN_VALUE;
        return new KernelFrame(
                module.name(), module.buildId(), address - from, text.text(moduleNames[index]));
    }

    private static int floor(long[] sorted, long key) {
        int found = Arrays.binarySearch(sorted, key);
        return found >= 0 ? found : -found - 2;
    }

    private static int floor(int[] sorted, int key) {
        int found = Arrays.binarySearch(sorted, key);
        return found >= 0 ? found : -found - 2;
    }
}

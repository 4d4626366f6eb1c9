package io.emberscope.symbolizer.kernel;

import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Builds one [KernelSymbols] by the rules that are written there.
final class KernelSymbolsBuilder {
    static final int LINES_MAX = 4 * 1024 * 1024;
    static final int MODULES_MAX = 8 * 1024;

    // A sort key: distance from the lowest address (44 bits) and number (20). Kernel, modules and
    // BPF
    // programs are never farther apart: that would be 16 TiB.
    private static final int NUMBER_BITS = 20;
    private static final int NUMBER_MASK = (1 << NUMBER_BITS) - 1;
    private static final int DISTANCE_BITS = Long.SIZE - NUMBER_BITS - 1;

    private static final int RANK_GLOBAL = 0;
    private static final int RANK_WEAK = 1;
    private static final int RANK_LOCAL = 2;
    private static final int RANK_END = 3;
    private static final short KERNEL = 0;

    private static final int BUFFER_BYTES = 64 * 1024;
    private static final int TEXT_WORD_MAX = 64;

    private final KernelFiles files;
    private final Map<String, Long> bases = new HashMap<>();
    private final List<String> moduleNames = new ArrayList<>();
    private final Map<String, Short> moduleNumbers = new HashMap<>();
    private final Names names = new Names();
    private long[] addresses = new long[16 * 1024];
    private int[] references = new int[16 * 1024];
    private short[] owners = new short[16 * 1024];
    private byte[] ranks = new byte[16 * 1024];
    private int count;
    private boolean sawSymbol;
    private long anyBit;
    private long text;
    private long stext;
    private long lowest;
    private byte[] lastOwner = {};
    private short lastOwnerNumber;

    KernelSymbolsBuilder(KernelFiles files) {
        this.files = files;
        moduleNames.add(KernelFrame.KERNEL);
    }

    /// Lines of name, size, users, who they are, state, address.
    void readModules(InputStream in) throws IOException {
        LineReader lines = new LineReader(in, "modules", MODULES_MAX, 2 * BUFFER_BYTES);
        while (lines.nextLine()) {
            int length = lines.nextWord();
            if (length == 0 || length > TEXT_WORD_MAX) {
                throw lines.malformed("name", "1.." + TEXT_WORD_MAX + " bytes");
            }
            String name = word(lines, length);
            for (int i = 0; i < 4; i++) {
                lines.nextWord();
            }
            bases.put(name, lines.hex("address"));
        }
    }

    private static String word(LineReader lines, int length) {
        return new String(
                lines.bytes(), lines.wordStart(length), length, StandardCharsets.US_ASCII);
    }

    /// Lines of address, type, name and perhaps a module in brackets.
    void readSymbols(InputStream in) throws IOException {
        LineReader lines = new LineReader(in, "kernel symbols", LINES_MAX, BUFFER_BYTES);
        while (lines.nextLine()) {
            long address = lines.hex("address");
            int length = lines.nextWord();
            if (length != 1) {
                throw lines.malformed("type", "one letter");
            }
            byte type = lines.bytes()[lines.wordStart(1)];
            sawSymbol = true;
            anyBit |= address;
            if (type == 't' || type == 'T' || type == 'w' || type == 'W') {
                symbol(lines, address, type);
            }
        }
    }

    private void symbol(LineReader lines, long address, byte type) throws IOException {
        int length = lines.nextWord();
        if (length == 0) {
            throw lines.malformed("name", "at least one byte");
        }
        int start = lines.wordStart(length);
        for (int i = start; i < start + length; i++) {
            if (Character.isISOControl(lines.bytes()[i] & 0xff) && lines.bytes()[i] >= 0) {
                throw lines.malformed("name", "no control characters");
            }
        }
        int ownerLength = lines.nextWord();
        if (address == 0) {
            return; // hidden, or a weak function that nobody defined
        }
        short owner = KERNEL;
        if (ownerLength > 0) {
            owner = owner(lines, lines.wordStart(ownerLength), ownerLength);
        }
        int rank = type == 'T' ? RANK_GLOBAL : type == 't' ? RANK_LOCAL : RANK_WEAK;
        if (owner == KERNEL) {
            if (is(lines, start, length, "_text")) {
                text = address;
            } else if (is(lines, start, length, "_stext")) {
                stext = address;
            } else if (is(lines, start, length, "_etext")
                    || is(lines, start, length, "_einittext")) {
                rank = RANK_END;
            }
        }
        int reference =
                rank == RANK_END
                        ? KernelSymbols.END_OF_CODE
                        : names.add(lines.bytes(), start, length);
        add(lines, address, reference, owner, rank);
    }

    private static boolean is(LineReader lines, int start, int length, String wanted) {
        if (length != wanted.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (lines.bytes()[start + i] != wanted.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /// The number of a module; lines of one module come together, so the last is remembered.
    private short owner(LineReader lines, int start, int length) throws MalformedInputException {
        byte[] bytes = lines.bytes();
        if (Arrays.equals(lastOwner, 0, lastOwner.length, bytes, start, start + length)) {
            return lastOwnerNumber;
        }
        if (length < 3
                || length > TEXT_WORD_MAX + 2
                || bytes[start] != '['
                || bytes[start + length - 1] != ']') {
            throw lines.malformed("module", "1.." + TEXT_WORD_MAX + " bytes in brackets");
        }
        String name = new String(bytes, start, length, StandardCharsets.US_ASCII);
        Short number = moduleNumbers.get(name);
        if (number == null) {
            if (moduleNames.size() > MODULES_MAX) {
                throw lines.malformed("module", "at most " + MODULES_MAX);
            }
            number = (short) moduleNames.size();
            moduleNames.add(name);
            moduleNumbers.put(name, number);
        }
        lastOwner = Arrays.copyOfRange(bytes, start, start + length);
        lastOwnerNumber = number;
        return lastOwnerNumber;
    }

    private void add(LineReader lines, long address, int reference, short owner, int rank)
            throws MalformedInputException {
        if (count > NUMBER_MASK) {
            throw lines.malformed("a function", "at most " + (NUMBER_MASK + 1));
        }
        if (count == addresses.length) {
            int more = Math.min(NUMBER_MASK + 1, count + (count >> 1));
            addresses = Arrays.copyOf(addresses, more);
            references = Arrays.copyOf(references, more);
            owners = Arrays.copyOf(owners, more);
            ranks = Arrays.copyOf(ranks, more);
        }
        lowest = count == 0 || Long.compareUnsigned(address, lowest) < 0 ? address : lowest;
        addresses[count] = address;
        references[count] = reference;
        owners[count] = owner;
        ranks[count] = (byte) rank;
        count++;
    }

    /// Whether there are symbols, but none has its address.
    boolean isHidden() {
        return sawSymbol && anyBit == 0;
    }

    KernelSymbols build() throws MalformedInputException {
        String buildId = files.buildId().orElse("");
        if (!sawSymbol) {
            return KernelSymbols.none(
                    "kernel symbols: none in "
                            + files.symbols()
                            + " (expected: a kernel built with CONFIG_KALLSYMS)",
                    buildId);
        }
        if (isHidden()) {
            return KernelSymbols.none(
                    "kernel symbols: every address in "
                            + files.symbols()
                            + " is zero (expected: CAP_SYSLOG or root, and the sysctl"
                            + " kernel.kptr_restrict at 0 or 1)",
                    buildId);
        }
        if (count == 0) {
            return KernelSymbols.none(
                    "kernel symbols: no function in " + files.symbols() + " (expected: some)",
                    buildId);
        }
        return sorted(buildId);
    }

    private KernelSymbols sorted(String buildId) {
        long[] keys = new long[count];
        int kept = 0;
        for (int i = 0; i < count; i++) {
            long distance = addresses[i] - lowest;
            if (distance >>> DISTANCE_BITS == 0) {
                keys[kept++] = distance << NUMBER_BITS | i;
            }
        }
        Arrays.sort(keys, 0, kept);
        int functions = dropAliases(keys, kept);
        long textStart = textStart();
        int ofKernel = 0;
        for (int i = 0; i < functions; i++) {
            int number = (int) keys[i] & NUMBER_MASK;
            if (isOfKernel(number, textStart)) {
                ofKernel++;
            }
        }
        return split(keys, functions, ofKernel, textStart, buildId);
    }

    /// Keeps the best symbol of each address, in place.
    private int dropAliases(long[] keys, int length) {
        int kept = 0;
        for (int i = 0; i < length; i++) {
            boolean isAlias = kept > 0 && keys[i] >>> NUMBER_BITS == keys[kept - 1] >>> NUMBER_BITS;
            if (!isAlias) {
                keys[kept++] = keys[i];
            } else if (isBetter((int) keys[i] & NUMBER_MASK, (int) keys[kept - 1] & NUMBER_MASK)) {
                keys[kept - 1] = keys[i];
            }
        }
        return kept;
    }

    private boolean isBetter(int number, int than) {
        if (ranks[number] != ranks[than]) {
            return ranks[number] < ranks[than];
        }
        return ranks[number] != RANK_END && names.isBetter(references[number], references[than]);
    }

    private long textStart() {
        return text != 0 ? text : stext != 0 ? stext : lowest;
    }

    private boolean isOfKernel(int number, long textStart) {
        long offset = addresses[number] - textStart;
        return owners[number] == KERNEL && offset >= 0 && offset <= 0xffff_ffffL;
    }

    private KernelSymbols split(
            long[] keys, int functions, int ofKernel, long textStart, String buildId) {
        int[] starts = new int[ofKernel];
        int[] kernelNames = new int[ofKernel];
        int others = functions - ofKernel;
        long[] otherStarts = new long[others];
        int[] otherNames = new int[others];
        short[] otherOwners = new short[others];
        int kernel = 0;
        int other = 0;
        for (int i = 0; i < functions; i++) {
            int number = (int) keys[i] & NUMBER_MASK;
            if (isOfKernel(number, textStart)) {
                starts[kernel] = (int) (addresses[number] - textStart + Integer.MIN_VALUE);
                kernelNames[kernel++] = references[number];
            } else {
                otherStarts[other] = addresses[number] + Long.MIN_VALUE;
                otherNames[other] = references[number];
                otherOwners[other++] = owners[number];
            }
        }
        names.trim();
        return new KernelSymbols(
                starts,
                kernelNames,
                otherStarts,
                otherNames,
                otherOwners,
                modules(),
                names,
                textStart,
                buildId,
                "");
    }

    private List<KernelSymbols.Module> modules() {
        List<KernelSymbols.Module> found = new ArrayList<>(moduleNames.size());
        for (String bracketed : moduleNames) {
            String name = bracketed.substring(1, bracketed.length() - 1);
            long base = bases.getOrDefault(name, 0L);
            String buildId = base == 0 ? "" : files.buildIdOfModule(name).orElse("");
            found.add(new KernelSymbols.Module(bracketed, buildId, base));
        }
        return List.copyOf(found);
    }
}

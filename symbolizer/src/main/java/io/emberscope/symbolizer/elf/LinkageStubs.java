package io.emberscope.symbolizer.elf;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The stubs of the procedure linkage table, through which a binary calls functions of others. They
/// have no symbols: a stub jumps to where a slot of the global offset table says, and a relocation
/// says which function the dynamic linker puts into that slot.
///
/// Only those of x86-64 are known, and not those for a binary's own indirect functions, whose
/// relocations name no symbol. What cannot be made sense of has no name; nothing is refused for it.
final class LinkageStubs {
    private static final int MACHINE_X86_64 = 62;
    private static final int TYPE_GLOBAL_DATA = 6;
    private static final int TYPE_JUMP_SLOT = 7;

    /// What linkers use for a stub: without and with room for lazy binding.
    private static final int BYTES_SHORT = 8;

    private static final int BYTES_LONG = 16;

    /// Sections of long stubs for which LLVM's linker does not say how long they are.
    private static final List<String> UNSAID = List.of(".plt", ".plt.sec");

    private static final int JUMP_BYTES = 6;
    private static final int JUMP = 0x25ff; // jmp *distance(%rip), little-endian

    /// Takes the stubs.
    interface Visitor {
        void stub(long address, int length, int name) throws IOException;
    }

    private final ElfFile file;
    private long lowestAddress;
    private int slotCount;
    private int count;

    /// Slots that relocations fill: distance from the lowest address (32 bits), number of the
    /// symbol.
    private long[] slots = {};

    /// Stubs by number of the symbol (32 bits) and their own number.
    private long[] order = {};

    private long[] addresses = {};
    private byte[] lengths = {};

    private final Set<Section> unsaid = new HashSet<>();

    private LinkageStubs(ElfFile file) {
        this.file = file;
    }

    /// Finds the stubs.
    ///
    /// @param stubsMax if there may be more, none is found
    static LinkageStubs of(ElfFile file, int stubsMax) throws IOException {
        LinkageStubs stubs = new LinkageStubs(file);
        if (file.machine() == MACHINE_X86_64 && file.is64Bit()) {
            stubs.find(stubsMax);
        }
        return stubs;
    }

    /// How many there are.
    int size() {
        return count;
    }

    private void find(int stubsMax) throws IOException {
        findUnsaid();
        long expected = 0;
        for (Section section : file.sections()) {
            if (isStubs(section)) {
                expected += section.size() / stride(section);
                if (expected > stubsMax) {
                    return;
                }
            }
        }
        if (expected == 0) {
            return;
        }
        for (Segment segment : file.segments()) {
            if (segment.isLoaded()) {
                lowestAddress = segment.address(); // loaded segments are in ascending order
                break;
            }
        }
        int[] filled = {0};
        DynamicTable dynamic = DynamicTable.of(file);
        dynamic.forEachRelocation((slot, info) -> filled[0] += isSlot(slot, info) ? 1 : 0);
        if (filled[0] > stubsMax) {
            return;
        }
        slots = new long[filled[0]];
        dynamic.forEachRelocation(this::keepSlot);
        Arrays.sort(slots, 0, slotCount);
        order = new long[(int) expected];
        addresses = new long[(int) expected];
        lengths = new byte[(int) expected];
        for (Section section : file.sections()) {
            if (isStubs(section)) {
                scan(section);
            }
        }
        Arrays.sort(order, 0, count);
    }

    private void findUnsaid() throws IOException {
        try {
            for (String name : UNSAID) {
                file.section(name)
                        .filter(section -> section.entrySize() == 0)
                        .ifPresent(unsaid::add);
            }
        } catch (MalformedInputException _) {
            // The names of sections are nowhere, and neither are such stubs.
        }
    }

    private int stride(Section section) {
        return unsaid.contains(section) ? BYTES_LONG : (int) section.entrySize();
    }

    /// Sections of code that is a table.
    private boolean isStubs(Section section) {
        return section.isCode()
                && (section.entrySize() == BYTES_SHORT
                        || section.entrySize() == BYTES_LONG
                        || unsaid.contains(section))
                && file.reader().holds(section.offset(), section.size());
    }

    private boolean isSlot(long slot, long info) {
        int type = (int) info;
        return (type == TYPE_JUMP_SLOT || type == TYPE_GLOBAL_DATA)
                && info >>> Integer.SIZE != 0
                && distance(slot) >= 0;
    }

    /// Distance of a slot from the lowest address; -1 if it is too far away to be kept.
    private long distance(long slot) {
        long distance = slot - lowestAddress;
        return distance >>> (Integer.SIZE - 1) == 0 ? distance : -1;
    }

    private void keepSlot(long slot, long info) {
        if (isSlot(slot, info) && slotCount < slots.length) {
            slots[slotCount++] = (distance(slot) << Integer.SIZE) | info >>> Integer.SIZE;
        }
    }

    private void scan(Section section) throws IOException {
        int stride = stride(section);
        long stubs = section.size() / stride;
        int chunk = SourceReader.CHUNK_BYTES / stride;
        for (long done = 0; done < stubs; done += chunk) {
            int now = (int) Math.min(chunk, stubs - done);
            ByteCursor cursor =
                    file.reader().cursor(section.offset() + done * stride, now * stride, "stubs");
            for (int i = 0; i < now; i++) {
                long address = section.address() + (done + i) * stride;
                long symbol = symbolOf(address, cursor.slice(stride, "stub"));
                if (symbol > 0 && count < order.length) {
                    addresses[count] = address;
                    lengths[count] = (byte) stride;
                    order[count] = (symbol << Integer.SIZE) | count;
                    count++;
                }
            }
        }
    }

    /// Number of the symbol whose slot the stub's first indirect jump reads; 0 if there is none.
    private long symbolOf(long address, ByteCursor stub) throws IOException {
        int places = stub.remaining() - JUMP_BYTES;
        for (int i = 0; i <= places; i++) {
            stub.seek(i, "stub");
            if (stub.u16("stub.jump") == JUMP) {
                long distance = distance(address + i + JUMP_BYTES + stub.i32("stub.distance"));
                return distance < 0 ? 0 : symbolAt(distance);
            }
        }
        return 0;
    }

    private long symbolAt(long distance) {
        int found = Arrays.binarySearch(slots, 0, slotCount, distance << Integer.SIZE);
        int next = found >= 0 ? found : -found - 1;
        return next < slotCount && slots[next] >>> Integer.SIZE == distance
                ? slots[next] & 0xffff_ffffL
                : 0;
    }

    /// Passes the stubs that have a name to `visitor`.
    ///
    /// @param symbols the dynamic ones
    void forEach(SymbolTable symbols, Visitor visitor) throws IOException {
        long[] at = {0, 0}; // the symbol, the stub
        symbols.forEach(
                file,
                (name, _, _, _, _) -> {
                    while (at[1] < count && order[(int) at[1]] >>> Integer.SIZE == at[0]) {
                        int number = (int) order[(int) at[1]];
                        if (name > 0 && name < symbols.stringsLength()) {
                            visitor.stub(addresses[number], lengths[number], name);
                        }
                        at[1]++;
                    }
                    at[0]++;
                });
    }
}

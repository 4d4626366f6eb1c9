package io.emberscope.symbolizer.unwind;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.symbolizer.PathSource;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;

/// Makes tables of hostile files, and of the files given as arguments, in a heap as small as the
/// collector's, and says of each what became of it. Ends with an error if the heap is exhausted.
final class TableHeapMain {
    /// As the collector has it, see its `FileTables`.
    private static final long MEMORY_BYTES = 12 << 20;

    private static final int BLOCK_WORDS_MAX = (1 << 18) - 1024;

    /// What the rest of the collector may have in its heap.
    private static final byte[][] REST = new byte[16][1 << 20];

    private static final byte[] NOTHING = {};

    private TableHeapMain() {}

    /// Makes a file.
    interface Maker {
        HostileFile file() throws IOException;
    }

    static Map<String, Maker> hostile() {
        byte[] common = common();
        Map<String, Maker> files = new LinkedHashMap<>();
        files.put("functions", () -> frames(3_000_000, (i, out) -> function(out, 32 * i, 16)));
        files.put("gaps", () -> frames(300_000, (i, out) -> function(out, 64 * i, 16)));
        files.put(
                "rules",
                () ->
                        frames(
                                100_000,
                                (i, out) -> {
                                    function(out, 16 * i, 16);
                                    out.put((byte) 0x0c).put((byte) 10); // CFA = r10 + i
                                    out.put((byte) (i | 0x80)).put((byte) (i >> 7 | 0x80));
                                    out.put((byte) (i >> 14 & 0x7f));
                                }));
        files.put(
                "page index",
                () -> frames(1, (_, out) -> function(out, 0, HostileFile.CODE_BYTES)));
        files.put(
                "rows",
                () ->
                        frames(
                                1 << 20,
                                24,
                                (i, out) -> {
                                    function(out, i << 20, 1 << 20);
                                    for (int n = 0; out.remaining() >= 3; n++) {
                                        out.put((byte) 0x41)
                                                .put((byte) 0x0e)
                                                .put((byte) (8 + n % 2 * 8));
                                    }
                                }));
        files.put(
                "common entries",
                () ->
                        new HostileFile(
                                ".eh_frame",
                                0xc3,
                                NOTHING,
                                common.length + 40,
                                200_000,
                                (i, out) -> {
                                    out.put(common);
                                    function(out, 32 * i, 16);
                                    out.putInt(common.length + 4, common.length + 4);
                                }));
        files.put(
                "all frames",
                () -> frames(1, (i, out) -> function(out, 32 * i, 16)).claims(1L << 62));
        files.put("zeros", () -> frames(2_000_000, (_, out) -> out.putInt(0)));
        files.put("symbols", () -> symbols(4_000_000, 0xc3, 1, 1));
        files.put("unwalkable symbols", () -> symbols(60, 0x75, 256 * 1024, 256 * 1024));
        files.put("too many symbols", () -> symbols(4, 0xc3, 1, 1).claims(1L << 40));
        files.put("sections", () -> symbols(400_000, 0xc3, 1, 1).manySections());
        files.put("bomb", () -> compressed(12 << 20, 12 << 20));
        files.put("large bomb", () -> compressed(17 << 20, 17 << 20));
        files.put("claimed bomb", () -> compressed(0, (1L << 31) - 9));
        files.put("go functions", () -> go(3_000_000, 3_000_000));
        files.put("some go functions", () -> go(200_000, 200_000));
        files.put("claimed go functions", () -> go(100, (1L << 31) - 1));
        return files;
    }

    private static HostileFile frames(long count, HostileFile.Entry entry) {
        return frames(40, count, entry);
    }

    private static HostileFile frames(int stride, long count, HostileFile.Entry entry) {
        byte[] common = common();
        return new HostileFile(
                ".eh_frame",
                0xc3,
                common,
                stride,
                count,
                (i, out) -> {
                    entry.write(i, out);
                    if (out.getInt(0) != 0) {
                        out.putInt(4, (int) (common.length + i * stride + 4)); // back to the start
                    }
                });
    }

    private static byte[] common() {
        ByteBuffer out = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(20).putInt(0).put(new byte[] {1, 'z', 'R', 0, 1, 0x78, 16, 1, 0});
        return out.put(new byte[] {0x0c, 7, 8, (byte) 0x90, 1, 0, 0}).array();
    }

    /// An entry that fills the buffer, whose common entry is at the section's start.
    private static void function(ByteBuffer out, long at, long length) {
        int begin = out.position();
        out.putInt(out.limit() - begin - 4).putInt(0);
        out.putLong(HostileFile.CODE_ADDRESS + at).putLong(length).put((byte) 0);
        while (out.position() < out.limit()) {
            out.put((byte) 0);
        }
        out.position(begin + 25);
    }

    private static HostileFile symbols(long count, int code, long stride, long size) {
        return new HostileFile(
                ".symtab",
                code,
                NOTHING,
                24,
                count,
                (i, out) -> {
                    out.putInt(1).putInt(0x1_0012);
                    out.putLong(HostileFile.CODE_ADDRESS + i * stride).putLong(size);
                });
    }

    private static HostileFile compressed(int zeros, long claimed) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ByteBuffer header = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        bytes.writeBytes(header.putInt(1).putInt(0).putLong(claimed).putLong(1).array());
        try (DeflaterOutputStream out = new DeflaterOutputStream(bytes)) {
            for (int i = 0; i < zeros; i += 1 << 16) {
                out.write(new byte[1 << 16]);
            }
        }
        byte[] data = bytes.toByteArray();
        return new HostileFile(".debug_frame", 0xc3, data, 1, 0, (_, _) -> {}).compressed();
    }

    private static HostileFile go(long count, long claimed) {
        ByteBuffer out = ByteBuffer.allocate(72).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0xffff_fff1).putShort((short) 0).put((byte) 1).put((byte) 8);
        out.putLong(claimed).putLong(0).putLong(HostileFile.CODE_ADDRESS);
        out.putLong(0x1002); // for all functions: 0 bytes of stack up to the 16th byte
        out.putLong(0).putLong(0).putLong(0).putLong(72);
        return new HostileFile(
                ".gopclntab",
                0xcc,
                out.array(),
                8,
                count + 8,
                (i, to) -> to.putInt(16 * (int) i).putInt(0));
    }

    public static void main(String[] args) throws IOException {
        for (Map.Entry<String, Maker> file : hostile().entrySet()) {
            make(file.getKey(), file.getValue().file());
        }
        for (String path : args) {
            try (PathSource source = PathSource.open(Path.of(path))) {
                make(path, source);
            }
        }
        System.out.println("end, beside " + REST.length + " MiB");
    }

    private static void make(String name, ByteSource source) {
        long start = System.nanoTime();
        String result;
        try (BuildMemory memory = new BuildMemory.Pool(MEMORY_BYTES).open()) {
            UnwindTable table = UnwindTable.read(ElfFile.open(source), memory, BLOCK_WORDS_MAX);
            int rows = table.blocks().stream().mapToInt(UnwindBlock::rows).sum();
            result = "made, rows: " + rows;
        } catch (IOException e) {
            result = "refused, " + e.getMessage();
        }
        System.out.println(
                name + ": " + (System.nanoTime() - start) / 1_000_000 + " ms: " + result);
    }
}

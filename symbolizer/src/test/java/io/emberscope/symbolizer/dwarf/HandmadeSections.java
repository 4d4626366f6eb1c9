package io.emberscope.symbolizer.dwarf;

import io.emberscope.base.bytes.ArraySource;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes ELF files that have nothing but sections with the names and bytes given, and code at
/// [#CODE] that is not in the file.
public final class HandmadeSections {
    static final long CODE = 0x1000;
    static final long CODE_BYTES = 0x1000;

    static final long COMPRESSED = 0x800;

    private record Content(byte[] bytes, long flags) {}

    private final boolean wide;
    private final ByteOrder order;
    private final Map<String, Content> contents = new LinkedHashMap<>();
    private long code = CODE;

    public HandmadeSections(boolean wide, ByteOrder order) {
        this.wide = wide;
        this.order = order;
    }

    /// Says where the code is.
    HandmadeSections code(long address) {
        code = address;
        return this;
    }

    HandmadeSections with(String name, Bytes bytes) {
        return with(name, bytes.toBytes(), 0);
    }

    public HandmadeSections with(String name, byte[] bytes, long flags) {
        contents.put(name, new Content(bytes.clone(), flags));
        return this;
    }

    public ElfFile open() throws IOException {
        return ElfFile.open(new ArraySource(bytes()));
    }

    public byte[] bytes() {
        int header = wide ? 64 : 52;
        int stride = wide ? 64 : 40;
        ByteArrayOutputStream names = new ByteArrayOutputStream();
        names.write(0);
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        ByteBuffer table =
                ByteBuffer.allocate((contents.size() + 3) * stride).order(order).position(stride);
        section(table, name(names, ".text"), 8, 6, code, 0, CODE_BYTES);
        contents.forEach(
                (name, content) -> {
                    int at = header + data.size();
                    section(
                            table,
                            name(names, name),
                            1,
                            content.flags,
                            0,
                            at,
                            content.bytes.length);
                    data.writeBytes(content.bytes);
                });
        int shstrtab = name(names, ".shstrtab");
        int namesAt = header + data.size();
        section(table, shstrtab, 3, 0, 0, namesAt, names.size());
        data.writeBytes(names.toByteArray());
        ByteBuffer out = ByteBuffer.allocate(header + data.size() + table.capacity()).order(order);
        out.put(new byte[] {0x7f, 'E', 'L', 'F', (byte) (wide ? 2 : 1)});
        out.put((byte) (order == ByteOrder.LITTLE_ENDIAN ? 1 : 2)).put((byte) 1);
        out.position(16);
        out.putShort((short) 3).putShort((short) (wide ? 62 : 3)).putInt(1);
        word(out, 0);
        word(out, 0);
        word(out, header + data.size());
        out.putInt(0).putShort((short) header).putShort((short) 0).putShort((short) 0);
        out.putShort((short) stride).putShort((short) (contents.size() + 3));
        out.putShort((short) (contents.size() + 2));
        out.position(header).put(data.toByteArray()).put(table.array());
        return out.array();
    }

    private static int name(ByteArrayOutputStream names, String name) {
        int at = names.size();
        names.writeBytes((name + '\0').getBytes(StandardCharsets.ISO_8859_1));
        return at;
    }

    private void section(
            ByteBuffer out, int name, int type, long flags, long address, long offset, long size) {
        out.putInt(name).putInt(type);
        word(out, flags);
        word(out, address);
        word(out, offset);
        word(out, size);
        out.putInt(0).putInt(0);
        word(out, 1);
        word(out, 0);
    }

    private void word(ByteBuffer out, long value) {
        if (wide) {
            out.putLong(value);
        } else {
            out.putInt((int) value);
        }
    }

    /// Bytes of a section in the making.
    static final class Bytes {
        private final ByteBuffer out = ByteBuffer.allocate(64 * 1024);

        Bytes(ByteOrder order) {
            out.order(order);
        }

        Bytes u1(int... values) {
            for (int value : values) {
                out.put((byte) value);
            }
            return this;
        }

        Bytes u2(int value) {
            out.putShort((short) value);
            return this;
        }

        Bytes u4(long value) {
            out.putInt((int) value);
            return this;
        }

        Bytes u8(long value) {
            out.putLong(value);
            return this;
        }

        /// A number of 4 or 8 bytes.
        Bytes word(int width, long value) {
            return width == 4 ? u4(value) : u8(value);
        }

        Bytes uleb(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                out.put((byte) (rest | 0x80));
                rest >>>= 7;
            }
            out.put((byte) rest);
            return this;
        }

        Bytes text(String text) {
            out.put(text.getBytes(StandardCharsets.ISO_8859_1)).put((byte) 0);
            return this;
        }

        Bytes bytes(Bytes other) {
            out.put(other.toBytes());
            return this;
        }

        /// The length of what follows, in 32- or 64-bit DWARF, and that.
        Bytes sized(boolean wide, Bytes body) {
            if (wide) {
                u4(0xffff_ffffL).u8(body.size());
            } else {
                u4(body.size());
            }
            return bytes(body);
        }

        int size() {
            return out.position();
        }

        byte[] toBytes() {
            byte[] bytes = new byte[out.position()];
            out.get(0, bytes);
            return bytes;
        }
    }
}

package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteSource;
import io.emberscope.base.bytes.MalformedInputException;
import java.io.IOException;

/// Reads the blocks of a symbol file, and checks each when it is read.
final class Blocks {
    private final ByteSource source;
    private final String name;
    private final SymbolMemory memory;
    private final long owner;

    /// Where blocks end.
    private final long end;

    /// @param name of the file, for errors
    Blocks(ByteSource source, String name, SymbolMemory memory, long owner) {
        this.source = source;
        this.name = name;
        this.memory = memory;
        this.owner = owner;
        this.end = source.size() - Layout.FOOT_BYTES;
    }

    /// Whether a block may be there.
    static boolean isInside(long position, long length, long end) {
        return length > Layout.CHECKSUM_BYTES
                && length <= Layout.BLOCK_BYTES_MAX
                && position >= Layout.HEAD_BYTES
                && position <= end - length;
    }

    static void checkChecksum(int told, int found) throws MalformedInputException {
        if (told != found) {
            throw new MalformedInputException(
                    "checksum: 0x"
                            + Integer.toHexString(told)
                            + " (expected: 0x"
                            + Integer.toHexString(found)
                            + ")");
        }
    }

    /// The block at a place, which was read of late or is read now.
    Block get(Layout.Kind kind, long position, long length) throws IOException {
        long key = position << Layout.CODE_BITS | kind.code;
        Block known = memory.blocks.get(owner, key);
        if (known != null && known.length() == length - Layout.CHECKSUM_BYTES) {
            return known;
        }
        try {
            Block block = read(kind, position, length);
            memory.blocks.put(owner, key, block, block.memoryBytes());
            return block;
        } catch (MalformedInputException e) {
            throw new MalformedInputException(
                    name + ": block at " + position + ": " + e.getMessage(), e);
        }
    }

    private Block read(Layout.Kind kind, long position, long length) throws IOException {
        if (!isInside(position, length, end)) {
            throw new MalformedInputException(
                    "length: "
                            + Long.toUnsignedString(length)
                            + " (expected: at most "
                            + Layout.BLOCK_BYTES_MAX
                            + ", within the file)");
        }
        int content = (int) length - Layout.CHECKSUM_BYTES;
        byte[] bytes = new byte[content + Column.PADDING_BYTES];
        source.fill(position, bytes, (int) length, "bytes");
        int told = 0;
        for (int i = 0; i < Layout.CHECKSUM_BYTES; i++) {
            told |= (bytes[content + i] & 0xff) << (i * Byte.SIZE);
        }
        checkChecksum(told, Output.checksum(position, bytes, 0, content));
        return new Block(kind, bytes, content);
    }

    MalformedInputException malformed(String message) {
        return new MalformedInputException(name + ": " + message);
    }

    /// To whom what is kept in memory belongs.
    long owner() {
        return owner;
    }

    /// The names that were read of late.
    Recent<String> names() {
        return memory.names;
    }
}

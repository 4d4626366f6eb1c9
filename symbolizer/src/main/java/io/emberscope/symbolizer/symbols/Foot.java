package io.emberscope.symbolizer.symbols;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.ByteWriter;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.elf.OwnAddresses;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// The end of a symbol file, which says what is where.
record Foot(
        Set<SymbolSource> sources,
        byte[] buildId,
        OwnAddresses addresses,
        Root symbols,
        Root rows,
        Root nodes,
        Root functions,
        Root files) {
    private static final OwnAddresses.Range NO_SEGMENT = new OwnAddresses.Range(0, 0, 0);

    /// @param position in the file at which they are written
    byte[] bytes(long position) {
        ByteWriter out = new ByteWriter(Layout.FOOT_BYTES);
        int bits = 0;
        for (SymbolSource source : sources) {
            bits |= source.bit();
        }
        out.i32(bits).i32(buildId.length).bytes(buildId);
        for (int i = buildId.length; i < Layout.BUILD_ID_BYTES_MAX; i++) {
            out.u8(0);
        }
        List<OwnAddresses.Range> segments = addresses.segments();
        out.i32(segments.size());
        for (int i = 0; i < OwnAddresses.SEGMENTS_MAX; i++) {
            OwnAddresses.Range at = i < segments.size() ? segments.get(i) : NO_SEGMENT;
            out.i64(at.offset()).i64(at.size()).i64(at.address());
        }
        for (Root root : new Root[] {symbols, rows, nodes, functions, files}) {
            out.i64(root.count()).i64(root.position()).i32(root.length()).i32(root.height());
        }
        out.i64(position + Layout.FOOT_BYTES).i64(Layout.MAGIC).i32(Layout.VERSION);
        byte[] content = out.toBytes();
        return out.i32(Output.checksum(position, content, 0, content.length)).toBytes();
    }

    /// @param bytes the file's last
    /// @param position in the file at which they are
    static Foot of(byte[] bytes, long position) throws MalformedInputException {
        int checked = Layout.FOOT_BYTES - Layout.CHECKSUM_BYTES;
        ByteCursor in = ByteCursor.of(bytes);
        in.seek(checked - Integer.BYTES - Long.BYTES, "foot");
        long magic = in.i64("magic");
        int version = in.i32("version");
        if (magic != Layout.MAGIC) {
            throw new MalformedInputException(
                    "end: 0x" + Long.toHexString(magic) + " (expected: that of a symbol file)");
        }
        checkVersion(version);
        int found = Output.checksum(position, bytes, 0, checked);
        Blocks.checkChecksum(in.i32("checksum"), found);
        in.seek(0, "foot");
        Set<SymbolSource> sources = sources(in.i32("sources"));
        byte[] buildId = buildId(in.i32("build id"), in.bytes(Layout.BUILD_ID_BYTES_MAX, "id"));
        OwnAddresses addresses = addresses(in);
        Root symbols = root(in, "symbols", Layout.BLOCK_BITS, position);
        Root rows = root(in, "rows", Layout.BLOCK_BITS, position);
        Root nodes = root(in, "nodes", Layout.BLOCK_BITS, position);
        Root functions = root(in, "functions", Layout.TEXTS_BITS, position);
        Root files = root(in, "files", Layout.TEXTS_BITS, position);
        long size = in.i64("size");
        if (size != position + Layout.FOOT_BYTES) {
            throw new MalformedInputException(
                    "size: " + (position + Layout.FOOT_BYTES) + " (expected: " + size + ")");
        }
        return new Foot(sources, buildId, addresses, symbols, rows, nodes, functions, files);
    }

    static void checkVersion(int version) throws MalformedInputException {
        if (version != Layout.VERSION) {
            throw new MalformedInputException(
                    "version: "
                            + Integer.toUnsignedString(version)
                            + " (expected: "
                            + Layout.VERSION
                            + ")");
        }
    }

    private static Set<SymbolSource> sources(int bits) throws MalformedInputException {
        Set<SymbolSource> sources = EnumSet.noneOf(SymbolSource.class);
        int rest = bits;
        for (SymbolSource source : SymbolSource.values()) {
            if ((bits & source.bit()) != 0) {
                sources.add(source);
                rest &= ~source.bit();
            }
        }
        if (rest != 0) {
            throw new MalformedInputException(
                    "sources: 0x"
                            + Integer.toHexString(bits)
                            + " (expected: those of version "
                            + Layout.VERSION
                            + ")");
        }
        return sources;
    }

    private static byte[] buildId(int length, byte[] bytes) throws MalformedInputException {
        if (length < 0 || length > Layout.BUILD_ID_BYTES_MAX) {
            throw new MalformedInputException(
                    "build id: "
                            + Integer.toUnsignedString(length)
                            + " bytes (expected: at most "
                            + Layout.BUILD_ID_BYTES_MAX
                            + ")");
        }
        return java.util.Arrays.copyOf(bytes, length);
    }

    private static OwnAddresses addresses(ByteCursor in) throws MalformedInputException {
        int count = in.i32("segments");
        if (count < 0 || count > OwnAddresses.SEGMENTS_MAX) {
            throw new MalformedInputException(
                    "segments: "
                            + Integer.toUnsignedString(count)
                            + " (expected: at most "
                            + OwnAddresses.SEGMENTS_MAX
                            + ")");
        }
        List<OwnAddresses.Range> segments = new ArrayList<>();
        for (int i = 0; i < OwnAddresses.SEGMENTS_MAX; i++) {
            OwnAddresses.Range at =
                    new OwnAddresses.Range(in.i64("offset"), in.i64("size"), in.i64("address"));
            if (i < count) {
                segments.add(at);
            }
        }
        return new OwnAddresses(segments);
    }

    /// @param bits of the number of things in a block of the lowest level
    private static Root root(ByteCursor in, String what, int bits, long end)
            throws MalformedInputException {
        Root root = new Root(in.i64(what), in.i64(what), in.i32(what), in.i32(what));
        if (root.equals(Root.EMPTY)) {
            return root;
        }
        int height = root.height();
        boolean isLegal =
                root.count() > 0
                        && root.count() <= Integer.MAX_VALUE
                        && height >= 0
                        && height <= Layout.HEIGHT_MAX
                        && (root.count() - 1) >>> Math.min(62, bits + height * Layout.BLOCK_BITS)
                                == 0
                        && Blocks.isInside(root.position(), root.length(), end);
        if (!isLegal) {
            throw new MalformedInputException(what + ": " + root + " (expected: within the file)");
        }
        return root;
    }
}

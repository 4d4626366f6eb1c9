package io.emberscope.symbolizer.dwarf;

import io.emberscope.symbolizer.dwarf.HandmadeSections.Bytes;
import java.nio.ByteOrder;

/// One unit of debug information in any version, width and byte order, right or wrong on purpose.
/// Its code is at 0x1000 to 0x1100: `outer` is at 0x1010 to 0x1080, and into it at line 7 of
/// `/src/a.c` was inlined `_inner`, at 0x1020 to 0x1030 and 0x1040 to 0x1048. `outer` has line 5,
/// and line 9 from 0x1044 on; the inlined parts before that have line 2 of `/src/sub/b.h`.
final class HandmadeDwarf {
    static final String OUTER = "outer\n/src/a.c:5";
    static final String INNER = "_inner\n/src/sub/b.h:2\nouter\n/src/a.c:7";
    static final String INNER_LATER = "_inner\n/src/a.c:9\nouter\n/src/a.c:7";
    static final String OUTER_LATER = "outer\n/src/a.c:9";
    static final String NO_FUNCTION = "??\n/src/a.c:5";
    static final String UNKNOWN = "??\n??:0";

    final int version;
    final boolean wideDwarf;
    final boolean wideAddresses;
    final ByteOrder order;
    private final int offsetBytes;
    private final int addressBytes;
    private boolean hasCycle;
    private int extraDepth;
    private long origin = -1;

    HandmadeDwarf(int version, boolean wideDwarf, boolean wideAddresses, ByteOrder order) {
        this.version = version;
        this.wideDwarf = wideDwarf;
        this.wideAddresses = wideAddresses;
        this.order = order;
        this.offsetBytes = wideDwarf ? 8 : 4;
        this.addressBytes = wideAddresses ? 8 : 4;
    }

    static HandmadeDwarf usual() {
        return new HandmadeDwarf(5, false, true, ByteOrder.LITTLE_ENDIAN);
    }

    /// The name of what was inlined refers to itself, in a circle.
    HandmadeDwarf cycle() {
        hasCycle = true;
        return this;
    }

    /// Puts so many blocks around what was inlined.
    HandmadeDwarf blocks(int depth) {
        extraDepth = depth;
        return this;
    }

    /// Lets what was inlined refer to another place in the unit.
    HandmadeDwarf origin(long place) {
        origin = place;
        return this;
    }

    HandmadeSections sections() {
        return new HandmadeSections(wideAddresses, order)
                .with(".debug_info", info())
                .with(".debug_abbrev", abbrev())
                .with(".debug_str", new Bytes(order).text("").text("_inner"))
                .with(".debug_line", lines())
                .with(version >= 5 ? ".debug_rnglists" : ".debug_ranges", ranges());
    }

    private int offsetForm() {
        return version >= 4 ? Form.SEC_OFFSET : wideDwarf ? Form.DATA8 : Form.DATA4;
    }

    Bytes abbrev() {
        int lengthForm = version >= 4 ? Form.DATA4 : Form.ADDR;
        int linkage = version >= 4 ? Attribute.LINKAGE_NAME : Attribute.MIPS_LINKAGE_NAME;
        Bytes out = new Bytes(order);
        out.uleb(1).uleb(0x11).u1(1);
        pair(out, Attribute.COMP_DIR, Form.STRING);
        pair(out, Attribute.STMT_LIST, offsetForm());
        pair(out, Attribute.LOW_PC, Form.ADDR);
        pair(out, Attribute.HIGH_PC, lengthForm);
        pair(out, 0, 0);
        out.uleb(2).uleb(0x2e).u1(0);
        pair(out, Attribute.NAME, Form.STRING);
        if (hasCycle) {
            pair(out, Attribute.SPECIFICATION, Form.REF4);
        } else {
            pair(out, linkage, Form.STRP);
        }
        pair(out, 0, 0);
        out.uleb(3).uleb(0x2e).u1(1);
        pair(out, Attribute.LOW_PC, Form.ADDR);
        pair(out, Attribute.HIGH_PC, lengthForm);
        pair(out, Attribute.NAME, Form.STRING);
        pair(out, 0, 0);
        out.uleb(4).uleb(0x1d).u1(0);
        pair(out, Attribute.ABSTRACT_ORIGIN, Form.REF4);
        pair(out, Attribute.RANGES, offsetForm());
        pair(out, Attribute.CALL_FILE, Form.DATA1);
        pair(out, Attribute.CALL_LINE, Form.UDATA);
        pair(out, 0, 0);
        out.uleb(300).uleb(0x0b).u1(1); // a block
        pair(out, 0x02, Form.BLOCK1);
        pair(out, 0, 0);
        return out.uleb(0);
    }

    private static void pair(Bytes out, int attribute, int form) {
        out.uleb(attribute).uleb(form);
    }

    Bytes info() {
        Bytes body = new Bytes(order).u2(version);
        if (version >= 5) {
            body.u1(UnitHeader.COMPILE, addressBytes).word(offsetBytes, 0);
        } else {
            body.word(offsetBytes, 0).u1(addressBytes);
        }
        int lengthBytes = wideDwarf ? 12 : 4;
        body.uleb(1).text("/src").word(offsetBytes, 0);
        body.word(addressBytes, 0x1000);
        end(body, 0x1000, 0x100);
        int inner = lengthBytes + body.size();
        body.uleb(2).text("inner");
        if (hasCycle) {
            body.u4(inner);
        } else {
            body.word(offsetBytes, 1);
        }
        body.uleb(3).word(addressBytes, 0x1010);
        end(body, 0x1010, 0x70);
        body.text("outer");
        for (int i = 0; i < extraDepth; i++) {
            body.uleb(300).u1(2, 0xff, 0xff);
        }
        body.uleb(4).u4(origin >= 0 ? origin : inner).word(offsetBytes, rangesAt());
        body.u1(version >= 5 ? 0 : 1).uleb(7);
        for (int i = 0; i < extraDepth + 2; i++) {
            body.uleb(0);
        }
        return new Bytes(order).sized(wideDwarf, body);
    }

    private void end(Bytes out, long start, long length) {
        if (version >= 4) {
            out.u4(length);
        } else {
            out.word(addressBytes, start + length);
        }
    }

    private int rangesAt() {
        return version >= 5 ? (wideDwarf ? 20 : 12) : 2 * addressBytes;
    }

    Bytes ranges() {
        Bytes out = new Bytes(order);
        if (version < 5) {
            out.word(addressBytes, 0).word(addressBytes, 0);
            out.word(addressBytes, 0x20).word(addressBytes, 0x30);
            out.word(addressBytes, -2).word(addressBytes, -2);
            out.word(addressBytes, -1).word(addressBytes, 0x1020);
            out.word(addressBytes, 0x20).word(addressBytes, 0x28);
            return out.word(addressBytes, 0).word(addressBytes, 0);
        }
        Bytes body = new Bytes(order).u2(5).u1(addressBytes, 0).u4(0);
        body.u1(4).uleb(0x20).uleb(0x30);
        body.u1(6).word(addressBytes, -1).word(addressBytes, -1);
        body.u1(5).word(addressBytes, 0x1040);
        body.u1(4).uleb(0).uleb(8);
        body.u1(0);
        return out.sized(wideDwarf, body);
    }

    Bytes lines() {
        Bytes header = new Bytes(order);
        header.u1(1);
        if (version >= 4) {
            header.u1(1);
        }
        header.u1(1, -5, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1);
        if (version >= 5) {
            header.u1(1, 1, Form.STRING).uleb(2).text("/src").text("sub");
            header.u1(3, 1, Form.STRING, 2, Form.UDATA, 5, Form.DATA16).uleb(2);
            header.text("a.c").uleb(0).u8(1).u8(2);
            header.text("b.h").uleb(1).u8(1).u8(2);
        } else {
            header.text("sub").u1(0);
            header.text("a.c").uleb(0).uleb(0).uleb(0);
            header.text("b.h").uleb(1).uleb(0).uleb(0).u1(0);
        }
        Bytes body = new Bytes(order).u2(version);
        if (version >= 5) {
            body.u1(addressBytes, 0);
        }
        int first = version >= 5 ? 0 : 1;
        body.word(offsetBytes, header.size()).bytes(header);
        address(body, 0x1000);
        body.u1(4).uleb(first); // file
        body.u1(3, 4, 1); // line 5, a row
        body.u1(2).uleb(0x20).u1(4).uleb(first + 1).u1(3, 0x7d, 1); // line 2 of the other
        body.u1(5, 9, 6); // column, statement
        body.u1(2).uleb(0x10).u1(4).uleb(first).u1(3, 3, 1); // line 5
        body.u1(2).uleb(0x10).u1(4).uleb(first + 1).u1(3, 0x7d, 1); // line 2 of the other
        body.u1(4).uleb(first).u1(3, 7, 13 + 14 * 4 + 5); // 4 bytes on, line 9, a row
        body.u1(2).uleb(0xc).u1(0, 1, 1);
        // Code that was discarded.
        address(body, -1);
        body.u1(1).u1(2).uleb(0x800).u1(0, 1, 1);
        return new Bytes(order).sized(wideDwarf, body);
    }

    private void address(Bytes out, long address) {
        out.u1(0).uleb(1 + (long) addressBytes).u1(2).word(addressBytes, address);
    }
}

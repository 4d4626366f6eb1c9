package io.emberscope.symbolizer.debugfiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.symbolizer.dwarf.HandmadeSections;
import io.emberscope.symbolizer.elf.ElfFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DebugLinkTest {
    private static final int CHECKSUM = 0x89ab_cdef;

    @Test
    void nameAndChecksumAreReadInEitherByteOrder() throws IOException {
        for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
            for (String name : new String[] {"a", "abc", "abcd", "näme with space.debug"}) {
                ElfFile file = file(order, ".gnu_debuglink", link(order, name));
                assertThat(DebugLink.of(file)).contains(new DebugLink(name, CHECKSUM));
            }
        }
    }

    @Test
    void aFileWithoutALinkHasNone() throws IOException {
        ElfFile file = file(ByteOrder.LITTLE_ENDIAN, ".other", new byte[8]);
        assertThat(DebugLink.of(file)).isEmpty();
        assertThat(SupplementLink.of(file)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "/etc/shadow",
                "../x",
                "a/b",
                "a\nb",
                "a\u001b[2Jb",
                "a\u202eb",
            })
    void namesThatLeadElsewhereAreRefused(String name) throws IOException {
        ElfFile file =
                file(
                        ByteOrder.LITTLE_ENDIAN,
                        ".gnu_debuglink",
                        link(ByteOrder.LITTLE_ENDIAN, name));
        assertThatThrownBy(() -> DebugLink.of(file))
                .isInstanceOf(MalformedInputException.class)
                .hasMessage(
                        ".gnu_debuglink: another name (expected: the name of a file, without"
                                + " directories)");
    }

    @Test
    void namesThatAreNotUtf8OrTooLongAreRefused() throws IOException {
        byte[] odd = link(ByteOrder.LITTLE_ENDIAN, "abc");
        odd[1] = (byte) 0xff;
        for (byte[] section : new byte[][] {odd, link(ByteOrder.LITTLE_ENDIAN, "x".repeat(256))}) {
            ElfFile file = file(ByteOrder.LITTLE_ENDIAN, ".gnu_debuglink", section);
            assertThatThrownBy(() -> DebugLink.of(file)).hasMessageContaining("another name");
        }
        ElfFile huge = file(ByteOrder.LITTLE_ENDIAN, ".gnu_debuglink", new byte[1 << 20]);
        assertThatThrownBy(() -> DebugLink.of(huge))
                .hasMessage(".gnu_debuglink: 1048576 bytes (expected: at most 8192)");
    }

    @Test
    void aLinkThatIsCutOffIsRefused() throws IOException {
        byte[] section = link(ByteOrder.LITTLE_ENDIAN, "abc");
        for (int length = 1; length < section.length; length++) {
            byte[] cut = Arrays.copyOf(section, length);
            ElfFile file = file(ByteOrder.LITTLE_ENDIAN, ".gnu_debuglink", cut);
            assertThatThrownBy(() -> DebugLink.of(file))
                    .isInstanceOf(MalformedInputException.class);
        }
    }

    @Test
    void aSupplementIsKnownByPathAndId() throws IOException {
        ElfFile file =
                file(
                        ByteOrder.LITTLE_ENDIAN,
                        ".gnu_debugaltlink",
                        bytes("../../.dwz/common\0", 0xab, 0xcd, 0xef));
        SupplementLink link = SupplementLink.of(file).orElseThrow();
        assertThat(link).isEqualTo(new SupplementLink("../../.dwz/common", "abcdef"));
    }

    @Test
    void dwarf5SaysTheSameInItsOwnWay() throws IOException {
        for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
            ElfFile file = file(order, ".debug_sup", supplement(order, 0, "common"));
            SupplementLink link = SupplementLink.of(file).orElseThrow();
            assertThat(link).isEqualTo(new SupplementLink("common", "abcdef"));
            ElfFile other = file(order, ".debug_sup", supplement(order, 1, ""));
            assertThat(SupplementLink.of(other)).isEqualTo(Optional.empty());
            assertThat(link.isTo(other)).isTrue();
            assertThat(new SupplementLink("common", "abcdee").isTo(other)).isFalse();
            assertThat(link.isTo(file)).isFalse();
        }
    }

    @Test
    void supplementsWithoutSenseAreRefused() throws IOException {
        for (byte[] section :
                new byte[][] {
                    bytes("common\0"),
                    bytes("common\0", 0xab),
                    bytes("\0", 0xab, 0xcd),
                    bytes("a\nb\0", 0xab, 0xcd),
                    bytes("common\0" + "x".repeat(65)),
                }) {
            ElfFile file = file(ByteOrder.LITTLE_ENDIAN, ".gnu_debugaltlink", section);
            assertThatThrownBy(() -> SupplementLink.of(file))
                    .isInstanceOf(MalformedInputException.class);
        }
        byte[] version4 = supplement(ByteOrder.LITTLE_ENDIAN, 0, "common");
        version4[0] = 4;
        ElfFile file = file(ByteOrder.LITTLE_ENDIAN, ".debug_sup", version4);
        assertThatThrownBy(() -> SupplementLink.of(file))
                .hasMessage(".debug_sup: version 4 (expected: 5)");
    }

    static ElfFile file(ByteOrder order, String section, byte[] bytes) throws IOException {
        return new HandmadeSections(true, order).with(section, bytes, 0).open();
    }

    static byte[] link(ByteOrder order, String name) {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        int at = (text.length + 4) & ~3;
        ByteBuffer out = ByteBuffer.allocate(at + 4).order(order);
        return out.put(text).putInt(at, CHECKSUM).array();
    }

    private static byte[] supplement(ByteOrder order, int isSupplement, String name) {
        byte[] rest = bytes(name + "\0", 3, 0xab, 0xcd, 0xef);
        return ByteBuffer.allocate(3 + rest.length)
                .order(order)
                .putShort((short) 5)
                .put((byte) isSupplement)
                .put(rest)
                .array();
    }

    private static byte[] bytes(String text, int... more) {
        byte[] first = text.getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(first, first.length + more.length);
        for (int i = 0; i < more.length; i++) {
            all[first.length + i] = (byte) more[i];
        }
        return all;
    }
}

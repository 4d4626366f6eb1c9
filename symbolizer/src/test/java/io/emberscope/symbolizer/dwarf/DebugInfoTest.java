package io.emberscope.symbolizer.dwarf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import io.emberscope.base.bytes.ArraySource;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.disk.LocalDisk;
import io.emberscope.symbolizer.dwarf.HandmadeSections.Bytes;
import io.emberscope.symbolizer.elf.ElfFile;
import io.emberscope.symbolizer.symbols.SymbolsTooLargeException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DebugInfoTest {
    @TempDir Path directory;
    private final RecordingSink sink = new RecordingSink();

    private DebugInfo.Told tell(HandmadeSections sections) throws Exception {
        return DebugInfo.of(sections.open()).tell(sink);
    }

    static Stream<HandmadeDwarf> kinds() {
        List<HandmadeDwarf> kinds = new ArrayList<>();
        for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
            for (int version = 2; version <= 5; version++) {
                for (int wide = 0; wide < 4; wide++) {
                    kinds.add(new HandmadeDwarf(version, (wide & 1) != 0, (wide & 2) != 0, order));
                }
            }
        }
        return kinds.stream();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everyVersionWidthAndOrderIsRead(HandmadeDwarf dwarf) throws Exception {
        DebugInfo.Told told = tell(dwarf.sections());

        assertThat(told).isEqualTo(new DebugInfo.Told(1, 0, 0, 0, 0, ""));
        assertRight();
    }

    private void assertRight() {
        assertThat(sink.at(0xfff)).isEqualTo(HandmadeDwarf.UNKNOWN);
        assertThat(sink.at(0x1000)).isEqualTo(HandmadeDwarf.NO_FUNCTION);
        assertThat(sink.at(0x1010)).isEqualTo(HandmadeDwarf.OUTER);
        assertThat(sink.at(0x101f)).isEqualTo(HandmadeDwarf.OUTER);
        assertThat(sink.at(0x1020)).isEqualTo(HandmadeDwarf.INNER);
        assertThat(sink.at(0x102f)).isEqualTo(HandmadeDwarf.INNER);
        assertThat(sink.at(0x1030)).isEqualTo(HandmadeDwarf.OUTER);
        assertThat(sink.at(0x1043)).isEqualTo(HandmadeDwarf.INNER);
        assertThat(sink.at(0x1044)).isEqualTo(HandmadeDwarf.INNER_LATER);
        assertThat(sink.at(0x1048)).isEqualTo(HandmadeDwarf.OUTER_LATER);
        assertThat(sink.at(0x1050)).isEqualTo("outer\n??:0");
        assertThat(sink.at(0x1080)).isEqualTo(HandmadeDwarf.UNKNOWN);
    }

    @Test
    void namesThatReferToEachOtherInACircleEnd() throws Exception {
        tell(HandmadeDwarf.usual().cycle().sections());

        assertThat(sink.at(0x1020)).startsWith("inner\n");
    }

    @Test
    void entriesMayBeDeepButNotEndlesslySo() throws Exception {
        tell(HandmadeDwarf.usual().blocks(4000).sections());
        assertRight();

        DebugInfo.Told told = tell(HandmadeDwarf.usual().blocks(6000).sections());
        assertThat(told.tooLarge()).isEqualTo(1);
        assertThat(told.firstRefusal()).contains("depth", "(expected: at most 4096)");
    }

    @Test
    void aUnitThatContradictsItselfIsCountedAndItsNeighboursAreTold() throws Exception {
        HandmadeDwarf good = HandmadeDwarf.usual();
        Bytes info = new Bytes(good.order).bytes(good.info());
        Bytes bad = good.info();
        byte[] broken = bad.toBytes();
        broken[12] = 77; // the first entry's abbreviation
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(broken);
        both.writeBytes(info.toBytes());
        DebugInfo.Told told = tell(good.sections().with(".debug_info", both.toByteArray(), 0));

        assertThat(told.malformed()).isEqualTo(1);
        assertThat(told.told()).isEqualTo(1);
        assertThat(told.firstRefusal()).contains("abbreviation 77", "(expected: ");
        assertRight();
    }

    @Test
    void aReferenceOutOfTheUnitIsRefused() throws Exception {
        DebugInfo.Told told = tell(HandmadeDwarf.usual().origin(100_000).sections());

        assertThat(told.malformed()).isEqualTo(1);
        assertThat(told.firstRefusal()).contains("reference to 100000", "(expected: ");
    }

    @Test
    void whatIsBehindAUnitWithoutAnEndIsCounted() throws Exception {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        Bytes info = dwarf.info().u4(0x7000_0000).u4(0);
        DebugInfo.Told told = tell(dwarf.sections().with(".debug_info", info));

        assertThat(told.told()).isEqualTo(1);
        assertThat(told.unread()).isEqualTo(1);
        assertRight();
    }

    @Test
    void codeThatTheLinkerDiscardedHidesNothing() throws Exception {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        tell(dwarf.sections().code(0x4000));

        assertThat(sink.rowsTold()).isZero();
    }

    @Test
    void unitsThatAddressRangesKnowOfHaveThoseOnly() throws Exception {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        Bytes set = new Bytes(dwarf.order).u2(2).u4(0).u1(8, 0).u4(0);
        set.u8(0x1024).u8(0x10).u8(0).u8(0);
        tell(dwarf.sections().with(".debug_aranges", new Bytes(dwarf.order).sized(false, set)));

        assertThat(sink.at(0x1023)).isEqualTo(HandmadeDwarf.UNKNOWN);
        assertThat(sink.at(0x1024)).isEqualTo(HandmadeDwarf.INNER);
        assertThat(sink.at(0x1033)).isEqualTo(HandmadeDwarf.OUTER);
        assertThat(sink.at(0x1034)).isEqualTo(HandmadeDwarf.UNKNOWN);
    }

    @Test
    void sectionsMayBeCompressedByZlib() throws Exception {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        byte[] info = dwarf.info().toBytes();
        Bytes section = new Bytes(dwarf.order).u4(1).u4(0).u8(info.length).u8(1);
        byte[] compressed = concat(section.toBytes(), deflated(info));
        tell(dwarf.sections().with(".debug_info", compressed, HandmadeSections.COMPRESSED));

        assertRight();
    }

    @Test
    void sectionsMayBeCompressedInTheOldWay() throws Exception {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        byte[] lines = dwarf.lines().toBytes();
        Bytes section = new Bytes(ByteOrder.BIG_ENDIAN).u1('Z', 'L', 'I', 'B').u8(lines.length);
        HandmadeSections sections =
                new HandmadeSections(true, dwarf.order)
                        .with(".debug_info", dwarf.info())
                        .with(".debug_abbrev", dwarf.abbrev())
                        .with(".debug_str", new Bytes(dwarf.order).text("").text("_inner"))
                        .with(".debug_rnglists", dwarf.ranges())
                        .with(".zdebug_line", concat(section.toBytes(), deflated(lines)), 0);
        tell(sections);

        assertRight();
    }

    @Test
    void compressedSectionsThatAreNotWhatTheySayAreRefused() {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        byte[] info = dwarf.info().toBytes();
        for (long size : new long[] {info.length - 1, info.length + 1, 1L << 40, -1}) {
            Bytes section = new Bytes(dwarf.order).u4(1).u4(0).u8(size).u8(1);
            byte[] compressed = concat(section.toBytes(), deflated(info));
            assertThatThrownBy(
                            () ->
                                    tell(
                                            dwarf.sections()
                                                    .with(
                                                            ".debug_info",
                                                            compressed,
                                                            HandmadeSections.COMPRESSED)))
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessageContaining(".debug_info")
                    .hasMessageContaining("bytes uncompressed (expected: ");
        }
    }

    @Test
    void damagedZstdIsRefused() throws Exception {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        byte[] info = dwarf.info().toBytes();
        byte[] whole = Zstd.compress(info);
        tellZstd(dwarf, info.length, whole);
        assertRight();
        byte[] other = whole.clone();
        other[0] ^= 1;
        for (byte[] damaged : List.of(other, Arrays.copyOf(whole, whole.length - 1))) {
            assertThatThrownBy(() -> tellZstd(dwarf, info.length, damaged))
                    .isInstanceOf(MalformedInputException.class)
                    .hasMessageStartingWith(".debug_info: ")
                    .hasMessageEndingWith("(expected: zstd's format)");
        }
    }

    private void tellZstd(HandmadeDwarf dwarf, long size, byte[] compressed) throws Exception {
        byte[] head = new Bytes(dwarf.order).u4(DebugInfo.ZSTD).u4(0).u8(size).u8(1).toBytes();
        HandmadeSections sections =
                dwarf.sections()
                        .with(".debug_info", concat(head, compressed), HandmadeSections.COMPRESSED);
        DebugInfo.of(sections.open()).decompressor(DebugInfo.ZSTD, new Zstandard()).tell(sink);
    }

    private static byte[] deflated(byte[] bytes) {
        byte[] out = new byte[bytes.length + bytes.length / 1000 + 100];
        try (Deflater deflater = new Deflater()) {
            deflater.setInput(bytes);
            deflater.finish();
            return Arrays.copyOf(out, deflater.deflate(out));
        }
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    @Test
    void largeCompressedSectionsGoToScratchFiles() throws Exception {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        // A unit without code, whose only attribute is a long block that does not compress.
        byte[] noise = new byte[6 * 1024 * 1024];
        new Random(1).nextBytes(noise);
        Bytes head = new Bytes(dwarf.order).u4(noise.length + 13L).u2(5).u1(1, 8).u4(0);
        head.uleb(5).u4(noise.length);
        byte[] info = concat(concat(head.toBytes(), noise), dwarf.info().toBytes());
        Bytes abbrev = dwarf.abbrev();
        byte[] known = abbrev.toBytes();
        Bytes more = new Bytes(dwarf.order);
        more.uleb(5).uleb(0x11).u1(0).uleb(2).uleb(Form.BLOCK4).uleb(0).uleb(0).uleb(0);
        byte[] table = concat(Arrays.copyOf(known, known.length - 1), more.toBytes());
        Bytes section = new Bytes(dwarf.order).u4(1).u4(0).u8(info.length).u8(1);
        HandmadeSections sections =
                dwarf.sections()
                        .with(".debug_abbrev", table, 0)
                        .with(
                                ".debug_info",
                                concat(section.toBytes(), deflated(info)),
                                HandmadeSections.COMPRESSED);
        ScratchFile.Factory scratch = DiskScratch.in(new LocalDisk(), directory, "section");
        List<ScratchFile> made = new ArrayList<>();

        DebugInfo.Told told =
                DebugInfo.of(sections.open())
                        .scratch(
                                () -> {
                                    made.add(scratch.create());
                                    return made.getFirst();
                                })
                        .tell(sink);

        assertThat(told).isEqualTo(new DebugInfo.Told(1, 1, 0, 0, 0, ""));
        assertRight();
        assertThat(made).hasSize(1);
        assertThatThrownBy(() -> made.getFirst().read(0, new byte[1], 0, 1))
                .as("is closed")
                .isInstanceOf(java.nio.channels.ClosedChannelException.class);
        assertThatThrownBy(() -> DebugInfo.of(sections.open()).tell(sink))
                .isInstanceOf(MalformedInputException.class)
                .hasMessageContaining("bytes uncompressed (expected: at most ");
    }

    @Test
    void filesThatPointManyTimesAtTheSameAreGivenUp() throws Exception {
        // Many units, each of which has the same large line program run.
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        byte[] unit = dwarf.info().toBytes();
        ByteArrayOutputStream info = new ByteArrayOutputStream();
        int units = 20_000;
        for (int i = 0; i < units; i++) {
            info.writeBytes(unit);
        }
        byte[] lines = dwarf.lines().toBytes();
        byte[] longer = concat(lines, new byte[200_000]);
        new Bytes(dwarf.order).u4(longer.length - 4L).toBytes();
        System.arraycopy(new Bytes(dwarf.order).u4(longer.length - 4L).toBytes(), 0, longer, 0, 4);
        Arrays.fill(longer, lines.length, longer.length, (byte) 6);

        DebugInfo.Told told =
                tell(
                        dwarf.sections()
                                .with(".debug_info", info.toByteArray(), 0)
                                .with(".debug_line", longer, 0));

        assertThat(told.told()).isBetween(100, units / 4);
        assertThat(told.told() + told.unread()).isEqualTo(units);
        assertThat(told.firstRefusal()).contains("bytes read");
    }

    @Test
    void whatIsToldDoesNotDependOnThreads() throws Exception {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        byte[] good = dwarf.info().toBytes();
        byte[] bad = good.clone();
        bad[12] = 77;
        ByteArrayOutputStream info = new ByteArrayOutputStream();
        for (int i = 0; i < 500; i++) {
            info.writeBytes(i % 7 == 0 ? bad : good);
        }
        ElfFile file = dwarf.sections().with(".debug_info", info.toByteArray(), 0).open();
        for (int threads = 1; threads <= 4; threads++) {
            RecordingSink told = new RecordingSink();
            assertThat(DebugInfo.of(file).threads(threads).tell(told))
                    .isEqualTo(DebugInfo.of(file).tell(new RecordingSink()));
            assertThat(told.units).isEqualTo(428);
            assertThat(told.at(0x1020)).isEqualTo(HandmadeDwarf.INNER);
        }
    }

    @Test
    void aSinkThatHasNoRoomEndsIt() throws Exception {
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        ByteArrayOutputStream info = new ByteArrayOutputStream();
        for (int i = 0; i < 50; i++) {
            info.writeBytes(dwarf.info().toBytes());
        }
        ElfFile file = dwarf.sections().with(".debug_info", info.toByteArray(), 0).open();
        RecordingSink full =
                new RecordingSink() {
                    @Override
                    public void endUnit() throws java.io.IOException {
                        super.endUnit();
                        if (units == 20) {
                            throw new SymbolsTooLargeException("units");
                        }
                    }
                };

        assertThatThrownBy(() -> DebugInfo.of(file).threads(2).tell(full))
                .isInstanceOf(SymbolsTooLargeException.class);
        assertThat(full.units).isEqualTo(20);
    }

    @Test
    void attributesWithoutBytesAreNotReadForEver() throws Exception {
        // Each entry is a byte long, and has many attributes that take none.
        HandmadeDwarf dwarf = HandmadeDwarf.usual();
        Bytes kind = new Bytes(dwarf.order).uleb(5).uleb(Tag.INLINED_SUBROUTINE).u1(0);
        for (int i = 0; i < 10_000; i++) {
            kind.uleb(0x3f).uleb(Form.FLAG_PRESENT);
        }
        kind.uleb(0).uleb(0).uleb(0);
        byte[] known = dwarf.abbrev().toBytes();
        byte[] table = concat(Arrays.copyOf(known, known.length - 1), kind.toBytes());
        byte[] unit = dwarf.info().toBytes();
        byte[] entries = new byte[500_000];
        Arrays.fill(entries, (byte) 5);
        byte[] info = concat(Arrays.copyOf(unit, unit.length - 2), entries);
        byte[] length = new Bytes(dwarf.order).u4(info.length - 4L).toBytes();
        System.arraycopy(length, 0, info, 0, length.length);

        DebugInfo.Told told =
                tell(dwarf.sections().with(".debug_abbrev", table, 0).with(".debug_info", info, 0));

        assertThat(told.unread()).isEqualTo(1);
        assertThat(told.firstRefusal()).contains("bytes read");
    }

    @Test
    void truncatedSectionsAreRefusedAndNeverMore() throws Exception {
        for (HandmadeDwarf dwarf : kinds().toList()) {
            for (String name :
                    List.of(".debug_info", ".debug_abbrev", ".debug_line", ".debug_str")) {
                byte[] whole =
                        switch (name) {
                            case ".debug_info" -> dwarf.info().toBytes();
                            case ".debug_abbrev" -> dwarf.abbrev().toBytes();
                            case ".debug_line" -> dwarf.lines().toBytes();
                            default -> new byte[] {0, '_', 'x', 0};
                        };
                for (int length = 0; length < whole.length; length++) {
                    byte[] part = Arrays.copyOf(whole, length);
                    ElfFile file = dwarf.sections().with(name, part, 0).open();
                    DebugInfo.Told told = DebugInfo.of(file).tell(new RecordingSink());
                    assertThat(told.tooLarge()).isZero();
                }
            }
        }
    }

    @Test
    void aFileWithoutDebugInformationTellsNothing() throws Exception {
        ElfFile file =
                ElfFile.open(
                        new ArraySource(
                                new HandmadeSections(true, ByteOrder.LITTLE_ENDIAN).bytes()));

        assertThat(DebugInfo.isIn(file)).isFalse();
        assertThat(DebugInfo.of(file).tell(sink)).isEqualTo(new DebugInfo.Told(0, 0, 0, 0, 0, ""));
        assertThat(DebugInfo.isIn(HandmadeDwarf.usual().sections().open())).isTrue();
    }
}

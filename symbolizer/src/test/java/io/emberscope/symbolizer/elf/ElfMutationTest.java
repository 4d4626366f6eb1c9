package io.emberscope.symbolizer.elf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Damages small ELF files in ways that a seed repeats exactly. Every damaged file is read or
/// refused; see [ElfFuzzTarget].
class ElfMutationTest {
    private static final int ROUNDS = Integer.getInteger("mutation.rounds", 20_000);
    private static final long[] INTERESTING = {
        0,
        1,
        -1,
        2,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0xffff,
        0x7fff_ffff,
        0x8000_0000L,
        0xffff_ffffL,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        0x1000,
        0x501000,
        16 * 1024
    };

    @Test
    void damagedFilesAreReadOrRefused() {
        List<byte[]> seeds = ElfFuzzIT.seeds();
        for (long seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            byte[] bytes = mutated(seeds.get(random.nextInt(seeds.size())).clone(), random);
            try {
                ElfFuzzTarget.fuzzerTestOneInput(bytes);
            } catch (Exception | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    @Test
    void everyTruncationIsReadOrRefused() throws Exception {
        for (byte[] whole : ElfFuzzIT.seeds()) {
            for (int length = 0; length < whole.length; length += length < 512 ? 1 : 37) {
                ElfFuzzTarget.fuzzerTestOneInput(Arrays.copyOf(whole, length));
            }
        }
    }

    private static byte[] mutated(byte[] bytes, Random random) {
        int changes = 1 + random.nextInt(6);
        for (int i = 0; i < changes; i++) {
            int at = place(bytes, random);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> write(bytes, at, INTERESTING[random.nextInt(INTERESTING.length)], random);
                case 3 -> write(bytes, at, random.nextLong(), random);
                default -> copy(bytes, at, place(bytes, random), random.nextInt(64));
            }
        }
        return bytes;
    }

    /// Mostly not in the code, which nobody reads.
    private static int place(byte[] bytes, Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(Math.min(bytes.length, 320));
            case 1 -> random.nextInt(bytes.length);
            default ->
                    random.nextInt(HandmadeElf.TEXT_OFFSET + HandmadeElf.TEXT_SIZE, bytes.length);
        };
    }

    private static void write(byte[] bytes, int at, long value, Random random) {
        int width = 1 << random.nextInt(4);
        boolean little = random.nextBoolean();
        for (int i = 0; i < width && at + i < bytes.length; i++) {
            bytes[at + i] = (byte) (value >>> (8 * (little ? i : width - 1 - i)));
        }
    }

    private static void copy(byte[] bytes, int from, int to, int length) {
        int rest = Math.min(length, bytes.length - Math.max(from, to));
        System.arraycopy(bytes, from, bytes, to, rest);
    }

    @Test
    void theMutationsReachBothEnds() throws Exception {
        int tables = 0;
        int refusals = 0;
        List<byte[]> seeds = ElfFuzzIT.seeds();
        for (long seed = 0; seed < 2_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = mutated(seeds.get(random.nextInt(seeds.size())).clone(), random);
            try {
                ElfFile file = ElfFile.open(new io.emberscope.base.bytes.ArraySource(bytes));
                tables += FunctionTable.read(file, ElfFuzzTarget.FUNCTIONS_MAX).size() > 0 ? 1 : 0;
            } catch (java.io.IOException e) {
                refusals++;
            }
        }
        assertThat(tables).isGreaterThan(200);
        assertThat(refusals).isGreaterThan(200);
    }
}

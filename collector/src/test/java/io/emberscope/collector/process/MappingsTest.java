package io.emberscope.collector.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class MappingsTest {
    private static final int ADDRESSES = 400;

    private final Binaries binaries = new Binaries();

    @Test
    void addressesAreFoundWithTheirPlaceInTheFile() {
        Mappings mappings = new Mappings();
        Binary libc = file("/lib/libc.so.6", 1);
        mappings.add(0x7000, 0x9000, 0x2000, libc);
        int index = mappings.find(0x7123);
        assertThat(mappings.binary(index)).isSameAs(libc);
        assertThat(mappings.fileOffset(index, 0x7123)).isEqualTo(0x2123);
        assertThat(mappings.find(0x6fff)).isEqualTo(-1);
        assertThat(mappings.find(0x9000)).isEqualTo(-1);
        assertThat(mappings.find(0x8fff)).isEqualTo(index);
    }

    @Test
    void theNewerMappingHidesTheOlderOneAndSplitsIt() {
        Mappings mappings = new Mappings();
        Binary below = file("/below", 1);
        Binary above = file("/above", 2);
        mappings.add(0x1000, 0x9000, 0, below);
        mappings.add(0x3000, 0x5000, 0x100, above);
        for (int pass = 0; pass < 2; pass++) {
            assertThat(mappings.binary(mappings.find(0x2fff))).isSameAs(below);
            assertThat(mappings.binary(mappings.find(0x3000))).isSameAs(above);
            int right = mappings.find(0x5000);
            assertThat(mappings.binary(right)).isSameAs(below);
            assertThat(mappings.fileOffset(right, 0x5000)).isEqualTo(0x4000);
            mappings.merge();
        }
        assertThat(mappings.size()).isEqualTo(3);
    }

    @Test
    void behavesAsAnArrayOfPagesUnderRandomUse() {
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            Mappings mappings = new Mappings();
            @Nullable Binary[] model = new @Nullable Binary[ADDRESSES];
            long[] offsets = new long[ADDRESSES];
            for (int step = 0; step < 150; step++) {
                int start = random.nextInt(ADDRESSES - 1);
                int end = start + 1 + random.nextInt(Math.min(40, ADDRESSES - start));
                Binary binary = file("/b" + random.nextInt(5), 1 + random.nextInt(5));
                long offset = random.nextInt(1000);
                assertThat(mappings.add(start, end, offset, binary)).isTrue();
                for (int a = start; a < Math.min(end, ADDRESSES); a++) {
                    model[a] = binary;
                    offsets[a] = offset + a - start;
                }
                if (random.nextInt(10) == 0) {
                    mappings.merge();
                }
                check(seed, step, mappings, model, offsets);
            }
        }
    }

    private static void check(
            long seed, int step, Mappings mappings, @Nullable Binary[] model, long[] offsets) {
        for (int a = 0; a < ADDRESSES; a++) {
            int found = mappings.find(a);
            if (model[a] == null) {
                assertThat(found).as("seed %d step %d at %d", seed, step, a).isEqualTo(-1);
            } else {
                assertThat(found).as("seed %d step %d at %d", seed, step, a).isNotNegative();
                assertThat(mappings.binary(found)).isSameAs(model[a]);
                assertThat(mappings.fileOffset(found, a)).isEqualTo(offsets[a]);
            }
        }
    }

    @Test
    void theSameMappingAgainTakesNoRoom() {
        Mappings mappings = new Mappings();
        Binary libc = file("/lib/libc.so.6", 1);
        for (int i = 0; i < 1_000; i++) {
            mappings.add(0x7000, 0x9000, 0x2000, libc);
        }
        assertThat(mappings.size()).isEqualTo(1);
    }

    @Test
    void sharedMappingsAreCopiedOnTheFirstChange() {
        Mappings parent = new Mappings();
        Binary libc = file("/lib/libc.so.6", 1);
        parent.add(0x7000, 0x9000, 0, libc);
        Mappings child = parent.share();
        assertThat(child).isSameAs(parent);
        Mappings changed = child.writable();
        assertThat(changed).isNotSameAs(parent);
        changed.add(0x100, 0x200, 0, file("/plugin", 2));
        assertThat(parent.find(0x100)).isEqualTo(-1);
        assertThat(changed.find(0x7000)).isNotNegative();
        assertThat(parent.writable()).isSameAs(parent);
        assertThat(parent.release()).isTrue();
        assertThat(changed.release()).isTrue();
    }

    @Test
    void moreThanTheBoundIsRefused() {
        Mappings mappings = new Mappings();
        Binary jit = file("/jit", 1);
        for (int i = 0; i < Mappings.MAPPINGS_MAX; i++) {
            // Downwards, as the kernel places mappings.
            long start = (Mappings.MAPPINGS_MAX - i) * 0x2000L;
            assertThat(mappings.add(start, start + 0x1000, 0, jit)).isTrue();
        }
        assertThat(mappings.add(1, 2, 0, jit)).isFalse();
        assertThat(mappings.find(0x2000)).isNotNegative();
    }

    private Binary file(String path, long inode) {
        return binaries.of(path, BuildId.NONE, 1, inode);
    }
}

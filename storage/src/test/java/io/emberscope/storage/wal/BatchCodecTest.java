package io.emberscope.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.TenantId;
import io.emberscope.storage.Batches;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchCodecTest {
    private static final TenantId ACME = new TenantId("acme");

    @Test
    void whatWasWrittenIsRead() throws Exception {
        Random random = new Random(1);
        for (int i = 0; i < 2_000; i++) {
            ProfileBatch batch = Batches.random(random, 5, Batches.START_MILLIS, 4);
            byte[] bytes = BatchEncoder.encode(batch);
            assertSame(BatchDecoder.decode(ByteCursor.of(bytes), WalFormat.VERSION), batch);
            assertThat(
                            BatchEncoder.encode(
                                    BatchDecoder.decode(ByteCursor.of(bytes), WalFormat.VERSION)))
                    .isEqualTo(bytes);
        }
    }

    @Test
    void anEntryKeepsTenantAndId() throws Exception {
        Random random = new Random(2);
        int compressed = 0;
        for (int i = 0; i < 300; i++) {
            BatchId id = i % 3 == 0 ? null : new BatchId("agent", i, 1L << 40);
            ProfileBatch batch = Batches.random(random, 20, Batches.START_MILLIS, 4);
            WalEntry.Encoded encoded = new WalEntry(ACME, id, batch).encode();
            compressed += encoded.rawLength() > 0 ? 1 : 0;
            WalEntry entry =
                    WalEntry.decode(encoded.bytes(), encoded.rawLength(), WalFormat.VERSION);
            assertThat(entry.tenant()).isEqualTo(ACME);
            assertThat(entry.id()).isEqualTo(id);
            assertSame(entry.batch(), batch);
        }
        assertThat(compressed).as("both forms are tested").isBetween(30, 299);
    }

    @Test
    void damagedBytesAreRefusedAndNothingElse() throws Exception {
        long seed = Long.getLong("seed", 3);
        Random random = new Random(seed);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            WalEntry.Encoded encoded =
                    new WalEntry(
                                    ACME,
                                    new BatchId("a", 1, i),
                                    Batches.random(random, 6, Batches.START_MILLIS, 4))
                            .encode();
            byte[] bytes = encoded.bytes().clone();
            int damages = 1 + random.nextInt(4);
            for (int j = 0; j < damages; j++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                WalEntry.decode(
                        bytes,
                        random.nextInt(8) == 0 ? random.nextInt() : encoded.rawLength(),
                        WalFormat.VERSION);
            } catch (MalformedInputException e) {
                refused++;
            }
        }
        assertThat(refused).as("seed %d", seed).isGreaterThan(10_000);
    }

    /// A count can claim more than there is; memory is taken only for what is there.
    @Test
    void aFewBytesCannotClaimMuchMemory() throws Exception {
        Random random = new Random(4);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            for (int j = 0; j < bytes.length; j += 3) {
                bytes[j] = (byte) 0xff;
            }
            try {
                BatchDecoder.decode(ByteCursor.of(bytes), WalFormat.VERSION);
            } catch (MalformedInputException e) {
                // what is expected
            }
        }
    }

    static void assertSame(ProfileBatch actual, ProfileBatch expected) {
        assertThat(actual.frames()).isEqualTo(expected.frames());
        assertThat(actual.stacks()).hasSameSizeAs(expected.stacks());
        for (int i = 0; i < expected.stacks().size(); i++) {
            assertThat(actual.stacks().get(i)).isEqualTo(expected.stacks().get(i));
        }
        List<Profile> profiles = expected.profiles();
        assertThat(actual.profiles()).hasSameSizeAs(profiles);
        for (int i = 0; i < profiles.size(); i++) {
            Profile one = actual.profiles().get(i);
            assertThat(one.series()).isEqualTo(profiles.get(i).series());
            assertThat(one.startNanos()).isEqualTo(profiles.get(i).startNanos());
            assertThat(one.durationNanos()).isEqualTo(profiles.get(i).durationNanos());
            assertThat(one.period()).isEqualTo(profiles.get(i).period());
            assertThat(one.stacks()).isEqualTo(profiles.get(i).stacks());
            assertThat(one.values()).isEqualTo(profiles.get(i).values());
        }
    }
}

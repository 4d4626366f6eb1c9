package io.emberscope.profile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ContentHashTest {
    /// These ids are in everyone's tables. If one of them changes, data that is stored already no
    /// longer merges with new data.
    @Test
    void idsNeverChange() {
        assertThat(hex(new ContentHash().finish())).isEqualTo("e3b0c44298fc1c14");
        assertThat(hex(new ContentHash().add(0).finish())).isEqualTo("af5570f5a1810b7a");
        assertThat(hex(new ContentHash().add(-1).add("a").finish())).isEqualTo("9625b7ed1441e265");
        assertThat(hex(new ContentHash().add("\u00e4\ud83d\udd25").finish()))
                .isEqualTo("285dc53c9ec66133");
        assertThat(hex(frameId(named("", "/usr/bin/x", 0x10)))).isEqualTo("e19d612119006fb4");
        assertThat(hex(frameId(named("00ff", "/usr/bin/x", 0x10)))).isEqualTo("dcf64b26fb65edb1");
        assertThat(hex(frameId(new Frame(FrameKind.KERNEL, "", "[kernel]", 16, List.of()))))
                .isEqualTo("c3da277a4575da10");
        assertThat(hex(seriesId(new Series(ProfileType.CPU, Labels.EMPTY))))
                .isEqualTo("ac662599140f33a1");
        assertThat(
                        hex(
                                seriesId(
                                        new Series(
                                                ProfileType.CPU,
                                                Labels.of("service_name", "shop", "pod", "p1")))))
                .isEqualTo("12a7438a060d87df");
    }

    @Test
    void idsAreThoseOfTheDocumentedForm() throws Exception {
        for (long seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            ContentHash hash = new ContentHash();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            for (int i = random.nextInt(9); i > 0; i--) {
                if (random.nextBoolean()) {
                    long number = random.nextLong();
                    hash.add(number);
                    out.writeLong(number);
                } else {
                    String text = "\u4e16".repeat(random.nextInt(400));
                    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
                    hash.add(text);
                    out.writeInt(utf8.length);
                    out.write(utf8);
                }
            }
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());
            assertThat(hash.finish())
                    .as("seed %d", seed)
                    .isEqualTo(ByteBuffer.wrap(digest).getLong());
        }
    }

    @Test
    void aFinishedHashStartsAnew() {
        ContentHash hash = new ContentHash();
        long first = hash.add("a").add(1).finish();
        hash.add("something else").finish();
        assertThat(hash.add("a").add(1).finish()).isEqualTo(first);
    }

    @Test
    void wordsDoNotRunIntoEachOther() {
        Set<Long> ids = new HashSet<>();
        ids.add(new ContentHash().add("ab").add("c").finish());
        ids.add(new ContentHash().add("a").add("bc").finish());
        ids.add(new ContentHash().add("abc").finish());
        ids.add(new ContentHash().add("abc").add("").finish());
        assertThat(ids).hasSize(4);
    }

    @Test
    void aFrameKeepsItsIdWhenItsNameBecomesKnown() {
        Frame unnamed = new Frame(FrameKind.NATIVE, "00ff", "/usr/bin/x", 0x10, List.of());
        Frame elsewhere = new Frame(FrameKind.NATIVE, "00ff", "/opt/x", 0x10, List.of());
        assertThat(frameId(named("00ff", "/usr/bin/x", 0x10)))
                .isEqualTo(frameId(unnamed))
                .isEqualTo(frameId(elsewhere))
                .isNotEqualTo(frameId(named("00ff", "/usr/bin/x", 0x11)))
                .isNotEqualTo(frameId(named("00fe", "/usr/bin/x", 0x10)));
    }

    @Test
    void withoutABuildIdTheNameOrElseThePlaceCounts() {
        assertThat(frameId(named("", "x", 1)))
                .isEqualTo(frameId(named("", "x", 2)))
                .isNotEqualTo(frameId(named("", "y", 1)));
        Frame one = new Frame(FrameKind.NATIVE, "", "x", 1, List.of());
        Frame two = new Frame(FrameKind.NATIVE, "", "x", 2, List.of());
        assertThat(frameId(one)).isNotEqualTo(frameId(two));
    }

    @Test
    void seriesDifferByTypeAndByEachLabel() {
        ProfileType other = ProfileType.of("wall", "nanoseconds", "", "");
        Set<Long> ids = new HashSet<>();
        ids.add(seriesId(new Series(ProfileType.CPU, Labels.EMPTY)));
        ids.add(seriesId(new Series(other, Labels.EMPTY)));
        ids.add(seriesId(new Series(ProfileType.CPU, Labels.of("a", "b"))));
        ids.add(seriesId(new Series(ProfileType.CPU, Labels.of("b", "a"))));
        ids.add(seriesId(new Series(ProfileType.CPU, Labels.of("a", "b", "c", "d"))));
        assertThat(ids).hasSize(5);
        assertThat(seriesId(new Series(ProfileType.CPU, Labels.of("c", "d", "a", "b"))))
                .isEqualTo(seriesId(new Series(ProfileType.CPU, Labels.of("a", "b", "c", "d"))));
    }

    private static Frame named(String buildId, String binary, long offset) {
        return new Frame(
                FrameKind.NATIVE,
                buildId,
                binary,
                offset,
                List.of(new Line("f()", "_Z1fv", "f.c", 7)));
    }

    private static long frameId(Frame frame) {
        return frame.id(new ContentHash());
    }

    private static long seriesId(Series series) {
        return series.id(new ContentHash());
    }

    private static String hex(long id) {
        return String.format("%016x", id);
    }
}

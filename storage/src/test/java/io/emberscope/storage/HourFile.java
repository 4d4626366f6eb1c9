package io.emberscope.storage;

import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.BatchId;
import io.emberscope.profile.IngestLimits;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.otlp.OtlpDecoder;
import io.emberscope.profile.otlp.OtlpEncoder;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// The requests that a [RecordedHour] makes, as agents send them (OTLP, gzip), in the order of
/// time.
final class HourFile implements AutoCloseable {
    /// One request.
    record Body(int pod, int window, byte[] gzip) {
        BatchId id() {
            return new BatchId("pod-" + pod, 1, window + 1L);
        }

        /// What a server does with it before it stores it.
        ProfileBatch decoded() throws IOException, MalformedInputException {
            try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
                return OtlpDecoder.decode(in.readAllBytes(), IngestLimits.DEFAULT);
            }
        }
    }

    private static final int END = -1;

    private final DataInputStream in;
    private boolean ended;

    HourFile(Path file) throws IOException {
        in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 20));
    }

    /// The next request, or null.
    synchronized @Nullable Body next() throws IOException {
        int pod = ended ? END : in.readInt();
        if (pod == END) {
            ended = true;
            return null;
        }
        int window = in.readInt();
        return new Body(pod, window, in.readNBytes(in.readInt()));
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    static void write(RecordedHour hour, Path file) throws IOException {
        try (DataOutputStream out =
                new DataOutputStream(
                        new BufferedOutputStream(Files.newOutputStream(file), 1 << 20))) {
            for (int i = 0; i < RecordedHour.WINDOWS; i++) {
                int window = i;
                List<byte[]> bodies =
                        IntStream.range(0, hour.pods())
                                .parallel()
                                .mapToObj(pod -> gzip(OtlpEncoder.encode(hour.batch(pod, window))))
                                .toList();
                for (int pod = 0; pod < bodies.size(); pod++) {
                    out.writeInt(pod);
                    out.writeInt(window);
                    out.writeInt(bodies.get(pod).length);
                    out.write(bodies.get(pod));
                }
            }
            out.writeInt(END);
        }
    }

    /// What profiles are like: of each pod one every quarter of an hour is looked at.
    static String facts(RecordedHour hour) {
        long frames = 0;
        long depths = 0;
        long raw = 0;
        long zipped = 0;
        long samples = 0;
        int profiles = 0;
        for (int pod = 0; pod < hour.pods(); pod++) {
            for (int window = 0; window < RecordedHour.WINDOWS; window += 60) {
                ProfileBatch batch = hour.batch(pod, window);
                byte[] body = OtlpEncoder.encode(batch);
                profiles++;
                raw += body.length;
                zipped += gzip(body).length;
                frames += batch.frames().size();
                samples += batch.size();
                depths += batch.stacks().stream().mapToInt(stack -> stack.length).sum();
            }
        }
        return String.format(
                "a profile: %.0f stacks of mean depth %.1f, %.0f frames, %.1f kB, %.1f kB gzip",
                (double) samples / profiles,
                (double) depths / samples,
                (double) frames / profiles,
                raw / 1e3 / profiles,
                zipped / 1e3 / profiles);
    }

    private static byte[] gzip(byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(body.length / 2);
        try (GZIPOutputStream zipped = new GZIPOutputStream(out)) {
            zipped.write(body);
        } catch (IOException e) {
            throw new IllegalStateException("memory cannot fail", e);
        }
        return out.toByteArray();
    }
}

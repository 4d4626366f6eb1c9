package io.emberscope.server.ledger;

import io.emberscope.profile.BatchId;
import io.emberscope.profile.Frame;
import io.emberscope.profile.FrameKind;
import io.emberscope.profile.Labels;
import io.emberscope.profile.Line;
import io.emberscope.profile.Profile;
import io.emberscope.profile.ProfileBatch;
import io.emberscope.profile.ProfileType;
import io.emberscope.profile.Series;
import io.emberscope.profile.otlp.OtlpEncoder;
import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.zip.GZIPOutputStream;

/// An agent that sends batches as fast as they are acknowledged, each again and again with the same
/// id until it is, and keeps a [Ledger]. Now and then it behaves as if an acknowledgement had been
/// lost on the way and sends the batch once more.
public final class LedgerClient implements Runnable {
    /// Length of a round's window.
    public static final long WINDOW_NANOS = 10_000_000_000L;

    /// 2026-01-01T00:00:00Z.
    private static final long FIRST_NANOS = 1_767_225_600_000_000_000L;

    private static final int TIMEOUT_MILLIS = 20_000;
    private static final long RETRY_MILLIS = 50;
    private static final int STACKS_MAX = 8;
    private static final double LOST_ACKNOWLEDGEMENTS = 0.1;

    /// Every value is another odd number above a million: a doubled one is even, and two that were
    /// added up are above all that were sent.
    private static final AtomicLong NEXT_VALUE = new AtomicLong(1_000_003);

    private final Ledger ledger;
    private final String agent;
    private final Supplier<URI> server;
    private final IntSupplier round;
    private final Random random;
    private final Series series;
    private final AtomicLong resent = new AtomicLong();
    private volatile boolean stopped;

    /// @param agent name of the agent, part of its keys
    /// @param server where the server is now; it may move when it is restarted
    /// @param round which part of the test it is; see [#key] and [#startNanos]
    public LedgerClient(
            Ledger ledger, String agent, Supplier<URI> server, IntSupplier round, long seed) {
        this.ledger = ledger;
        this.agent = agent;
        this.server = server;
        this.round = round;
        this.random = new Random(seed);
        this.series =
                new Series(ProfileType.CPU, Labels.of("service_name", "ledger", "node", agent));
    }

    /// Ends [#run] after the batch under way.
    public void stop() {
        stopped = true;
    }

    /// Batches sent again.
    public long resent() {
        return resent.get();
    }

    @Override
    public void run() {
        for (long sequence = 1; !stopped; sequence++) {
            BatchId id = new BatchId(agent, 1, sequence);
            List<String> keys = new ArrayList<>();
            byte[] body = OtlpEncoder.encode(batch(sequence, keys));
            while (!stopped && !send(id, body)) {
                resent.incrementAndGet();
                pause();
            }
            if (stopped) {
                return;
            }
            keys.forEach(ledger::acknowledged);
            if (random.nextDouble() < LOST_ACKNOWLEDGEMENTS) {
                resent.incrementAndGet();
                send(id, body);
            }
        }
    }

    /// The time of the profiles of a round: each has its own window, so that a check can ask for
    /// one round alone.
    public static long startNanos(int round) {
        return FIRST_NANOS + round * WINDOW_NANOS;
    }

    /// The round that a key belongs to.
    public static int roundOf(String key) {
        return Integer.parseInt(key.substring(0, key.indexOf('/')));
    }

    private ProfileBatch batch(long sequence, List<String> keys) {
        int now = round.getAsInt();
        int count = random.nextInt(1, STACKS_MAX + 1);
        List<Frame> frames = new ArrayList<>();
        List<int[]> stacks = new ArrayList<>();
        int[] indices = new int[count];
        long[] values = new long[count];
        frames.add(frame("main"));
        for (int i = 0; i < count; i++) {
            String key = now + "/" + agent + '/' + sequence + '/' + i;
            frames.add(frame(key));
            stacks.add(new int[] {i + 1, 0});
            indices[i] = i;
            values[i] = NEXT_VALUE.addAndGet(2);
            ledger.sent(key, values[i]);
            keys.add(key);
        }
        Profile profile = new Profile(series, startNanos(now), WINDOW_NANOS, 0, indices, values);
        return new ProfileBatch(frames, stacks, List.of(profile));
    }

    private static Frame frame(String name) {
        return new Frame(FrameKind.NATIVE, "", "ledger", 0, List.of(Line.named(name)));
    }

    private boolean send(BatchId id, byte[] body) {
        try {
            HttpURLConnection connection =
                    (HttpURLConnection)
                            server.get()
                                    .resolve("/v1development/profiles")
                                    .toURL()
                                    .openConnection();
            connection.setConnectTimeout(TIMEOUT_MILLIS);
            connection.setReadTimeout(TIMEOUT_MILLIS);
            connection.setDoOutput(true);
            connection.setRequestProperty("Content-Type", "application/x-protobuf");
            connection.setRequestProperty("Content-Encoding", "gzip");
            connection.setRequestProperty(BatchId.HEADER, id.toString());
            try (OutputStream out = new GZIPOutputStream(connection.getOutputStream())) {
                out.write(body);
            }
            int status = connection.getResponseCode();
            if (status != 200 && status != 429 && status != 503) {
                throw new IllegalStateException(id + ": status " + status);
            }
            return status == 200;
        } catch (IOException e) {
            // The server is being killed: that is the point.
            return false;
        }
    }

    private static void pause() {
        try {
            Thread.sleep(RETRY_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

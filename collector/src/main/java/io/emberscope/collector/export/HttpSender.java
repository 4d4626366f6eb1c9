package io.emberscope.collector.export;

import io.emberscope.base.bytes.ByteCursor;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.profile.BatchId;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import javax.net.ssl.HttpsURLConnection;
import org.jspecify.annotations.Nullable;

/// Sends batches as OTLP over HTTP.
///
/// One thread sends. Each step has a timeout; a server that answers byte by byte is cut off by
/// [#cutIfStuck], which another thread calls now and then.
public final class HttpSender implements Sender {
    private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
    private static final int READ_TIMEOUT_MILLIS = 20_000;
    private static final long ATTEMPT_NANOS_MAX = 60_000_000_000L;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final int RETRY_AFTER_SECONDS_MAX = 600;
    private static final int RESPONSE_BYTES_MAX = 64 << 10;
    private static final int MESSAGE_LENGTH_MAX = 500;
    private static final int TOO_MANY_REQUESTS = 429;

    private final HttpTarget target;
    private final int readTimeoutMillis;
    private final LongSupplier monotonicNanos;
    private final Object attemptLock = new Object();
    private @Nullable HttpURLConnection attempt;

    /// Whether the attempt, or the last one, was broken off.
    private boolean isCut;

    private long attemptStartNanos;

    /// @param monotonicNanos measures how long an attempt takes
    public HttpSender(HttpTarget target, LongSupplier monotonicNanos) {
        this(target, monotonicNanos, READ_TIMEOUT_MILLIS);
    }

    HttpSender(HttpTarget target, LongSupplier monotonicNanos, int readTimeoutMillis) {
        this.target = target;
        this.readTimeoutMillis = readTimeoutMillis;
        this.monotonicNanos = monotonicNanos;
    }

    @Override
    public SendResult send(BatchId id, byte[] body) {
        try {
            HttpURLConnection connection = open(id);
            begin(connection);
            try {
                try (OutputStream out = connection.getOutputStream()) {
                    out.write(body);
                }
                return result(connection);
            } finally {
                end();
            }
        } catch (IOException e) {
            return new SendResult.Failed(target.url() + ": " + e, 0);
        } catch (RuntimeException e) {
            // The JDK's connection answers to being disconnected while it is used with anything.
            if (!wasCut()) {
                throw e;
            }
            return new SendResult.Failed(target.url() + ": took too long", 0);
        }
    }

    /// Breaks off an attempt that takes too long; the batch stays and is sent again.
    public void cutIfStuck() {
        synchronized (attemptLock) {
            HttpURLConnection stuck = attempt;
            if (stuck != null
                    && monotonicNanos.getAsLong() - attemptStartNanos > ATTEMPT_NANOS_MAX) {
                attempt = null;
                isCut = true;
                stuck.disconnect();
            }
        }
    }

    private boolean wasCut() {
        synchronized (attemptLock) {
            return isCut;
        }
    }

    private void begin(HttpURLConnection connection) {
        synchronized (attemptLock) {
            attempt = connection;
            isCut = false;
            attemptStartNanos = monotonicNanos.getAsLong();
        }
    }

    private void end() {
        synchronized (attemptLock) {
            attempt = null;
        }
    }

    private HttpURLConnection open(BatchId id) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) target.url().openConnection(target.proxy());
        if (target.tls() != null && connection instanceof HttpsURLConnection https) {
            https.setSSLSocketFactory(target.tls());
        }
        connection.setConnectTimeout(CONNECT_TIMEOUT_MILLIS);
        connection.setReadTimeout(readTimeoutMillis);
        connection.setInstanceFollowRedirects(false);
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/x-protobuf");
        connection.setRequestProperty("Content-Encoding", "gzip");
        connection.setRequestProperty("User-Agent", "emberscope-collector");
        connection.setRequestProperty(BatchId.HEADER, id.toString());
        Path tokenFile = target.tokenFile();
        if (tokenFile != null) {
            connection.setRequestProperty("Authorization", "Bearer " + token(tokenFile));
        }
        return connection;
    }

    private static String token(Path file) throws IOException {
        String token = OperatorFile.read(file).strip();
        for (int i = 0; i < token.length(); i++) {
            if (token.charAt(i) <= ' ' || token.charAt(i) > '~') {
                throw new IOException(file + ": token (expected: one word of visible ASCII)");
            }
        }
        return token;
    }

    private static SendResult result(HttpURLConnection connection) throws IOException {
        int status = connection.getResponseCode();
        byte[] answer = answer(connection, status);
        if (status >= 200 && status < 300) {
            return new SendResult.Accepted(warning(answer));
        }
        String message = "status " + status + ": " + text(answer);
        boolean retry =
                status == HttpURLConnection.HTTP_CLIENT_TIMEOUT
                        || status == TOO_MANY_REQUESTS
                        || status < 400
                        || status >= 500;
        return retry
                ? new SendResult.Failed(message, retryAfterNanos(connection))
                : new SendResult.Rejected(message);
    }

    /// Reads the whole answer, within a bound, so that the connection can be used again.
    private static byte[] answer(HttpURLConnection connection, int status) throws IOException {
        try (InputStream in =
                status >= 400 ? connection.getErrorStream() : connection.getInputStream()) {
            return in == null ? new byte[0] : in.readNBytes(RESPONSE_BYTES_MAX);
        }
    }

    private static long retryAfterNanos(HttpURLConnection connection) {
        // A date instead of a number of seconds gives the default: our own backoff.
        int seconds = connection.getHeaderFieldInt("Retry-After", 0);
        return Math.clamp(seconds, 0, RETRY_AFTER_SECONDS_MAX) * NANOS_PER_SECOND;
    }

    /// The message of an OTLP `partial_success` (field 1; in it rejected profiles, field 1, and a
    /// message, field 2), or empty. Anything else in the answer does not matter.
    private static String warning(byte[] answer) {
        try {
            ByteCursor cursor = ByteCursor.of(answer);
            if (!cursor.hasRemaining() || cursor.varint("response.tag") != 0x0a) {
                return "";
            }
            ByteCursor partial = cursor.slice(cursor.length("partial_success"), "partial_success");
            long rejected = 0;
            String message = "";
            while (partial.hasRemaining()) {
                long tag = partial.varint("partial_success.tag");
                if (tag == 0x08) {
                    rejected = partial.varint("rejected_profiles");
                } else if (tag == 0x12) {
                    message = partial.utf8(partial.length("error_message"), "error_message");
                } else {
                    break;
                }
            }
            return rejected == 0 && message.isEmpty()
                    ? ""
                    : rejected + " profiles rejected: " + shortened(message);
        } catch (MalformedInputException _) {
            return "";
        }
    }

    private static String text(byte[] answer) {
        return shortened(new String(answer, StandardCharsets.UTF_8));
    }

    /// One line for the log, whatever the server sent.
    private static String shortened(String text) {
        String line =
                text.length() > MESSAGE_LENGTH_MAX ? text.substring(0, MESSAGE_LENGTH_MAX) : text;
        StringBuilder out = new StringBuilder(line.length());
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            out.append(Character.isISOControl(c) ? ' ' : c);
        }
        return out.toString().strip();
    }
}

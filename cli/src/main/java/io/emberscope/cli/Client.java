package io.emberscope.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.emberscope.cli.QueryFailure.Exit;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/// Asks one server. Uses the JDK's old client, which starts in half the time of the new one.
final class Client {
    private static final int CONNECT_MILLIS_MAX = 5_000;

    /// Longer than the server lets a query take, so that its own words arrive.
    private static final int READ_MILLIS_MAX = 40_000;

    /// The server reads what it was sent before it answers.
    private static final int SENT_MILLIS_MAX = 15 * 60_000;

    private static final int ANSWER_BYTES_MAX = 256 << 20;
    private static final int ERROR_BYTES_MAX = 64 << 10;
    private static final JsonFactory JSON = new JsonFactory();

    private final URI server;

    Client(URI server) {
        this.server = server;
    }

    /// The body of the answer.
    byte[] get(String path, Map<String, String> parameters) throws QueryFailure {
        return exchange(path, parameters, null);
    }

    /// Sends a body, and returns that of the answer.
    byte[] post(String path, Body body) throws QueryFailure {
        return exchange(path, Map.of(), body);
    }

    /// What is sent.
    interface Body {
        long length();

        void writeTo(OutputStream out) throws IOException;
    }

    private byte[] exchange(String path, Map<String, String> parameters, @Nullable Body sent)
            throws QueryFailure {
        try {
            HttpURLConnection connection = open(path, parameters);
            try {
                if (sent != null) {
                    send(connection, sent);
                }
                int status = connection.getResponseCode();
                if (status == HttpURLConnection.HTTP_OK) {
                    return body(connection);
                }
                throw new QueryFailure(Exit.FAILED, message(status, connection));
            } finally {
                connection.disconnect();
            }
        } catch (ConnectException | UnknownHostException e) {
            throw new QueryFailure(
                    Exit.NO_SERVER,
                    "no server at "
                            + server
                            + ": "
                            + e.getMessage()
                            + "\nStart one with ./emberscope up, or name another with"
                            + " --server URL.");
        } catch (SocketTimeoutException e) {
            throw new QueryFailure(
                    Exit.FAILED,
                    server
                            + " does not answer in time\nIs that an Emberscope server? Narrow"
                            + " --from,"
                            + " --to or --selector if it is.");
        } catch (IOException e) {
            throw new QueryFailure(
                    Exit.FAILED,
                    server + ": " + e.getMessage() + "\nIs that an Emberscope server?");
        }
    }

    private static void send(HttpURLConnection connection, Body sent) throws IOException {
        connection.setReadTimeout(SENT_MILLIS_MAX);
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.setFixedLengthStreamingMode(sent.length());
        connection.setRequestProperty("Content-Type", "application/octet-stream");
        try (OutputStream out = connection.getOutputStream()) {
            sent.writeTo(out);
        }
    }

    private HttpURLConnection open(String path, Map<String, String> parameters) throws IOException {
        String query =
                new TreeMap<>(parameters)
                        .entrySet().stream()
                                .map(
                                        entry ->
                                                entry.getKey()
                                                        + '='
                                                        + URLEncoder.encode(
                                                                entry.getValue(),
                                                                StandardCharsets.UTF_8))
                                .collect(Collectors.joining("&"));
        URI uri = URI.create(server + path + (query.isEmpty() ? "" : "?" + query));
        HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
        connection.setConnectTimeout(CONNECT_MILLIS_MAX);
        connection.setReadTimeout(READ_MILLIS_MAX);
        connection.setInstanceFollowRedirects(false);
        connection.setRequestProperty("Accept-Encoding", "gzip");
        return connection;
    }

    private static byte[] body(HttpURLConnection connection) throws IOException {
        boolean gzip = "gzip".equals(connection.getContentEncoding());
        try (InputStream raw = connection.getInputStream();
                InputStream in = gzip ? new GZIPInputStream(raw) : raw) {
            byte[] body = in.readNBytes(ANSWER_BYTES_MAX + 1);
            if (body.length > ANSWER_BYTES_MAX) {
                throw new IOException("answer: above " + ANSWER_BYTES_MAX + " bytes");
            }
            return body;
        }
    }

    /// What the server says of a refusal, or its status if it says nothing we know.
    private static String message(int status, HttpURLConnection connection) throws IOException {
        InputStream errors = connection.getErrorStream();
        if (errors != null) {
            try (errors;
                    JsonParser json = JSON.createParser(errors.readNBytes(ERROR_BYTES_MAX))) {
                while (json.nextToken() != null) {
                    if (json.currentToken() == JsonToken.VALUE_STRING
                            && "message".equals(json.currentName())) {
                        return Texts.printable(json.getText());
                    }
                }
            } catch (IOException e) {
                // Not one of ours; said below.
            }
        }
        return "the server answers with status " + status;
    }
}

package io.emberscope.collector;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/// Answers `GET /metrics` and `GET /ready` over HTTP, one connection at a time: all that is needed
/// of a web server here, in a tenth of the memory of one.
///
/// On a loopback address it answers only if the Host header names one too, so that a page in
/// somebody's browser cannot read it through a name of its own.
final class MetricsServer implements AutoCloseable {
    private static final int REQUEST_BYTES_MAX = 8 << 10;
    private static final int TIMEOUT_MILLIS = 2_000;
    private static final int BACKLOG = 16;

    private final ServerSocket socket;
    private final boolean loopback;
    private final Supplier<String> metrics;
    private final Supplier<String> notReady;
    private final Thread thread;

    /// Starts listening.
    ///
    /// @param metrics the text for `/metrics`
    /// @param notReady why we are not ready, or empty
    MetricsServer(HostPort address, Supplier<String> metrics, Supplier<String> notReady)
            throws IOException {
        this.metrics = metrics;
        this.notReady = notReady;
        try {
            InetAddress host = InetAddress.getAllByName(address.host())[0];
            loopback = host.isLoopbackAddress();
            socket = new ServerSocket(address.port(), BACKLOG, host);
        } catch (IOException e) {
            throw new IOException(
                    "metrics address "
                            + address.host()
                            + ':'
                            + address.port()
                            + ": "
                            + e.getMessage()
                            + " (--metrics-listen takes another, or off)",
                    e);
        }
        thread = new Thread(null, this::run, "emberscope-metrics", 256 << 10);
        thread.setDaemon(true);
        thread.start();
    }

    /// The port it listens on.
    int port() {
        return socket.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private void run() {
        while (!socket.isClosed()) {
            try (Socket client = socket.accept()) {
                client.setSoTimeout(TIMEOUT_MILLIS);
                answer(client);
            } catch (IOException _) {
                // A client that went away or talks nonsense, or we are closed.
            }
        }
    }

    private void answer(Socket client) throws IOException {
        String request = head(client.getInputStream());
        String[] words = request.split("[ \r\n]", 3);
        String path = words.length > 1 ? words[1] : "";
        if (!words[0].equals("GET")) {
            send(client, "405 Method Not Allowed", "only GET is answered\n");
        } else if (loopback && !namesLoopback(request)) {
            send(client, "421 Misdirected Request", "host: (expected: a loopback name)\n");
        } else if (path.equals("/metrics")) {
            send(client, "200 OK", metrics.get());
        } else if (path.equals("/ready")) {
            String reason = notReady.get();
            send(
                    client,
                    reason.isEmpty() ? "200 OK" : "503 Service Unavailable",
                    reason.isEmpty() ? "ready\n" : reason + '\n');
        } else {
            send(client, "404 Not Found", "there are /metrics and /ready\n");
        }
    }

    /// The request up to its empty line; there may be a body behind it, which nobody reads.
    private static String head(InputStream in) throws IOException {
        byte[] bytes = new byte[REQUEST_BYTES_MAX];
        int length = 0;
        while (length < bytes.length) {
            int read = in.read(bytes, length, bytes.length - length);
            if (read < 0) {
                break;
            }
            length += read;
            String text = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
            if (text.contains("\r\n\r\n") || text.contains("\n\n")) {
                return text;
            }
        }
        throw new IOException("request: (expected: at most " + REQUEST_BYTES_MAX + " bytes)");
    }

    private static boolean namesLoopback(String request) {
        for (String line : request.split("\r?\n", 100)) {
            if (line.regionMatches(true, 0, "host:", 0, 5)) {
                String host = line.substring(5).strip();
                int port = host.lastIndexOf(':');
                String name = port > host.lastIndexOf(']') ? host.substring(0, port) : host;
                return name.equals("localhost")
                        || name.equals("[::1]")
                        || name.matches("127\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}");
            }
        }
        return false;
    }

    private static void send(Socket client, String status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        String head =
                "HTTP/1.1 "
                        + status
                        + "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8"
                        + "\r\nContent-Length: "
                        + body.length
                        + "\r\nConnection: close\r\n\r\n";
        OutputStream out = client.getOutputStream();
        out.write(head.getBytes(StandardCharsets.US_ASCII));
        out.write(body);
        out.flush();
    }
}

package io.emberscope.server;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/// One connection on which a test says exactly which bytes are sent, and when.
final class RawHttp implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000;

    private final Socket socket;

    RawHttp(URI server) throws IOException {
        socket = new Socket(server.getHost(), server.getPort());
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
    }

    /// The whole answer to a request.
    static String exchange(URI server, String request) throws IOException {
        try (RawHttp raw = new RawHttp(server)) {
            raw.send(request);
            return raw.answer();
        }
    }

    /// The head of a request after which the connection closes.
    static String head(String requestLine, String... headers) {
        return String.join("\r\n", requestLine + " HTTP/1.1", String.join("\r\n", headers))
                + "\r\nConnection: close\r\n\r\n";
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void send(byte[] bytes) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(bytes);
        out.flush();
    }

    /// One answer, as long as it says it is; what came of it if the server closes first.
    String answer() throws IOException {
        StringBuilder answer = new StringBuilder();
        while (!isWhole(answer)) {
            String some = some();
            if (some.isEmpty()) {
                break;
            }
            answer.append(some);
        }
        return answer.toString();
    }

    private static boolean isWhole(StringBuilder answer) {
        int end = answer.indexOf("\r\n\r\n");
        if (end < 0) {
            return false;
        }
        String name = "\ncontent-length: ";
        int length = answer.indexOf(name);
        if (length < 0 || length > end) {
            return false;
        }
        int from = length + name.length();
        int bytes = Integer.parseInt(answer.substring(from, answer.indexOf("\r\n", from)));
        return answer.length() >= end + 4 + bytes;
    }

    /// Everything until the server closes.
    String rest() throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    /// The next bytes that come; empty if the server closed.
    String some() throws IOException {
        byte[] buffer = new byte[4096];
        int read = socket.getInputStream().read(buffer);
        return read < 0 ? "" : new String(buffer, 0, read, StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

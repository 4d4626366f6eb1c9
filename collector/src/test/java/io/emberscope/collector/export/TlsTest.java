package io.emberscope.collector.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.emberscope.profile.BatchId;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against a real HTTPS server that wants a client's certificate. Keys are made by the JDK's
/// keytool.
final class TlsTest {
    private static final char[] PASSWORD = "password".toCharArray();

    @TempDir static Path directory;

    @BeforeAll
    static void makeKeys() throws Exception {
        makeKey("server", "EC", "SAN=ip:127.0.0.1");
        makeKey("client", "RSA", "SAN=dns:client");
        makeKey("stranger", "EC", "SAN=dns:stranger");
    }

    @Test
    void serverIsTrustedByOurFileAndWeByIts() throws Exception {
        HttpsServer server = server();
        try {
            assertThat(send(server, "server", "client")).isEqualTo(new SendResult.Accepted(""));
        } finally {
            server.stop(0);
        }
    }

    @Test
    void serverThatWeDoNotTrustGetsNothing() throws Exception {
        HttpsServer server = server();
        try {
            assertThat(send(server, "stranger", "client")).isInstanceOf(SendResult.Failed.class);
            assertThat(send(server, "server", "stranger")).isInstanceOf(SendResult.Failed.class);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void fileThatIsNoneOfTheseIsNamed() throws IOException {
        Path text = directory.resolve("text.pem");
        Files.writeString(text, "hello\n");
        Path pem = directory.resolve("client.pem");
        assertThatThrownBy(() -> Tls.of(text, null, null)).hasMessageContaining("text.pem");
        assertThatThrownBy(() -> Tls.of(null, pem, text))
                .hasMessage(text + ": no key (expected: PEM, \"BEGIN PRIVATE KEY\")");
        assertThatThrownBy(() -> Tls.of(directory.resolve("none"), null, null))
                .isInstanceOf(IOException.class);
    }

    private SendResult send(HttpsServer server, String trusted, String shown) throws IOException {
        String address = "https://127.0.0.1:" + server.getAddress().getPort();
        HttpTarget target =
                new HttpTarget(
                        HttpTarget.endpoint(address),
                        Proxy.NO_PROXY,
                        null,
                        Tls.of(
                                directory.resolve(trusted + ".pem"),
                                directory.resolve(shown + ".pem"),
                                directory.resolve(shown + ".key")));
        return new HttpSender(target, System::nanoTime).send(new BatchId("a", 1, 1), new byte[9]);
    }

    private HttpsServer server() throws Exception {
        KeyStore own = store("server");
        KeyManagerFactory keys =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, PASSWORD);
        KeyStore clients = KeyStore.getInstance("PKCS12");
        clients.load(null, null);
        clients.setCertificateEntry("client", store("client").getCertificate("key"));
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(clients);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        HttpsServer server =
                HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(
                new HttpsConfigurator(context) {
                    @Override
                    public void configure(HttpsParameters parameters) {
                        SSLParameters wanted = context.getDefaultSSLParameters();
                        wanted.setNeedClientAuth(true);
                        parameters.setSSLParameters(wanted);
                    }
                });
        server.createContext(
                "/",
                exchange -> {
                    exchange.getRequestBody().readAllBytes();
                    exchange.sendResponseHeaders(200, -1);
                    exchange.close();
                });
        server.start();
        return server;
    }

    private static void makeKey(String name, String algorithm, String extension) throws Exception {
        Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
        Process process =
                new ProcessBuilder(
                                List.of(
                                        keytool.toString(),
                                        "-genkeypair",
                                        "-alias",
                                        "key",
                                        "-keyalg",
                                        algorithm,
                                        "-dname",
                                        "CN=" + name,
                                        "-ext",
                                        extension,
                                        "-storetype",
                                        "PKCS12",
                                        "-keystore",
                                        directory.resolve(name + ".p12").toString(),
                                        "-storepass",
                                        new String(PASSWORD)))
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve(name + ".log").toFile())
                        .start();
        assertThat(process.waitFor()).isZero();
        KeyStore store = store(name);
        Certificate certificate = store.getCertificate("key");
        pem(name + ".pem", "CERTIFICATE", certificate.getEncoded());
        pem(name + ".key", "PRIVATE KEY", store.getKey("key", PASSWORD).getEncoded());
    }

    private static KeyStore store(String name) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(directory.resolve(name + ".p12"))) {
            store.load(in, PASSWORD);
        }
        return store;
    }

    private static void pem(String file, String what, byte[] bytes) throws IOException {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        Files.writeString(
                directory.resolve(file),
                "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n");
    }
}

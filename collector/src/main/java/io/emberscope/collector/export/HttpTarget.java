package io.emberscope.collector.export;

import java.net.MalformedURLException;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/// Where batches are sent, and what is shown to get in.
///
/// @param url of the profiles endpoint
/// @param proxy [Proxy#NO_PROXY] if there is none
/// @param tokenFile holds a bearer token; read anew for each batch, so that it may be rotated
/// @param tls for `https`, or null for what the JDK trusts
public record HttpTarget(
        URL url, Proxy proxy, @Nullable Path tokenFile, @Nullable SSLSocketFactory tls) {
    /// Where OTLP profiles go below a server's address.
    static final String PATH = "/v1development/profiles";

    /// The endpoint for a server's address: the address itself if it ends in the path of OTLP
    /// profiles, else with that path added.
    ///
    /// @throws IllegalArgumentException if it is no address of a server
    public static URL endpoint(String server) {
        try {
            URI uri = new URI(server);
            String scheme = uri.getScheme();
            boolean web = "http".equals(scheme) || "https".equals(scheme);
            if (!web || uri.getHost() == null || uri.getRawUserInfo() != null) {
                throw new IllegalArgumentException(problem(server));
            }
            String text = server;
            while (text.endsWith("/")) {
                text = text.substring(0, text.length() - 1);
            }
            return URI.create(text.endsWith(PATH) ? text : text + PATH).toURL();
        } catch (URISyntaxException | MalformedURLException _) {
            throw new IllegalArgumentException(problem(server));
        }
    }

    private static String problem(String server) {
        return "server: " + server + " (expected: http://HOST:PORT or https://HOST:PORT)";
    }
}

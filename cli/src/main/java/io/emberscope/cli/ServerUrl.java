package io.emberscope.cli;

import java.net.URI;
import java.util.Map;

/// Where the server is that is asked.
final class ServerUrl {
    private static final String DEFAULT = "http://127.0.0.1:4040";
    private static final String VARIABLE = "EMBERSCOPE_SERVER";

    private ServerUrl() {}

    /// @param given what `--server` says; empty if it is not given
    /// @param environment for `EMBERSCOPE_SERVER`
    static URI of(String given, Map<String, String> environment) throws QueryFailure {
        String text = given.isEmpty() ? environment.getOrDefault(VARIABLE, DEFAULT) : given;
        try {
            URI uri = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
            String scheme = uri.getScheme();
            if (uri.getHost() != null
                    && scheme != null
                    && (scheme.equals("http") || scheme.equals("https"))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw QueryFailure.usage(
                "--server: " + text + " (expected: a URL such as " + DEFAULT + ")");
    }
}

package io.emberscope.collector;

import java.net.URL;
import java.util.Locale;
import java.util.Map;

/// Which proxy the environment asks for, by the variables that curl and others know.
final class ProxyRule {
    private ProxyRule() {}

    /// The proxy's address for a server, or empty.
    static String of(URL server, Map<String, String> environment) {
        String host = server.getHost();
        if (host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]")) {
            return "";
        }
        for (String suffix : variable(environment, "no_proxy").split(",", -1)) {
            String name = suffix.strip();
            String bare = name.startsWith(".") ? name.substring(1) : name;
            if (name.equals("*")
                    || (!bare.isEmpty() && (host.equals(bare) || host.endsWith('.' + bare)))) {
                return "";
            }
        }
        return variable(environment, server.getProtocol() + "_proxy");
    }

    private static String variable(Map<String, String> environment, String name) {
        String lower = environment.get(name);
        if (lower != null) {
            return lower;
        }
        // A web server's environment could hold HTTP_PROXY made from a request's header; ours not.
        String upper = environment.get(name.toUpperCase(Locale.ROOT));
        return upper == null ? "" : upper;
    }
}

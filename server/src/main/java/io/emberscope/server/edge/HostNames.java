package io.emberscope.server.edge;

import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// The names under which this server may be asked: always the loopback ones and those the operator
/// added; when it listens beyond loopback also every literal address, which cannot be rebound.
public final class HostNames {
    private static final int HOST_LENGTH_MAX = 255;

    private final boolean open;
    private final Set<String> added;

    /// @param open whether the server listens beyond loopback
    /// @param added names the operator added
    public HostNames(boolean open, Collection<String> added) {
        this.open = open;
        this.added =
                added.stream()
                        .map(name -> name.toLowerCase(Locale.ROOT))
                        .collect(Collectors.toUnmodifiableSet());
    }

    /// Whether the value of a Host header, with or without a port, names this server.
    public boolean include(String header) {
        if (header.isEmpty() || header.length() > HOST_LENGTH_MAX) {
            return false;
        }
        String host = withoutPort(header).toLowerCase(Locale.ROOT);
        return host.equals("localhost")
                || host.endsWith(".localhost")
                || Addresses.isLoopback(host)
                || (open && Addresses.isLiteral(host))
                || added.contains(host);
    }

    /// What [#include] expects, for a refusal.
    String expectation() {
        return open
                ? "an address, localhost or a name given with --allow-host"
                : "localhost, a loopback address or a name given with --allow-host";
    }

    private static String withoutPort(String header) {
        int colon = header.lastIndexOf(':');
        if (colon < 0 || header.endsWith("]")) {
            return header;
        }
        for (int i = colon + 1; i < header.length(); i++) {
            if (header.charAt(i) < '0' || header.charAt(i) > '9') {
                return header;
            }
        }
        String host = header.substring(0, colon);
        // An IPv6 address without brackets has no port that could be told from it.
        return host.indexOf(':') >= 0 && !host.endsWith("]") ? header : host;
    }
}

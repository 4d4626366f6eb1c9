package io.emberscope.server.edge;

import java.net.InetAddress;
import java.util.regex.Pattern;

/// Literal IP addresses. Nothing here ever asks a name server.
public final class Addresses {
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");

    private Addresses() {}

    /// Whether the text is an address as a URL writes it: IPv4, or IPv6 in brackets.
    public static boolean isLiteral(String host) {
        return IPV4.matcher(host).matches() || isBracketedIpv6(host);
    }

    /// Whether the text is a literal address of this machine alone.
    public static boolean isLoopback(String host) {
        if (IPV4.matcher(host).matches()) {
            return host.startsWith("127.");
        }
        return isBracketedIpv6(host)
                && parse(host.substring(1, host.length() - 1)).isLoopbackAddress();
    }

    private static boolean isBracketedIpv6(String host) {
        if (host.length() < 4 || host.charAt(0) != '[' || !host.endsWith("]")) {
            return false;
        }
        try {
            parse(host.substring(1, host.length() - 1));
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static InetAddress parse(String literal) {
        return InetAddress.ofLiteral(literal);
    }
}

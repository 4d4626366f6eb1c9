package io.emberscope.server;

import io.emberscope.base.bytes.MalformedInputException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where to listen.
///
/// @param host address or name, without brackets
/// @param address what `host` means
/// @param port 0 for any free one
public record ListenAddress(String host, InetAddress address, int port) {
    /// What nobody else on the network can reach.
    public static final ListenAddress DEFAULT =
            new ListenAddress("127.0.0.1", InetAddress.ofLiteral("127.0.0.1"), 4040);

    private static final int PORT_MAX = 65_535;
    private static final Pattern FORM =
            Pattern.compile("(?:\\[([0-9A-Fa-f:.]{2,45})]|([A-Za-z0-9._-]{1,253})):([0-9]{1,5})");

    /// Reads `HOST:PORT` or `[IPv6]:PORT`.
    public static ListenAddress parse(String text) throws MalformedInputException {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches() || Integer.parseInt(matcher.group(3)) > PORT_MAX) {
            throw new MalformedInputException(
                    "--listen: \""
                            + text
                            + "\" (expected: HOST:PORT, such as 127.0.0.1:4040 or [::1]:4040)");
        }
        String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
        try {
            return new ListenAddress(
                    host, InetAddress.getByName(host), Integer.parseInt(matcher.group(3)));
        } catch (UnknownHostException e) {
            throw new MalformedInputException(
                    "--listen: " + host + " is not known here (expected: an address of this host)",
                    e);
        }
    }

    /// Whether only this machine can reach it.
    public boolean isLoopback() {
        return address.isLoopbackAddress();
    }

    /// The address for a socket.
    public InetSocketAddress socketAddress() {
        return new InetSocketAddress(address, port);
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? '[' + host + ']' : host) + ':' + port;
    }
}

package io.emberscope.collector;

/// A place in the network by name. The name is looked up when it is needed, as names may not be
/// known yet when we start.
///
/// @param host name or address, without brackets
/// @param port 0..65535
record HostPort(String host, int port) {
    /// Reads `HOST:PORT`, an IPv6 address in brackets.
    ///
    /// @param option what it is for, named in the message
    static HostPort parse(String option, String text) throws UsageException {
        int colon = text.lastIndexOf(':');
        int port = colon < 0 ? -1 : Arguments.digits(text.substring(colon + 1));
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        boolean legal = !host.isEmpty() && host.indexOf('@') < 0;
        if (!legal || port < 0 || port > 65_535 || (!bracketed && host.indexOf(':') >= 0)) {
            throw new UsageException(option + ": " + text + " (expected: HOST:PORT)");
        }
        return new HostPort(bracketed ? host.substring(1, host.length() - 1) : host, port);
    }
}

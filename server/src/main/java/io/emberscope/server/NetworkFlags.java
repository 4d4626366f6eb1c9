package io.emberscope.server;

import com.linecorp.armeria.common.FlagsProvider;
import com.linecorp.armeria.common.util.TlsEngineType;
import com.linecorp.armeria.common.util.TransportType;

/// What Armeria lets one choose for a whole process only. It finds this class by its name in
/// `META-INF/services`, which is the one way it offers besides system properties.
public final class NetworkFlags implements FlagsProvider {
    private static final int ABOVE_DEFAULTS = 100;

    /// Armeria leaves it to the client to close a connection that it wants closed, and closes it
    /// itself after this; a client that was refused in the middle of its body needs the time to
    /// read why. Simple clients read until the end of the connection and wait for it.
    private static final long CLOSE_DELAY_MILLIS = 200;

    @Override
    public int priority() {
        return ABOVE_DEFAULTS;
    }

    /// Java's own sockets; see docs/adr/0007-armeria-in-the-server.md.
    @Override
    public TransportType transportType() {
        return TransportType.NIO;
    }

    /// There is no TLS yet, and BoringSSL is not on the class path.
    @Override
    public TlsEngineType tlsEngineType() {
        return TlsEngineType.JDK;
    }

    @Override
    public Long defaultHttp1ConnectionCloseDelayMillis() {
        return CLOSE_DELAY_MILLIS;
    }
}

package io.emberscope.server;

import io.emberscope.server.edge.Limits;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/// The thread that accepts connections. Unlike its parent it stops as soon as it is told to: by
/// then the port is closed and nothing can come any more, so two seconds of waiting for more would
/// only make every stop two seconds longer.
final class AcceptorGroup extends MultiThreadIoEventLoopGroup {
    AcceptorGroup(ThreadFactory threads) {
        super(1, threads, NioIoHandler.newFactory());
    }

    @Override
    public Future<?> shutdownGracefully() {
        return shutdownGracefully(0, Limits.SHUTDOWN_MAX.toMillis(), TimeUnit.MILLISECONDS);
    }
}

package io.emberscope.symbolizer.jit;

import java.util.concurrent.atomic.AtomicLong;

/// What the generated code of all processes may take together. Safe for use by several threads.
public final class JitMemory {
    private final long bytesMax;
    private final AtomicLong taken = new AtomicLong();

    /// @param bytesMax so much at most
    public JitMemory(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// Bytes taken now, as far as they are counted.
    public long taken() {
        return taken.get();
    }

    boolean hasRoomFor(long bytes) {
        return taken.get() + bytes <= bytesMax;
    }

    void take(long bytes) {
        taken.addAndGet(bytes);
    }

    void give(long bytes) {
        taken.addAndGet(-bytes);
    }
}

package io.emberscope.bpf;

import java.util.concurrent.atomic.AtomicLong;

/// A number by which the native library knows one of its objects. The library looks it up under a
/// lock and refuses one it does not know, so a stale handle is an exception and never a crash.
final class NativeHandle implements AutoCloseable {
    private final AtomicLong value;
    private final String what;

    NativeHandle(long value, String what) {
        this.value = new AtomicLong(value);
        this.what = what;
    }

    long value() {
        long current = value.get();
        if (current == 0) {
            throw new IllegalStateException(what + ": closed (expected: open)");
        }
        return current;
    }

    @Override
    public void close() {
        long last = value.getAndSet(0);
        if (last != 0) {
            Natives.close(last);
        }
    }
}

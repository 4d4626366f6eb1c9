package io.emberscope.symbolizer;

import java.util.Locale;
import java.util.concurrent.TimeUnit;

/// Why a binary gives no names, and how long until it is tried again: twice as long each time.
enum RefusalReason {
    /// It could not be opened or read. Another process may have a better way to the same file.
    UNREADABLE(TimeUnit.SECONDS.toNanos(1), TimeUnit.MINUTES.toNanos(1)),
    /// The file found has another build id: it was replaced while processes still run the old one.
    WRONG_BUILD_ID(TimeUnit.SECONDS.toNanos(1), TimeUnit.MINUTES.toNanos(1)),
    /// It was written to while it was read.
    CHANGED(TimeUnit.SECONDS.toNanos(1), TimeUnit.MINUTES.toNanos(1)),
    /// It is no ELF file, or one that contradicts itself.
    MALFORMED(TimeUnit.MINUTES.toNanos(1), TimeUnit.HOURS.toNanos(1)),
    /// It has more functions, or longer names, than there is room for.
    TOO_LARGE(TimeUnit.MINUTES.toNanos(1), TimeUnit.HOURS.toNanos(1)),
    /// Its symbol file cannot be written, as the disk is full or refuses.
    NO_ROOM(TimeUnit.SECONDS.toNanos(1), TimeUnit.MINUTES.toNanos(1));

    private final long firstNanos;
    private final long lastNanos;

    RefusalReason(long firstNanos, long lastNanos) {
        this.firstNanos = firstNanos;
        this.lastNanos = lastNanos;
    }

    /// How long to wait after having failed so many times before.
    long waitNanos(int failures) {
        return Math.min(firstNanos << Math.min(failures, 16), lastNanos);
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}

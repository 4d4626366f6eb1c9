package io.emberscope.profile;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/// How much one request with profiles may hold. Immutable; limits are data, so that a server can
/// set them by tenant and name them in refusals and metrics.
public final class IngestLimits {
    /// The limits that hold where nothing else was said.
    public static final IngestLimits DEFAULT = new IngestLimits(defaults());

    // Has every limit.
    private final EnumMap<Limit, Integer> all;

    private IngestLimits(EnumMap<Limit, Integer> all) {
        this.all = all;
    }

    private static EnumMap<Limit, Integer> defaults() {
        EnumMap<Limit, Integer> all = new EnumMap<>(Limit.class);
        for (Limit limit : Limit.values()) {
            all.put(limit, limit.byDefault);
        }
        return all;
    }

    /// One limit. Whoever exceeds it is refused, but for those that say "cut".
    public enum Limit {
        /// Bytes of the request, decompressed. All else that is held is a small multiple of it.
        REQUEST_BYTES(16 << 20),
        /// Resources, and scopes within them.
        RESOURCES(65_536),
        /// Profiles, and what they divide into by the attributes of their samples.
        PROFILES(131_072),
        /// Samples in all profiles.
        SAMPLES(1 << 20),
        /// Distinct series: the cardinality that one request can bring.
        SERIES(32_768),
        /// Entries of each table of a dictionary.
        TABLE_ENTRIES(1 << 18),
        /// Frames of a stack. A deeper one is cut: its leaf-most frames stay, and a frame
        /// `[truncated]` stands for the rest.
        STACK_DEPTH(1024),
        /// Functions inlined at one place.
        LINES(256),
        /// Labels of a series. Cutting would merge series, so it is refused.
        LABELS(64),
        /// Bytes of a label's name.
        LABEL_NAME_BYTES(256),
        /// Bytes of a label's value. Cutting would merge series, so it is refused.
        LABEL_VALUE_BYTES(2048),
        /// Bytes of the name of a function, file or binary. A longer one is cut and ends in `...`.
        NAME_BYTES(4096),
        /// Bytes of the texts of all frames and series if each was written where it is used: bounds
        /// the work behind a dictionary whose long texts are referred to very often.
        TEXT_BYTES(64 << 20),
        /// Bytes of a compressed pprof file once inflated.
        INFLATED_BYTES(64 << 20);

        private final int byDefault;

        Limit(int byDefault) {
            this.byDefault = byDefault;
        }

        /// The value that holds where nothing else was said.
        public int byDefault() {
            return byDefault;
        }
    }

    /// The value of a limit.
    public int get(Limit limit) {
        return Objects.requireNonNull(all.get(limit));
    }

    /// These limits with another value for one.
    ///
    /// @throws IllegalArgumentException if the value is below 1
    public IngestLimits with(Limit limit, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(limit + ": " + value + " (expected: 1 or more)");
        }
        EnumMap<Limit, Integer> changed = new EnumMap<>(all);
        changed.put(limit, value);
        return new IngestLimits(changed);
    }

    /// A view of all limits with their values.
    public Map<Limit, Integer> all() {
        return Collections.unmodifiableMap(all);
    }

    @Override
    public String toString() {
        return all.toString();
    }
}

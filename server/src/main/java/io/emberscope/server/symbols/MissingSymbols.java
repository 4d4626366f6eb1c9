package io.emberscope.server.symbols;

import io.emberscope.base.OverCapacityException;
import io.emberscope.base.bytes.MalformedInputException;
import io.emberscope.base.metrics.Metrics;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Fetches the symbols of binaries that queries missed, a few at a time, while nobody waits. What a
/// server has not, or cannot be read, is not asked for again at once; for a server without a place
/// a binary waits once more, behind the others. Safe for use by several threads.
final class MissingSymbols implements StoredSymbols.Wanted, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MissingSymbols.class);
    private static final String COUNTER = "emberscope_server_symbols_fetched_total";
    private static final String HELP = "Binaries whose symbols debuginfod servers were asked for.";

    private static final int QUEUE_MAX = 256;

    /// Those of which one query may ask; its next ones may ask for others.
    private static final int QUERY_MAX = 64;

    /// Binaries remembered, with what became of them.
    private static final int KNOWN_MAX = 16_384;

    private static final Duration RETRY_ABSENT = Duration.ofHours(24);
    private static final Duration RETRY_FAILED = Duration.ofMinutes(1);
    private static final int DOUBLINGS_MAX = 6;

    private final SymbolIntake intake;
    private final Debuginfod servers;
    private final InstantSource clock;
    private final Metrics metrics;
    private final ThreadPoolExecutor threads;

    // Guarded by this; in the order of last change.
    private final Map<String, Asked> asked = new LinkedHashMap<>();

    /// What became of a binary that was missed.
    enum State {
        /// It is being fetched, or waits for that. Counted if it waits once more.
        WAITING,
        /// It was found.
        FOUND,
        /// It was found without its debug information, for which it is asked again.
        STRIPPED,
        /// No server has it; each was asked.
        ABSENT,
        /// A server has something that cannot be read.
        UNREADABLE,
        /// A server could not be asked.
        FAILED
    }

    /// @param retryAt when it may be asked for again
    /// @param failures one after the other
    /// @param why it was not found; empty if it was, or waits
    record Asked(State state, Instant retryAt, int failures, String why) {
        static final Asked NEVER = new Asked(State.FAILED, Instant.MIN, 0, "");
    }

    MissingSymbols(SymbolIntake intake, Debuginfod servers, InstantSource clock, Metrics metrics) {
        this.intake = intake;
        this.servers = servers;
        this.clock = clock;
        this.metrics = metrics;
        this.threads =
                new ThreadPoolExecutor(
                        servers.atOnce(),
                        servers.atOnce(),
                        1,
                        TimeUnit.MINUTES,
                        new ArrayBlockingQueue<>(QUEUE_MAX),
                        Thread.ofPlatform().name("debuginfod-", 0).daemon().factory());
        threads.allowCoreThreadTimeOut(true);
        for (State state : State.values()) {
            count(state).add(0);
        }
    }

    @Override
    public void missing(List<String> buildIds) {
        int count = 0;
        for (String buildId : buildIds) {
            if (count == QUERY_MAX) {
                return;
            }
            Asked before = claim(buildId);
            if (before != null) {
                count++;
                submit(new SymbolSearch(buildId), before);
            }
        }
    }

    /// What became of binaries that were missed.
    synchronized Map<String, Asked> asked() {
        return new LinkedHashMap<>(asked);
    }

    @Override
    public void close() {
        threads.shutdownNow();
        servers.close();
    }

    /// Takes a binary if it is to be asked for.
    ///
    /// @return what was known of it; null if it is not to be asked for
    private synchronized @Nullable Asked claim(String buildId) {
        Asked known = asked.getOrDefault(buildId, Asked.NEVER);
        if (known.state == State.WAITING || clock.instant().isBefore(known.retryAt)) {
            return null;
        }
        put(buildId, new Asked(State.WAITING, Instant.MAX, known.failures, ""));
        return known;
    }

    private void submit(SymbolSearch search, Asked before) {
        try {
            threads.execute(() -> fetch(search, before));
        } catch (RejectedExecutionException _) {
            unclaim(search.buildId(), before);
        }
    }

    /// A later query asks again.
    private synchronized void unclaim(String buildId, Asked before) {
        if (before.equals(Asked.NEVER)) {
            asked.remove(buildId);
        } else {
            put(buildId, before);
        }
    }

    private void fetch(SymbolSearch search, Asked before) {
        String buildId = search.buildId();
        try {
            switch (intake.fetch(servers, search)) {
                case FOUND -> done(buildId, State.FOUND, RETRY_FAILED, 0, "");
                case STRIPPED -> stripped(buildId, search.failure(), before.failures);
                case ABSENT -> done(buildId, State.ABSENT, RETRY_ABSENT, 0, "no server has it");
                case NO_PLACE -> {
                    count(State.WAITING).increment();
                    submit(search, before);
                }
            }
        } catch (MalformedInputException e) {
            done(buildId, State.UNREADABLE, RETRY_ABSENT, 0, Texts.of(e));
        } catch (IOException | OverCapacityException | RuntimeException e) {
            Duration wait = afterFailure(before.failures);
            done(buildId, State.FAILED, wait, before.failures + 1, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the server stops
        }
    }

    /// @param failure of a server that may have its debug information
    private void stripped(String buildId, @Nullable IOException failure, int failures) {
        if (failure == null) {
            String why = "no server has its debug information";
            done(buildId, State.STRIPPED, RETRY_ABSENT, 0, why);
        } else {
            Duration wait = afterFailure(failures);
            done(buildId, State.STRIPPED, wait, failures + 1, Texts.of(failure));
        }
    }

    private static Duration afterFailure(int failures) {
        return RETRY_FAILED.multipliedBy(1L << Math.min(failures, DOUBLINGS_MAX));
    }

    private void done(String buildId, State state, Duration wait, int failures, String why) {
        put(buildId, new Asked(state, clock.instant().plus(wait), failures, why));
        count(state).increment();
        if (state == State.FOUND) {
            LOG.info("Symbols of {} were fetched", buildId);
        } else if (state == State.STRIPPED) {
            LOG.info("Symbols of {} were fetched without debug information: {}", buildId, why);
        } else if (state != State.ABSENT) {
            LOG.warn("Symbols of {} were not fetched: {}", buildId, why);
        }
    }

    private synchronized void put(String buildId, Asked known) {
        asked.remove(buildId);
        asked.put(buildId, known);
        Iterator<Asked> eldest = asked.values().iterator();
        while (asked.size() > KNOWN_MAX) {
            eldest.next();
            eldest.remove();
        }
    }

    private Metrics.Counter count(State state) {
        return metrics.counter(COUNTER, HELP, "outcome", state.name().toLowerCase(Locale.ROOT));
    }
}

package io.emberscope.server.ledger;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// What was sent to a server and what it acknowledged, kept where the server's death cannot reach
/// it. After any fault `acknowledged ⊆ stored ⊆ sent` must hold, each exactly once and with its
/// value unchanged. Safe for use by several threads.
///
/// Everything sent has a key of its own and a value of its own, so a stored sum that is not exactly
/// that value was doubled, torn or mixed up.
public final class Ledger {
    private static final int SHOWN_MAX = 10;

    private final Map<String, Long> sent = new ConcurrentHashMap<>();
    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();

    /// Notes that something is about to be sent; before the first byte leaves.
    public void sent(String key, long value) {
        Long before = sent.putIfAbsent(key, value);
        if (before != null && before != value) {
            throw new IllegalArgumentException(key + ": sent before with another value");
        }
    }

    /// Notes that the server acknowledged it.
    public void acknowledged(String key) {
        acknowledged.add(key);
    }

    /// Everything acknowledged so far. To check a server that is being sent to, take this first,
    /// then ask the server, then call [#violations].
    public Set<String> acknowledged() {
        return Set.copyOf(acknowledged);
    }

    /// How much was sent.
    public int sentCount() {
        return sent.size();
    }

    /// What is wrong with what the server has; empty if nothing is.
    ///
    /// @param mustBeThere what had been acknowledged when the server was asked
    /// @param stored the values that it answered, by key
    public List<String> violations(Set<String> mustBeThere, Map<String, Long> stored) {
        List<String> found = new ArrayList<>();
        for (String key : mustBeThere) {
            if (!stored.containsKey(key)) {
                add(found, key + ": acknowledged and lost");
            }
        }
        stored.forEach(
                (key, value) -> {
                    Long expected = sent.get(key);
                    if (expected == null) {
                        add(found, key + ": stored and never sent");
                    } else if (!expected.equals(value)) {
                        add(found, key + ": stored " + value + " (expected: " + expected + ")");
                    }
                });
        return found;
    }

    private static void add(List<String> found, String violation) {
        if (found.size() < SHOWN_MAX) {
            found.add(violation);
        } else if (found.size() == SHOWN_MAX) {
            found.add("and more");
        }
    }
}

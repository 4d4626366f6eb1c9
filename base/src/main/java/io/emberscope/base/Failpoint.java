package io.emberscope.base;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// A named place in the code at which a test may make the process fail.
///
/// `Failpoint.hit("segment.published")` does nothing in production: [#ENABLED] is a constant of the
/// running process, so the JIT removes the call. With the system property
/// `emberscope.failpoints=true` a test either arms a point in its own process ([#arm]) or starts a
/// child process with `emberscope.failpoint.halt=NAME`, which then dies at that point as if the
/// power had gone. The names form the crash matrix of the durability tests.
public final class Failpoint {
    /// Whether failpoints do anything in this process.
    public static final boolean ENABLED = Boolean.getBoolean("emberscope.failpoints");

    private static final int HALTED = 86;
    private static final String HALT_AT = System.getProperty("emberscope.failpoint.halt", "");
    private static final Map<String, Runnable> ARMED = new ConcurrentHashMap<>();

    private Failpoint() {}

    /// Marks a place. Runs what a test armed here, or halts the process if it was told to.
    public static void hit(String name) {
        if (ENABLED) {
            act(name);
        }
    }

    /// Arms the named point in this process until the returned handle is closed.
    ///
    /// @throws IllegalStateException if failpoints are not enabled, since the test would prove
    ///   nothing
    public static AutoCloseable arm(String name, Runnable action) {
        if (!ENABLED) {
            throw new IllegalStateException(
                    "failpoints: off (expected: -Demberscope.failpoints=true)");
        }
        ARMED.put(name, action);
        return () -> ARMED.remove(name);
    }

    private static void act(String name) {
        if (name.equals(HALT_AT)) {
            Runtime.getRuntime().halt(HALTED);
        }
        Runnable action = ARMED.get(name);
        if (action != null) {
            action.run();
        }
    }
}

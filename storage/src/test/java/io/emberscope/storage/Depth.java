package io.emberscope.storage;

/// How thorough the tests are: quick on every change, or with `-Dlong=true` as before a release.
final class Depth {
    private Depth() {}

    static boolean isLong() {
        return Boolean.getBoolean("long");
    }

    /// From one of many cases to the next: all, or, in a quick run, one of so many.
    static int step(int quick) {
        return isLong() ? 1 : quick;
    }

    /// Both of two cases, or, in a quick run, one of them in turn.
    static boolean[] both(long turn) {
        return isLong() ? new boolean[] {true, false} : new boolean[] {turn % 2 == 0};
    }
}

package io.emberscope.storage;

/// How thorough the tests are: quick on every change, or with `-Dlong=true` as before a release.
final class Depth {
    private Depth() {}

    static boolean isLong() {
        return Boolean.getBoolean("long");
    }

    /// Both of two cases, or, in a quick run, one of them in turn.
    static boolean[] both(long turn) {
        return isLong() ? new boolean[] {true, false} : new boolean[] {turn % 2 == 0};
    }
}
